package org.lapidary.compress.hawqv2;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lapidary.compress.Hutchinson;

/**
 * How much the loss minds the rounding of one layer's weights and of the activations it reads.
 *
 * @param path of the layer
 * @param weights n, their number
 * @param bits the widths looked at, ascending
 * @param trace of the loss's Hessian over the weights
 * @param error ||Q_b(W) - W||^2 for each width
 * @param reading what holds for the activations; null where they were not looked at
 */
public record LayerSensitivity(
    String path,
    long weights,
    List<Integer> bits,
    Hutchinson.Trace trace,
    double[] error,
    @Nullable Reading reading) {

  /**
   * The activations a layer reads.
   *
   * @param multiplications of the layer for one example
   * @param trace of the loss's Hessian over the activations of one example, averaged over examples
   * @param error ||Q_b(a) - a||^2 of one example, averaged, for each width
   * @param clips the range of each width
   */
  public record Reading(
      long multiplications, Hutchinson.Trace trace, double[] error, List<Clip> clips) {}

  /** avgTr(H_W) ||Q_b(W) - W||^2; a trace below 0 counts as 0, as at a minimum there is none. */
  public double weightOmega(int b) {
    return Math.max(0, trace.average()) * weightError(b);
  }

  /** ||Q_b(W) - W||^2. */
  public double weightError(int b) {
    return error[index(b)];
  }

  /** avgTr(H_a) ||Q_b(a) - a||^2; 0 where activations stay as they are. */
  public double activationOmega(int b) {
    return b == BitPlan.FLOAT
        ? 0
        : Math.max(0, activations().trace().average()) * activations().error()[index(b)];
  }

  /** The range of the activations at a width. */
  public Clip clip(int b) {
    return activations().clips().get(index(b));
  }

  /**
   * What holds for the activations.
   *
   * @throws IllegalStateException if they were not looked at
   */
  public Reading activations() {
    if (reading == null) {
      throw new IllegalStateException(
          "the activations of '%s' were not looked at; use HawqV2.sensitivities with activations"
              .formatted(path));
    }
    return reading;
  }

  private int index(int b) {
    int i = bits.indexOf(b);
    if (i < 0) {
      throw new IllegalArgumentException(
          "%d bits were not looked at for '%s'; looked at are %s".formatted(b, path, bits));
    }
    return i;
  }
}
