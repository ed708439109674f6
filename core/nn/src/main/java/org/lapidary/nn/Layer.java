package org.lapidary.nn;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

/**
 * A node of the layer tree. Children and parameters are registered by name in the constructor;
 * paths join the names with dots. A constructor makes parameters of zeros (or ones for norms);
 * {@link #initialise} draws them.
 */
public abstract class Layer {
  private final Map<String, Layer> children = new LinkedHashMap<>();
  private final Map<String, Parameter> parameters = new LinkedHashMap<>();
  private final Map<String, Parameter> buffers = new LinkedHashMap<>();
  private @Nullable Layer parent;
  private String name = "";
  private @Nullable String path;
  private final Map<String, String> sitePaths = new LinkedHashMap<>();
  private boolean training;

  /** Registers a child under a name; returns it, so that it can be assigned to a field. */
  protected final <L extends Layer> L child(String childName, L layer) {
    if (children.containsKey(childName) || childName.isEmpty()) {
      throw new IllegalArgumentException("a child named '" + childName + "' exists already");
    }
    attach(childName, layer);
    return layer;
  }

  private void attach(String childName, Layer layer) {
    children.put(childName, layer);
    layer.parent = this;
    layer.name = childName;
    layer.forgetPaths();
  }

  private void forgetPaths() {
    path = null;
    sitePaths.clear();
    children.values().forEach(Layer::forgetPaths);
  }

  /** Registers a trainable tensor under a name. */
  protected final Parameter parameter(String parameterName, Tensor initial) {
    Parameter parameter = new Parameter(initial);
    if (parameters.put(parameterName, parameter) != null) {
      throw new IllegalArgumentException("parameter '" + parameterName + "' exists already");
    }
    return parameter;
  }

  /**
   * Registers a tensor that is saved with the layer but not trained, such as running statistics.
   */
  protected final Parameter buffer(String bufferName, Tensor initial) {
    Parameter buffer = new Parameter(initial);
    buffers.put(bufferName, buffer);
    return buffer;
  }

  /** A layer like this one as its constructor left it; {@link #copy} fills in the rest. */
  protected abstract Layer blank();

  /** Draws this layer's own parameters; children are asked in turn by {@link #initialise}. */
  protected void draw(Rng rng) {}

  /** Draws all parameters of the tree in order of registration. */
  public final void initialise(Rng rng) {
    draw(rng);
    children.values().forEach(c -> c.initialise(rng));
  }

  /**
   * A deep copy with its own parameters. Children that were replaced (see {@link #replace}) are
   * copied as they are; views of parameters are shared.
   */
  public final Layer copy() {
    Layer copy = blank();
    copyInto(copy);
    return copy;
  }

  private void copyInto(Layer copy) {
    parameters.forEach((n, p) -> copyParameter(p, copy.parameters.get(n), n));
    buffers.forEach((n, p) -> copyParameter(p, copy.buffers.get(n), n));
    copy.training = training;
    children.forEach((n, c) -> {
      Layer other = copy.children.get(n);
      if (other != null && other.getClass() == c.getClass() && c.fits(other)) {
        c.copyInto(other);
      } else {
        copy.replaceChild(n, c.copy());
      }
    });
  }

  private boolean fits(Layer other) {
    return parameters.keySet().equals(other.parameters.keySet())
        && parameters.entrySet().stream()
            .allMatch(e ->
                e.getValue()
                    .tensor()
                    .shape()
                    .equals(
                        java.util.Objects.requireNonNull(other.parameters.get(e.getKey()))
                            .tensor()
                            .shape()))
        && !(this instanceof Unique);
  }

  /** A layer whose state is not in its parameters; copying always asks it for a copy. */
  public interface Unique {}

  private static void copyParameter(Parameter from, @Nullable Parameter to, String name) {
    if (to == null) {
      throw new IllegalStateException("blank() did not register the parameter '" + name + "'");
    }
    to.set(from.tensor().copy().requiresGrad(from.tensor().requiresGrad()));
    to.view(from.viewed() ? from.viewFunction() : null);
  }

  /**
   * Puts another layer in a child's place, for example a packed matrix for a linear layer. The
   * class that owns the child must read it through {@link Slot}.
   *
   * @throws IllegalArgumentException if there is no such child or the owner cannot take the layer
   */
  public final void replace(String childPath, Layer replacement) {
    int dot = childPath.indexOf('.');
    if (dot >= 0) {
      layer(childPath.substring(0, dot)).replace(childPath.substring(dot + 1), replacement);
      return;
    }
    layer(childPath);
    replaceChild(childPath, replacement);
  }

  private void replaceChild(String childName, Layer replacement) {
    Slot<?> slot = slots.get(childName);
    if (slot == null) {
      throw new IllegalArgumentException(
          "'%s' of %s is fixed; only %s can be replaced"
              .formatted(childName, getClass().getSimpleName(), slots.keySet()));
    }
    slot.put(replacement);
    attach(childName, replacement);
  }

  private final Map<String, Slot<?>> slots = new LinkedHashMap<>();

  /** A child that can be replaced. */
  protected final class Slot<L> {
    private final Class<L> type;
    private L layer;

    private Slot(Class<L> type, L layer) {
      this.type = type;
      this.layer = layer;
    }

    public L get() {
      return layer;
    }

    private void put(Layer replacement) {
      if (!type.isInstance(replacement)) {
        throw new IllegalArgumentException(
            "%s does not fit a slot for %s"
                .formatted(replacement.getClass().getSimpleName(), type.getSimpleName()));
      }
      layer = type.cast(replacement);
    }
  }

  /** Registers a child that may later be replaced by any other {@code type}. */
  protected final <L> Slot<L> slot(String childName, Class<L> type, Layer initial) {
    Slot<L> slot = new Slot<>(type, type.cast(initial));
    child(childName, initial);
    slots.put(childName, slot);
    return slot;
  }

  /** Names an activation; returns what the model goes on with. */
  protected final Tensor site(String siteName, Tensor activation) {
    return Sites.watched() ? Sites.visit(sitePath(siteName), activation) : activation;
  }

  /** Whether a visitor wants a site of this layer. */
  protected final boolean wanted(String siteName) {
    return Sites.watched() && Sites.wanted(sitePath(siteName));
  }

  private String sitePath(String siteName) {
    return sitePaths.computeIfAbsent(siteName, n -> path().isEmpty() ? n : path() + "." + n);
  }

  /** The names from the root to this layer, joined by dots; empty for the root. */
  public final String path() {
    String p = path;
    if (p == null) {
      p =
          parent == null || parent.path().isEmpty()
              ? (parent == null ? "" : name)
              : parent.path() + "." + name;
      path = p;
    }
    return p;
  }

  public final Map<String, Layer> children() {
    return Collections.unmodifiableMap(children);
  }

  /**
   * The layer at a path below this one.
   *
   * @throws IllegalArgumentException naming the children there are
   */
  public final Layer layer(String childPath) {
    if (childPath.isEmpty()) {
      return this;
    }
    int dot = childPath.indexOf('.');
    String first = dot < 0 ? childPath : childPath.substring(0, dot);
    Layer next = children.get(first);
    if (next == null) {
      throw new IllegalArgumentException(
          "there is no layer '%s' in '%s'; it has %s".formatted(first, path(), children.keySet()));
    }
    return dot < 0 ? next : next.layer(childPath.substring(dot + 1));
  }

  /** Visits this layer and all below, parents first, with their paths below this one. */
  public final void walk(BiConsumer<String, Layer> visitor) {
    walk("", visitor);
  }

  private void walk(String prefix, BiConsumer<String, Layer> visitor) {
    visitor.accept(prefix, this);
    children.forEach((n, c) -> c.walk(prefix.isEmpty() ? n : prefix + "." + n, visitor));
  }

  /** All layers of a type, by path below this one, in order. */
  public final <L extends Layer> Map<String, L> all(Class<L> type) {
    Map<String, L> found = new LinkedHashMap<>();
    walk((p, l) -> {
      if (type.isInstance(l)) {
        found.put(p, type.cast(l));
      }
    });
    return found;
  }

  /** All trainable parameters, by path, in order of registration. */
  public final Map<String, Parameter> parameters() {
    Map<String, Parameter> all = new LinkedHashMap<>();
    walk((p, l) -> l.parameters.forEach((n, v) -> all.put(p.isEmpty() ? n : p + "." + n, v)));
    return all;
  }

  /** Parameters and buffers, by path: what a checkpoint holds. */
  public final Map<String, Parameter> state() {
    Map<String, Parameter> all = new LinkedHashMap<>();
    walk((p, l) -> {
      l.parameters.forEach((n, v) -> all.put(p.isEmpty() ? n : p + "." + n, v));
      l.buffers.forEach((n, v) -> all.put(p.isEmpty() ? n : p + "." + n, v));
    });
    return all;
  }

  /** The parameter at a path. */
  public final Parameter parameterAt(String parameterPath) {
    Parameter found = parameters().get(parameterPath);
    if (found == null) {
      throw new IllegalArgumentException(
          "there is no parameter '%s'; there are %s"
              .formatted(parameterPath, new TreeSet<>(parameters().keySet())));
    }
    return found;
  }

  /** The number of trainable scalars. */
  public final long parameterCount() {
    return parameters().values().stream().mapToLong(p -> p.tensor().elements()).sum();
  }

  /** Marks every parameter as wanting a gradient, or not. */
  public final void requiresGrad(boolean required) {
    parameters().values().forEach(p -> p.tensor().requiresGrad(required));
  }

  /** Layers that behave differently in training, such as dropout and batch norm, do so. */
  public final void training(boolean on) {
    walk((p, l) -> l.training = on);
  }

  protected final boolean isTraining() {
    return training;
  }

  /** Layers of a list, under the names 0, 1, ... */
  protected static <L extends Layer> List<L> sequence(int n, java.util.function.IntFunction<L> f) {
    List<L> layers = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      layers.add(f.apply(i));
    }
    return Collections.unmodifiableList(layers);
  }
}
