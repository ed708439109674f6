package org.lapidary.interpret.lnremoval;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Model;
import org.lapidary.nn.Norm;
import org.lapidary.nn.Sites;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * The scales that a pre-norm decoder's norms divide by, each of which can be frozen: a fake norm is
 * gain * (x - mean(x)) / s + shift with a constant s. A scale that is not frozen is measured in
 * every pass, and freezes at what was measured last. The norm before attention has two, one for
 * queries and keys and one for values.
 *
 * <p>The first position often has a far larger norm than others, so its scale is kept apart until
 * {@link #dropFirst}.
 */
public final class FakeNorms implements Sites.Visitor {

  /** What reads a norm. */
  public enum Reader {
    QUERIES_AND_KEYS,
    VALUES,
    MLP,
    LOGITS
  }

  /**
   * One scale.
   *
   * @param layer its block; the number of blocks for {@link Reader#LOGITS}
   */
  public record Place(Reader reader, int layer) {}

  private static final class Scale {
    private boolean frozen;
    private double first = Double.NaN;
    private double others = Double.NaN;
  }

  private final Model model;
  private final Map<Place, Scale> scales = new LinkedHashMap<>();
  private final Map<String, UnaryOperator<Tensor>> visits = new LinkedHashMap<>();
  private final Map<Integer, Tensor> beforeAttention = new LinkedHashMap<>();
  private @Nullable Tensor beforeLogits;
  private boolean firstApart = true;

  /**
   * All scales of a model, none frozen.
   *
   * @throws IllegalArgumentException if the model's norms cannot be removed in this way
   */
  public FakeNorms(Model model) {
    this.model = requireRemovable(model);
    int layers = layers();
    boolean mlps = !model.decoder().config().mlp().equals("none");
    for (int l = 0; l < layers; l++) {
      int layer = l;
      add(Reader.QUERIES_AND_KEYS, l);
      add(Reader.VALUES, l);
      visits.put("blocks." + l + ".ln1.hook_scale", sigma -> attention(layer, sigma));
      visits.put("blocks." + l + ".attn.v.hook_in", normed -> values(layer, normed));
      if (mlps) {
        Place place = add(Reader.MLP, l);
        visits.put("blocks." + l + ".ln2.hook_scale", sigma -> scaled(place, sigma));
      }
    }
    Place last = add(Reader.LOGITS, layers);
    visits.put(
        "ln_final.hook_scale",
        sigma -> {
          beforeLogits = sigma;
          return scaled(last, sigma);
        });
  }

  /**
   * @throws IllegalArgumentException naming what stands in the way
   */
  static Model requireRemovable(Model model) {
    DecoderConfig c = model.decoder().config();
    boolean norm = c.norm().equals("layernorm") || c.norm().startsWith("rmsnorm");
    String wrong =
        !norm
            ? "the norm '" + c.norm() + "'"
            : !c.placement().equals("pre")
                ? "the placement '" + c.placement() + "'"
                : c.extras().qkNorm()
                    ? "norms of queries and keys"
                    : !c.ends().equals(DecoderConfig.Ends.PLAIN)
                        ? "norms or heads at its ends"
                        : !c.mixer().equals("attention") ? "the token mixer " + c.mixer() : null;
    if (wrong != null) {
      throw new IllegalArgumentException(
          "norms are removed from pre-norm decoders with attention and layernorm or rmsnorm; this one has "
              + wrong);
    }
    return model;
  }

  private Place add(Reader reader, int layer) {
    Place place = new Place(reader, layer);
    scales.put(place, new Scale());
    return place;
  }

  private int layers() {
    return model.decoder().blocks().size();
  }

  /** All scales, in the order in which they are read. */
  public Set<Place> places() {
    return java.util.Collections.unmodifiableSet(scales.keySet());
  }

  private Scale at(Place place) {
    Scale scale = scales.get(place);
    if (scale == null) {
      throw new IllegalArgumentException(place + " is none of " + scales.keySet());
    }
    return scale;
  }

  /**
   * Freezes a scale at what was measured last.
   *
   * @throws IllegalStateException if nothing was measured, or a norm's values would be frozen
   *     before its queries and keys
   */
  public void freeze(Place place) {
    Scale scale = at(place);
    if (Double.isNaN(scale.others)) {
      throw new IllegalStateException(
          place + " was never measured; run the model on some text first");
    }
    if (place.reader == Reader.VALUES
        && !at(new Place(Reader.QUERIES_AND_KEYS, place.layer)).frozen) {
      throw new IllegalStateException(
          "freeze queries and keys of block %d before its values".formatted(place.layer));
    }
    scale.frozen = true;
  }

  /** Freezes all scales. */
  public void freezeAll() {
    scales.keySet().forEach(this::freeze);
  }

  /** From now on the first position has the scale of the others. */
  public void dropFirst() {
    firstApart = false;
  }

  /**
   * What a frozen norm divides by.
   *
   * @throws IllegalStateException if it is not frozen yet, or differently for the first position
   */
  public double scale(Place place) {
    Scale scale = at(place);
    if (!scale.frozen || firstApart) {
      throw new IllegalStateException(
          firstApart
              ? "the first position still has a scale of its own; drop it first"
              : place + " is not frozen");
    }
    return scale.others;
  }

  /** The model's logits with the frozen scales; measures the others. */
  public Tensor forward(Tensor tokens) {
    return Sites.visiting(this, () -> model.forward(tokens));
  }

  /** What the final norm would divide by in the last pass, [batch, position, 1]. */
  public Tensor beforeLogits() {
    return Objects.requireNonNull(beforeLogits, "no pass yet");
  }

  @Override
  public boolean wants(String path) {
    return visits.containsKey(path);
  }

  @Override
  public Tensor visit(String path, Tensor activation) {
    return Objects.requireNonNull(visits.get(path)).apply(activation);
  }

  /** What the norm divides by: the measured sigma [batch, position, 1] or the frozen scale. */
  private Tensor scaled(Place place, Tensor sigma) {
    Scale scale = at(place);
    if (!scale.frozen) {
      measure(scale, sigma.detach());
      return sigma;
    }
    return constant(scale, sigma);
  }

  private Tensor constant(Scale scale, Tensor like) {
    int positions = (int) like.size(1);
    float[] values = new float[positions];
    java.util.Arrays.fill(values, (float) scale.others);
    if (firstApart) {
      values[0] = (float) scale.first;
    }
    return Tensor.of(values, 1, positions, 1).expand(like.shape().toArray());
  }

  private static void measure(Scale scale, Tensor sigma) {
    try (Scope scope = Scope.open()) {
      long positions = sigma.size(1);
      Tensor means = sigma.to(DType.FLOAT64).mean(false, 0).reshape(positions);
      scale.first = means.select(0, 0).item();
      scale.others = positions == 1 ? scale.first : means.slice(0, 1, positions).mean().item();
    }
  }

  private Tensor attention(int layer, Tensor sigma) {
    Tensor used = scaled(new Place(Reader.QUERIES_AND_KEYS, layer), sigma);
    Scale values = at(new Place(Reader.VALUES, layer));
    if (!values.frozen) {
      measure(values, sigma.detach());
    }
    // what queries and keys are divided by, over what values should be divided by
    beforeAttention.put(layer, values.frozen ? used.div(constant(values, sigma)) : used.div(sigma));
    return used;
  }

  /** What values read: the norm's output, divided by their own scale instead. */
  private Tensor values(int layer, Tensor normed) {
    if (!at(new Place(Reader.QUERIES_AND_KEYS, layer)).frozen) {
      return normed;
    }
    Norm norm = model.decoder().blocks().get(layer).ln1();
    Tensor ratio = Objects.requireNonNull(beforeAttention.get(layer));
    Tensor shift = norm.shift();
    return normed.sub(shift).mul(ratio).add(shift);
  }
}
