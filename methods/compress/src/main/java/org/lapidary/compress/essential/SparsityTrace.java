package org.lapidary.compress.essential;

import java.util.Arrays;
import org.lapidary.compress.BlockMatrices;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Model;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * How sparsity emerges while a model is trained: one value for each of its checkpoints, such as the
 * share of small weights or the essential sparsity.
 *
 * @param steps of training at each checkpoint, rising
 * @param values at each
 */
public record SparsityTrace(long[] steps, double[] values) {

  public SparsityTrace {
    steps = steps.clone();
    values = values.clone();
    if (steps.length != values.length) {
      throw new IllegalArgumentException(
          "a trace has one value for each checkpoint, had %d checkpoints and %d values"
              .formatted(steps.length, values.length));
    }
  }

  /** The share of the weights of the blocks' matrices with |w| &lt; threshold. */
  public static double smallShare(Model model, double threshold) {
    double small = 0;
    double all = 0;
    for (Linear linear : BlockMatrices.of(model).values()) {
      try (Scope scope = Scope.open()) {
        Tensor w = linear.weight().tensor().detach();
        small += w.abs().lt(threshold).to(DType.FLOAT64).sum().item();
        all += w.elements();
      }
    }
    return small / all;
  }

  /**
   * The interval over which the value rose the most.
   *
   * @param step at its end
   * @param increment of the value
   * @param deviations how many standard deviations of the other increments it lies above their mean
   */
  public record Jump(long step, double increment, double deviations) {

    /** Whether the rise is abrupt: more than three standard deviations. */
    public boolean abrupt() {
      return deviations > 3;
    }
  }

  /**
   * The largest rise.
   *
   * @throws IllegalStateException if there are fewer than four checkpoints
   */
  public Jump largestRise() {
    int n = values.length - 1;
    if (n < 3) {
      throw new IllegalStateException(
          "an abrupt rise shows among at least three intervals, there are " + Math.max(0, n));
    }
    double[] rise = new double[n];
    int top = 0;
    for (int i = 0; i < n; i++) {
      rise[i] = values[i + 1] - values[i];
      top = rise[i] > rise[top] ? i : top;
    }
    double sum = Arrays.stream(rise).sum() - rise[top];
    double mean = sum / (n - 1);
    double square = 0;
    for (int i = 0; i < n; i++) {
      square += i == top ? 0 : (rise[i] - mean) * (rise[i] - mean);
    }
    double deviation = Math.sqrt(square / (n - 2));
    double distance = rise[top] - mean;
    // equal increments have no deviation, and no rise stands out among them
    double deviations =
        deviation > 0 ? distance / deviation : distance > 0 ? Double.POSITIVE_INFINITY : 0;
    return new Jump(steps[top + 1], rise[top], deviations);
  }
}
