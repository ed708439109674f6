package org.lapidary.interpret.linearinterpreter;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.lapidary.nn.Layer;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Graph;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

/**
 * A network with all decisions frozen that it took for one image x, so that it is the affine map y
 * = F x + r; probes go forwards and backwards through it.
 *
 * <p>A reading of the model's {@link Graph}: it is recorded for as many copies of the image as
 * there are probes, and replayed on the probes with every operation as {@link Frozen} has it.
 */
public final class LinearScope {
  private final UnaryOperator<Tensor> model;
  private final Map<Tensor, String> names;
  private final Tensor x;
  private final Tensor y;

  private LinearScope(UnaryOperator<Tensor> model, Map<Tensor, String> names, Tensor x) {
    this.model = model;
    this.names = names;
    this.x = x.detach().copy().unscoped();
    this.y = Autograd.noGrad(() -> model.apply(this.x)).detach().copy().unscoped();
  }

  /**
   * Freezes a model, which is not in training mode, for an image.
   *
   * @param x [1, ...]
   */
  public static <M extends Layer & UnaryLayer> LinearScope attach(M model, Tensor x) {
    Map<Tensor, String> names = new IdentityHashMap<>();
    model.state().forEach((path, p) -> names.put(p.tensor(), path));
    return attach(model::forward, names, x);
  }

  /** Freezes any function of [n, ...] whose rows do not mix. */
  public static LinearScope attach(
      UnaryOperator<Tensor> function, Map<Tensor, String> names, Tensor x) {
    if (x.rank() < 2 || x.size(0) != 1) {
      throw new ShapeException("a linear scope reads one image [1, ...], was " + x.type());
    }
    return new LinearScope(function, names, x);
  }

  /** y = f(x), [1, ...]. */
  public Tensor output() {
    return y;
  }

  /** F p for probes p [n, ...] like the image; [n, ...] like the output. */
  public Tensor forward(Tensor probes) {
    return Autograd.noGrad(() -> {
      try (Scope scope = Scope.open()) {
        Replay replay = replay(probes);
        return scope.keep(replay.run(probes).sub(replay.run(probes.mul(0))));
      }
    });
  }

  /** r = F 0 + r, [1, ...]. */
  public Tensor residual() {
    return replayed(x.mul(0));
  }

  /**
   * r of many images, each with its own decisions.
   *
   * @param images [n, ...]
   * @return [n, ...] like the outputs
   */
  public static <M extends Layer & UnaryLayer> Tensor residuals(M model, Tensor images) {
    return Autograd.noGrad(() -> {
      try (Scope scope = Scope.open()) {
        LinearScope first = attach(model, images.slice(0, 0, 1));
        return scope.keep(first.new Replay(images.contiguous()).run(images.mul(0)));
      }
    });
  }

  /** F p + r. */
  public Tensor replayed(Tensor probes) {
    return Autograd.noGrad(() -> {
      try (Scope scope = Scope.open()) {
        return scope.keep(replay(probes).run(probes));
      }
    });
  }

  /** F^T q for q [n, ...] like the output; [n, ...] like the image. */
  public Tensor adjoint(Tensor q) {
    if (q.elements() != q.size(0) * y.elements()) {
      throw new ShapeException(
          "the adjoint takes [n, ...] like the output %s, was %s".formatted(y.shape(), q.shape()));
    }
    try (Scope scope = Scope.open();
        var ignored = Autograd.enableGrad()) {
      Tensor zero = copies(q.size(0)).mul(0).requiresGrad(true);
      Tensor out = replay(zero).run(zero);
      if (!out.requiresGrad()) {
        return scope.keep(zero.detach().copy()); // nothing depends on the image
      }
      Tensor weight = q.reshape(out.shape()).contiguous();
      return scope.keep(
          Autograd.grad(out, List.of(zero), weight, false, false).getFirst().contiguous());
    }
  }

  /** The whole of F, [outputs, inputs], by its columns F e_i or by its rows F^T e_j. */
  public Tensor matrix(boolean byColumns) {
    long in = x.elements();
    long out = y.elements();
    try (Scope scope = Scope.open()) {
      if (byColumns) {
        long[] sizes = x.shape().toArray();
        sizes[0] = in;
        Tensor columns = forward(Tensor.eye(x.dtype(), in).reshape(sizes));
        return scope.keep(columns.reshape(in, out).t().contiguous());
      }
      return scope.keep(adjoint(Tensor.eye(x.dtype(), out)).reshape(out, in).contiguous());
    }
  }

  /** F_c x, pixel by pixel: the votes of the pixels for one output; of the image's shape. */
  public Tensor votes(int output) {
    try (Scope scope = Scope.open()) {
      float[] unit = new float[(int) y.elements()];
      unit[output] = 1;
      return scope.keep(adjoint(Tensor.of(unit, 1, unit.length).to(x.dtype())).mul(x));
    }
  }

  /**
   * The largest singular values of F with their vectors, by iteration of the subspace.
   *
   * @param k how many
   * @param iterations each takes F and F^T once
   */
  public Linalg.Svd svd(int k, int iterations, Rng rng) {
    long in = x.elements();
    long out = y.elements();
    if (k < 1 || k > Math.min(in, out)) {
      throw new IllegalArgumentException(
          "F is %d by %d; singular values from 1 to %d can be asked for, was %d"
              .formatted(out, in, Math.min(in, out), k));
    }
    try (Scope scope = Scope.open()) {
      long more = Math.min(Math.min(in, out), k + 4);
      Tensor v = Linalg.qr(rng.normal(1, in, more).to(x.dtype())).q();
      for (int i = 0; i < iterations; i++) {
        Tensor u = Linalg.qr(apply(v)).q();
        v = Linalg.qr(applyTransposed(u)).q();
      }
      Linalg.Svd small = Linalg.svd(apply(v)); // F v = u s w^T, so F = u s (v w)^T on the subspace
      return new Linalg.Svd(
          scope.keep(small.u().slice(1, 0, k).contiguous()),
          scope.keep(small.s().slice(0, 0, k).contiguous()),
          scope.keep(small.vt().matmul(v.t()).slice(0, 0, k).contiguous()));
    }
  }

  /**
   * An eigenvalue of F with its eigenvector.
   *
   * @param vector of the image's shape, of length 1
   * @param error ||F v - value v||
   */
  public record Eigen(double value, Tensor vector, double error) {}

  /**
   * The eigenvalue of the largest magnitude, where image and output are of one shape, by power
   * iteration; an error that stays large means that no single real one is the largest.
   */
  public Eigen eigen(int iterations, Rng rng) {
    if (!x.shape().equals(y.shape())) {
      throw new ShapeException(
          "eigenvectors need image and output of one shape, were %s and %s"
              .formatted(x.shape(), y.shape()));
    }
    try (Scope scope = Scope.open()) {
      Tensor v = rng.normal(1, x.shape().toArray()).to(x.dtype());
      for (int i = 0; i < iterations; i++) {
        v = forward(v.div(length(v)));
      }
      v = v.div(length(v));
      Tensor fv = forward(v);
      double value = fv.mul(v).sum().item();
      return new Eigen(value, scope.keep(v), length(fv.sub(v.mul(value))).item());
    }
  }

  private static Tensor length(Tensor v) {
    return v.square().sum().sqrt();
  }

  /** F v for the columns of v [inputs, k]. */
  private Tensor apply(Tensor v) {
    long k = v.size(1);
    long[] sizes = x.shape().toArray();
    sizes[0] = k;
    return forward(v.t().reshape(sizes)).reshape(k, y.elements()).t().contiguous();
  }

  private Tensor applyTransposed(Tensor u) {
    long k = u.size(1);
    return adjoint(u.t().contiguous()).reshape(k, x.elements()).t().contiguous();
  }

  /**
   * What one operation's biases add to r.
   *
   * @param name of its first named parameter, or of the operation
   * @param share [1, ...] like the output
   */
  public record BiasShare(String name, Tensor share) {}

  /** The parts of r by operation, in order; operations that add nothing are left out. */
  public List<BiasShare> biasShares() {
    return Autograd.noGrad(() -> {
      List<BiasShare> shares = new ArrayList<>();
      Replay replay = replay(x);
      Tensor zero = x.mul(0);
      for (int n = 0; n < replay.graph.nodes().size(); n++) {
        if (!replay.adds(n)) {
          continue;
        }
        Tensor share = replay.run(zero, n);
        shares.add(new BiasShare(replay.name(n), share));
      }
      return shares;
    });
  }

  private Tensor copies(long n) {
    long[] sizes = x.shape().toArray();
    sizes[0] = n;
    return x.expand(sizes).contiguous();
  }

  private Replay replay(Tensor probes) {
    if (probes.rank() != x.rank()
        || probes.dtype() != x.dtype()
        || probes.elements() != probes.size(0) * x.elements()) {
      throw new ShapeException(
          "probes are [n, ...] like the image %s, were %s".formatted(x.type(), probes.type()));
    }
    return Autograd.noGrad(() -> new Replay(copies(probes.size(0))));
  }

  /** The graph with what the image gave at every value. */
  private final class Replay {
    private final Graph graph;
    private final Map<Graph.Value, Tensor> image = new HashMap<>();
    private final Set<Graph.Value> signals = new HashSet<>();
    private final List<Frozen> frozen = new ArrayList<>();

    Replay(Tensor images) {
      graph = Graph.record(in -> List.of(model.apply(in.getFirst())), List.of(images), names);
      image.putAll(graph.constants());
      image.put(graph.inputs().getFirst(), images);
      signals.add(graph.inputs().getFirst());
      for (Graph.Node node : graph.nodes()) {
        Tensor[] in = values(node, image);
        List<Tensor> out = node.run(in);
        boolean[] signal = new boolean[in.length];
        boolean any = false;
        for (int i = 0; i < in.length; i++) {
          signal[i] = signals.contains(node.inputs().get(i));
          any |= signal[i];
        }
        for (int i = 0; i < out.size(); i++) {
          image.put(node.outputs().get(i), out.get(i));
          if (any && floating(out.get(i))) {
            signals.add(node.outputs().get(i));
          }
        }
        frozen.add(new Frozen(node, in, out, signal));
      }
    }

    private boolean isSignal(Graph.Node node) {
      return node.inputs().stream().anyMatch(signals::contains);
    }

    /** The outputs for probes. */
    Tensor run(Tensor probes) {
      return run(probes, -1);
    }

    /**
     * The same with the biases of all operations but one left out.
     *
     * @param only the operation; -1 for all
     */
    Tensor run(Tensor probes, int only) {
      Map<Graph.Value, Tensor> probe = new HashMap<>();
      probe.put(graph.inputs().getFirst(), probes);
      for (int n = 0; n < graph.nodes().size(); n++) {
        Graph.Node node = graph.nodes().get(n);
        if (!isSignal(node)) {
          continue;
        }
        List<Tensor> out = frozen.get(n).run(values(node, probe));
        if (only >= 0 && n != only) {
          List<Tensor> bias = frozen.get(n).run(zeros(node));
          for (int i = 0; i < out.size(); i++) {
            probe.put(
                node.outputs().get(i),
                floating(out.get(i)) ? out.get(i).sub(bias.get(i)) : out.get(i));
          }
        } else {
          for (int i = 0; i < out.size(); i++) {
            probe.put(node.outputs().get(i), out.get(i));
          }
        }
      }
      Graph.Value last = graph.outputs().getFirst();
      return probe.getOrDefault(last, Objects.requireNonNull(image.get(last)));
    }

    /** Whether an operation on signals adds a bias. */
    boolean adds(int n) {
      Graph.Node node = graph.nodes().get(n);
      if (!isSignal(node) || !floating(Objects.requireNonNull(image.get(node.output())))) {
        return false;
      }
      return frozen.get(n).run(zeros(node)).getFirst().abs().max().item() > 0;
    }

    String name(int n) {
      Graph.Node node = graph.nodes().get(n);
      for (Graph.Value value : node.inputs()) {
        String name = graph.name(value);
        if (name != null) {
          return name.contains(".") ? name.substring(0, name.lastIndexOf('.')) : name;
        }
      }
      return node.op().label() + " " + node.output().id();
    }

    /** A node's inputs: signals from one map, all others as they are for the image. */
    private Tensor[] values(Graph.Node node, Map<Graph.Value, Tensor> from) {
      return node.inputs().stream()
          .map(v -> from.getOrDefault(v, Objects.requireNonNull(image.get(v), v::toString)))
          .toArray(Tensor[]::new);
    }

    private Tensor[] zeros(Graph.Node node) {
      return node.inputs().stream()
          .map(v -> {
            Tensor own = Objects.requireNonNull(image.get(v));
            return signals.contains(v) ? Tensor.zeros(own.dtype(), own.shape()) : own;
          })
          .toArray(Tensor[]::new);
    }

    private static boolean floating(Tensor t) {
      return t.dtype() == DType.FLOAT32 || t.dtype() == DType.FLOAT64;
    }
  }
}
