package org.lapidary.compress.layerwise;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import org.lapidary.compress.Allocation;
import org.lapidary.compress.InputStatistics;
import org.lapidary.compress.Quantized;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * A quantiser that already spreads its bits inside a matrix: every column (the weights that read
 * one input) has its own scale and its own width, chosen so that sum_j E[x_j^2] ||q(w_j) - w_j||^2
 * is least under a target for the matrix's average. Layer-wise targets tell it how much each block
 * may spend.
 *
 * @param widths that a column may have
 */
public record ColumnRounding(List<Integer> widths) {

  public ColumnRounding {
    widths = widths.stream().sorted().distinct().toList();
    if (widths.isEmpty() || widths.getFirst() < 2 || widths.getLast() > 8) {
      throw new IllegalArgumentException("columns have 2 to 8 bits, were " + widths);
    }
  }

  /** 2, 3, 4 or 8 bits. */
  public static ColumnRounding defaults() {
    return new ColumnRounding(List.of(2, 3, 4, 8));
  }

  /**
   * Targets around a common average: target_i = average + spread * r_i, where r_i is the rank of
   * the block's importance, from -1/2 for the least to 1/2 for the most important block.
   *
   * @param spread bits between the most and the least important block
   */
  public static double[] targets(double[] importance, double average, double spread) {
    int[] order = BlockPlan.ascending(importance);
    double[] targets = new double[order.length];
    for (int rank = 0; rank < order.length; rank++) {
      double centred = order.length == 1 ? 0 : rank / (order.length - 1.0) - 0.5;
      targets[order[rank]] = average + spread * centred;
    }
    return targets;
  }

  /**
   * A copy of the model with every matrix rounded to its block's target.
   *
   * @param targets average bits of each block
   */
  public Model apply(Model model, double[] targets, int[][] calibration) {
    double least = DoubleStream.of(targets).min().orElse(Double.NaN);
    if (targets.length != model.decoder().blocks().size() || !(least >= widths.getFirst())) {
      throw new IllegalArgumentException(
          "%d blocks need as many targets of at least %d bits, were %s"
              .formatted(
                  model.decoder().blocks().size(), widths.getFirst(), Arrays.toString(targets)));
    }
    Model rounded = model.copy();
    InputStatistics.blockwise(
        rounded,
        calibration,
        (matrices, statistics) ->
            matrices.forEach((path, linear) ->
                round(
                    linear,
                    requireNonNull(statistics.get(path)),
                    targets[Rounding.blockOf(path)])));
    return rounded;
  }

  private void round(Linear linear, InputStatistics inputs, double target) {
    try (Scope scope = Scope.open()) {
      Tensor columns = linear.weight().tensor().detach().t().contiguous(); // [in, out]
      Tensor moment = inputs.secondMoment();
      List<Tensor> rounded = new ArrayList<>();
      List<double[]> errors = new ArrayList<>();
      for (int width : widths) {
        Tensor q =
            Quantized.roundToNearest(columns, width, Math.toIntExact(columns.size(1))).dequantize();
        rounded.add(q);
        errors.add(
            q.sub(columns).square().sum(false, 1).to(moment.dtype()).mul(moment).toDoubles());
      }
      int[] chosen = choose(errors, target);
      long[] pick = new long[chosen.length];
      for (int j = 0; j < chosen.length; j++) {
        pick[j] = (long) chosen[j] * chosen.length + j;
      }
      Tensor result =
          Tensor.concat(0, rounded).indexSelect(0, Tensor.of(pick, pick.length)).t().contiguous();
      linear.weight().set(scope.keep(result));
    }
  }

  /** The index of each column's width. */
  private int[] choose(List<double[]> errors, double target) {
    int columns = errors.getFirst().length;
    List<List<Allocation.Option>> items = new ArrayList<>();
    for (int j = 0; j < columns; j++) {
      List<Allocation.Option> options = new ArrayList<>();
      for (int w = 0; w < widths.size(); w++) {
        options.add(new Allocation.Option(widths.get(w), errors.get(w)[j]));
      }
      items.add(options);
    }
    return Allocation.best(items, (long) Math.floor(target * columns + 1e-9), false).options();
  }
}
