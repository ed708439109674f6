package org.lapidary.compress;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Decomposition;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * Traces of the diagonal blocks H_i of a loss's Hessian, one block for each parameter, without
 * forming them (Hutchinson, 1990): with z of independent signs over all parameters together,
 *
 * <p>Tr(H_i) = E[z_i^T (H z)_i],
 *
 * <p>because the terms between blocks vanish in expectation. One product Hz, which costs about two
 * backward passes, serves every block. Stops when no running mean moves by more than {@code
 * tolerance} of itself any more.
 *
 * @param least probes at least
 * @param most probes at most
 * @param tolerance relative change of every running mean at which it stops; 0 takes all probes
 */
public record Hutchinson(int least, int most, double tolerance) {

  public Hutchinson {
    if (least < 1 || most < least || !(tolerance >= 0)) {
      throw new IllegalArgumentException(
          "probes must be 1 <= least <= most and the tolerance not negative, were %d, %d and %s"
              .formatted(least, most, tolerance));
    }
  }

  /** 10 to 50 probes, as HAWQ-V2 takes, and a tolerance of 1%. */
  public static Hutchinson defaults() {
    return new Hutchinson(10, 50, 1e-2);
  }

  /** Exactly so many probes. */
  public static Hutchinson probes(int count) {
    return new Hutchinson(count, count, 0);
  }

  /**
   * The trace of one block.
   *
   * @param trace the mean over the probes
   * @param standardError of that mean; NaN for a single probe
   * @param size n_i, the block's rows
   * @param probes taken
   */
  public record Trace(double trace, double standardError, long size, int probes) {
    /** Tr(H_i) / n_i, the mean of the block's eigenvalues. */
    public double average() {
      return trace / size;
    }
  }

  /**
   * The traces of some parameters' blocks.
   *
   * @param layer owns the parameters; they are marked as wanting gradients meanwhile
   * @param parameters paths of parameters, such as {@code blocks.0.attn.q.weight}
   * @param loss a scalar; run once, with fused operations in parts so that it can be differentiated
   *     twice
   * @return by parameter path, in the given order
   * @throws IllegalArgumentException if there is no such parameter
   */
  public Map<String, Trace> traces(
      Layer layer, List<String> parameters, Supplier<Tensor> loss, Rng rng) {
    List<Tensor> leaves = parameters.stream().map(p -> layer.parameterAt(p).tensor()).toList();
    List<Trace> found = traces(leaves, loss, rng);
    Map<String, Trace> traces = new LinkedHashMap<>();
    for (int i = 0; i < found.size(); i++) {
      traces.put(parameters.get(i), found.get(i));
    }
    return traces;
  }

  /**
   * The traces of the blocks of any tensors that the loss is computed from; they are marked as
   * wanting gradients meanwhile.
   */
  public List<Trace> traces(List<Tensor> leaves, Supplier<Tensor> loss, Rng rng) {
    if (leaves.isEmpty()) {
      throw new IllegalArgumentException("name at least one parameter");
    }
    boolean[] before = new boolean[leaves.size()];
    for (int i = 0; i < before.length; i++) {
      before[i] = leaves.get(i).requiresGrad();
      leaves.get(i).requiresGrad(true);
    }
    try (Scope scope = Scope.open();
        var ignored = Autograd.enableGrad()) {
      Tensor value;
      try (var parts = Decomposition.on()) {
        value = loss.get();
      }
      Running[] running = probe(Autograd.grad(value, leaves, true), leaves, rng);
      List<Trace> traces = new ArrayList<>();
      for (int i = 0; i < running.length; i++) {
        traces.add(running[i].trace(leaves.get(i).elements()));
      }
      return traces;
    } finally {
      for (int i = 0; i < before.length; i++) {
        leaves.get(i).requiresGrad(before[i]);
      }
    }
  }

  /**
   * The traces of every matrix inside the blocks of a decoder, for its own loss.
   *
   * @param sequences tokens, all of one length; a few hundred to a few thousand in all
   * @return by the matrix's path as {@link BlockMatrices} names it
   */
  public Map<String, Trace> matrices(Model model, int[][] sequences, Rng rng) {
    List<String> paths = List.copyOf(BlockMatrices.of(model).keySet());
    Map<String, Trace> byParameter =
        traces(
            model.layer(),
            paths.stream().map(p -> p + ".weight").toList(),
            () -> LanguageModeling.loss(model, LanguageModeling.tensor(sequences)),
            rng);
    Map<String, Trace> traces = new LinkedHashMap<>();
    byParameter.forEach(
        (path, trace) -> traces.put(path.substring(0, path.length() - ".weight".length()), trace));
    return traces;
  }

  private Running[] probe(List<Tensor> gradients, List<Tensor> leaves, Rng rng) {
    Running[] running = new Running[leaves.size()];
    for (int i = 0; i < running.length; i++) {
      running[i] = new Running();
    }
    for (int probe = 1; probe <= most; probe++) {
      double moved = 0;
      try (Scope scope = Scope.open()) {
        List<Tensor> z =
            leaves.stream()
                .map(leaf -> rng.rademacher(leaf.shape().toArray()).to(leaf.dtype()))
                .toList();
        List<Tensor> product = Autograd.hessianVector(gradients, leaves, z, probe < most);
        for (int i = 0; i < running.length; i++) {
          double sample = z.get(i).mul(product.get(i)).sum().item();
          moved = Math.max(moved, running[i].add(sample));
        }
      }
      if (probe >= least && moved < tolerance) {
        break;
      }
    }
    return running;
  }

  /** Mean and squared deviations of the samples so far (Welford, 1962). */
  private static final class Running {
    private int count;
    private double mean;
    private double squares;

    /** Takes a sample; returns how far the mean moved, as a share of itself. */
    double add(double sample) {
      count++;
      double step = (sample - mean) / count;
      squares += (sample - mean) * (sample - mean - step);
      mean += step;
      return Math.abs(step) / Math.max(Math.abs(mean), 1e-12);
    }

    Trace trace(long size) {
      double error = count < 2 ? Double.NaN : Math.sqrt(squares / (count - 1) / count);
      return new Trace(mean, error, size, count);
    }
  }
}
