package org.lapidary.compress.dsnot;

import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.lapidary.compress.Compressor;
import org.lapidary.compress.InputStatistics;
import org.lapidary.compress.Masks;
import org.lapidary.compress.Scores;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * The method with its settings.
 *
 * @param sparsity share of the weights dropped in every row; ignored if {@code n} is set
 * @param n with {@code m}: n kept of every m neighbours; 0 for unstructured rows
 * @param m see {@code n}
 * @param initial the score of the starting mask
 * @param maxCycles T, swaps a row at most
 * @param tau rows whose |eps| is not above it are left alone
 * @param power p of the variance when growing; 0 switches it off
 * @param sameSign refuse a swap that changes the sign of eps (always so for n:m)
 * @param skipMlp keep the starting mask in MLP matrices, as the published default does
 */
public record Dsnot(
    double sparsity,
    int n,
    int m,
    Scores initial,
    int maxCycles,
    double tau,
    double power,
    boolean sameSign,
    boolean skipMlp)
    implements Compressor {

  public Dsnot {
    if (maxCycles < 0 || !(tau >= 0)) {
      throw new IllegalArgumentException(
          "maxCycles and tau must not be negative, were %d and %s".formatted(maxCycles, tau));
    }
  }

  public static Dsnot defaults() {
    return new Dsnot(0.5, 0, 0, Scores.WANDA, 50, 0.1, 1, false, false);
  }

  public Dsnot withSparsity(double share) {
    return new Dsnot(share, n, m, initial, maxCycles, tau, power, sameSign, skipMlp);
  }

  public Dsnot withInitial(Scores score) {
    return new Dsnot(sparsity, n, m, score, maxCycles, tau, power, sameSign, skipMlp);
  }

  public Dsnot withCycles(int cycles) {
    return new Dsnot(sparsity, n, m, initial, cycles, tau, power, sameSign, skipMlp);
  }

  public Dsnot withPattern(int keep, int of) {
    return new Dsnot(sparsity, keep, of, initial, maxCycles, tau, power, sameSign, skipMlp);
  }

  /**
   * A refined mask.
   *
   * @param mask BOOL [out, in], true where kept
   * @param swaps made in each row
   * @param before eps of each row under the starting mask
   * @param after eps of each row under the refined mask
   */
  public record Refined(Tensor mask, int[] swaps, double[] before, double[] after) {
    /** mean |after| / mean |before|. */
    public double errorRatio() {
      return Arrays.stream(after).map(Math::abs).sum()
          / Math.max(1e-300, Arrays.stream(before).map(Math::abs).sum());
    }
  }

  /** A pruned model with what was done to each matrix. */
  public record Result(Model model, Map<String, Refined> matrices) {}

  @Override
  public Model compress(Model model, int[][] calibration) {
    return apply(model, calibration).model();
  }

  /** Prunes block after block; each block's statistics come from the blocks before it, pruned. */
  public Result apply(Model model, int[][] calibration) {
    Model pruned = model.copy();
    Map<String, Refined> done = new LinkedHashMap<>();
    InputStatistics.blockwise(
        pruned,
        calibration,
        (matrices, statistics) ->
            matrices.forEach((path, linear) -> {
              InputStatistics inputs = java.util.Objects.requireNonNull(statistics.get(path));
              Refined refined = refine(linear, inputs, skipMlp && path.contains(".mlp."));
              done.put(path, refined);
              Masks.zero(linear, refined.mask());
            }));
    return new Result(pruned, done);
  }

  private Refined refine(Linear linear, InputStatistics inputs, boolean skip) {
    try (Scope scope = Scope.open()) {
      Tensor weight = linear.weight().tensor();
      Tensor score = initial.of(weight, inputs);
      Tensor mask = n > 0 ? Masks.structured(score, n, m) : Masks.perRow(score, sparsity);
      Refined refined = (skip ? withCycles(0) : this).refine(weight, inputs, mask);
      scope.keep(refined.mask()).unscoped();
      return refined;
    }
  }

  /**
   * Refines the mask of one matrix.
   *
   * @param weight [out, in]
   * @param inputs what the matrix reads
   * @param mask BOOL [out, in], true where kept
   */
  public Refined refine(Tensor weight, InputStatistics inputs, Tensor mask) {
    int out = Math.toIntExact(weight.size(0));
    int in = Math.toIntExact(weight.size(1));
    double[] w = weight.detach().toDoubles();
    double[] mean = inputs.mean().toDoubles();
    double[] variance = inputs.variance().toDoubles();
    double[] wanda = Scores.WANDA.of(weight, inputs).toDoubles();
    double[] start = initial == Scores.WANDA ? wanda : initial.of(weight, inputs).toDoubles();
    boolean[] keep = mask.toBooleans();
    int[] swaps = new int[out];
    double[] before = new double[out];
    double[] after = new double[out];
    IntStream.range(0, out)
        .parallel()
        .forEach(r -> {
          Row row =
              new Row(
                  Arrays.copyOfRange(w, r * in, (r + 1) * in),
                  mean,
                  variance,
                  Arrays.copyOfRange(n > 0 ? start : wanda, r * in, (r + 1) * in),
                  Arrays.copyOfRange(keep, r * in, (r + 1) * in));
          before[r] = row.error;
          swaps[r] = n > 0 ? row.swapWithinBlocks() : row.swap();
          after[r] = row.error;
          System.arraycopy(row.keep, 0, keep, r * in, in);
        });
    return new Refined(Tensor.of(keep, out, in), swaps, before, after);
  }

  /** One row with its running error. */
  private final class Row {
    private final double[] contribution; // c_j = W_j E[x_j]
    private final double[] score;
    private final boolean[] keep;
    private final int[] grow; // initially pruned, by c / V^p ascending
    private final double initialError;
    private double error;

    Row(double[] w, double[] mean, double[] variance, double[] score, boolean[] keep) {
      this.score = score;
      this.keep = keep;
      contribution = new double[w.length];
      double[] order = new double[w.length];
      for (int j = 0; j < w.length; j++) {
        contribution[j] = w[j] * mean[j];
        order[j] = contribution[j] / Math.max(1e-300, Math.pow(variance[j], power));
        if (!keep[j]) {
          error += contribution[j];
        }
      }
      initialError = error;
      grow = sorted(order, j -> !this.keep[j]);
    }

    private static int[] sorted(double[] by, java.util.function.IntPredicate which) {
      return IntStream.range(0, by.length)
          .filter(which)
          .boxed()
          .sorted(Comparator.comparingDouble((Integer j) -> by[j]))
          .mapToInt(Integer::intValue)
          .toArray();
    }

    int swap() {
      int[] negative = sorted(score, j -> keep[j] && contribution[j] < 0);
      int[] positive = sorted(score, j -> keep[j] && contribution[j] > 0);
      int low = 0;
      int high = grow.length - 1;
      int nextNegative = 0;
      int nextPositive = 0;
      int done = 0;
      while (done < maxCycles && low <= high && Math.abs(error) > tau) {
        boolean up = error > 0;
        if (up ? nextNegative >= negative.length : nextPositive >= positive.length) {
          break;
        }
        int k = up ? grow[high--] : grow[low++];
        int l = up ? negative[nextNegative++] : positive[nextPositive++];
        double next = error + contribution[l] - contribution[k];
        if (sameSign && Math.signum(next) != Math.signum(initialError)) {
          break;
        }
        keep[k] = true;
        keep[l] = false;
        error = next;
        done++;
      }
      return done;
    }

    int swapWithinBlocks() {
      boolean[] used = new boolean[keep.length];
      int low = 0;
      int high = grow.length - 1;
      int done = 0;
      for (int cycle = 0; cycle < maxCycles && low <= high && Math.abs(error) > tau; cycle++) {
        int k = error > 0 ? grow[high--] : grow[low++];
        int from = k - k % m;
        int l = -1;
        for (int j = from; j < from + m; j++) {
          if (keep[j] && !used[j] && j != k && (l < 0 || score[j] < score[l])) {
            l = j;
          }
        }
        if (l < 0) {
          break;
        }
        double next = error + contribution[l] - contribution[k];
        if (Math.signum(next) != Math.signum(initialError)) {
          break;
        }
        keep[k] = true;
        keep[l] = false;
        used[k] = true;
        used[l] = true;
        error = next;
        done++;
      }
      return done;
    }
  }
}
