package org.lapidary.compress;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.nn.Block;
import org.lapidary.nn.Decoder;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Model;
import org.lapidary.nn.Sites;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * What a matrix reads over calibration tokens: sums that give mean, variance and second moments of
 * each input feature.
 *
 * @param tokens how many rows x were seen
 * @param sum of x, float64 [in]
 * @param gram sum of x x^T, float64 [in, in]
 */
public record InputStatistics(long tokens, Tensor sum, Tensor gram) {

  /** E[x_j], float64 [in]. */
  public Tensor mean() {
    return sum.div(tokens);
  }

  /** E[x_j^2], float64 [in]. */
  public Tensor secondMoment() {
    return gram.diagonal().div(tokens);
  }

  /** Var[x_j], float64 [in], at least 0. */
  public Tensor variance() {
    return secondMoment().sub(mean().square()).maximum(0);
  }

  /** E[x x^T], float64 [in, in]. */
  public Tensor meanGram() {
    return gram.div(tokens);
  }

  /** What to do with one block's matrices, given what they read. */
  @FunctionalInterface
  public interface Change {
    void apply(Map<String, Linear> matrices, Map<String, InputStatistics> statistics);
  }

  /** Rows seen together; bounds memory. */
  private static final int TOGETHER = 16;

  /**
   * Goes through the blocks in order; each sees the output of the blocks before it as already
   * changed. {@code model} is changed in place, so pass a copy.
   *
   * @param sequences calibration tokens, all of one length
   */
  public static void blockwise(Model model, int[][] sequences, Change change) {
    Decoder decoder = model.decoder();
    List<Tensor> streams = new ArrayList<>();
    try (Scope outer = Scope.open();
        var ignored = Autograd.noGrad()) {
      for (int from = 0; from < sequences.length; from += TOGETHER) {
        int to = Math.min(sequences.length, from + TOGETHER);
        int[][] part = java.util.Arrays.copyOfRange(sequences, from, to);
        streams.add(decoder.embed(LanguageModeling.tensor(part), 0));
      }
      for (int b = 0; b < decoder.blocks().size(); b++) {
        Block block = decoder.blocks().get(b);
        Map<String, Linear> matrices = BlockMatrices.ofBlock(decoder, b);
        change.apply(matrices, collect(matrices, block, streams));
        for (int i = 0; i < streams.size(); i++) {
          try (Scope scope = Scope.open()) {
            Tensor next = scope.keep(block.forward(streams.get(i), null));
            streams.get(i).close();
            streams.set(i, next);
          }
        }
      }
    }
  }

  /** The statistics of every block matrix of an unchanged model, by path. */
  public static Map<String, InputStatistics> of(Model model, int[][] sequences) {
    Map<String, InputStatistics> all = new LinkedHashMap<>();
    blockwise(model, sequences, (matrices, statistics) -> all.putAll(statistics));
    return all;
  }

  private static Map<String, InputStatistics> collect(
      Map<String, Linear> matrices, Block block, List<Tensor> streams) {
    Map<String, Collector> collectors = new LinkedHashMap<>();
    matrices.forEach(
        (path, linear) -> collectors.put(path + ".hook_in", new Collector(linear.in())));
    Sites.Visitor visitor =
        new Sites.Visitor() {
          @Override
          public boolean wants(String path) {
            return collectors.containsKey(path);
          }

          @Override
          public Tensor visit(String path, Tensor x) {
            java.util.Objects.requireNonNull(collectors.get(path)).add(x);
            return x;
          }
        };
    for (Tensor stream : streams) {
      try (Scope scope = Scope.open()) {
        Sites.visiting(visitor, () -> block.forward(stream, null));
      }
    }
    Map<String, InputStatistics> statistics = new LinkedHashMap<>();
    matrices
        .keySet()
        .forEach(path ->
            statistics.put(
                path,
                java.util.Objects.requireNonNull(collectors.get(path + ".hook_in")).finish()));
    return statistics;
  }

  private static final class Collector {
    private long tokens;
    private Tensor sum;
    private Tensor gram;

    Collector(long in) {
      sum = Tensor.zeros(DType.FLOAT64, org.lapidary.tensor.Shape.of(in)).unscoped();
      gram = Tensor.zeros(DType.FLOAT64, org.lapidary.tensor.Shape.of(in, in)).unscoped();
    }

    void add(Tensor x) {
      try (Scope scope = Scope.open()) {
        Tensor rows = x.detach().reshape(-1, x.size(-1)).to(DType.FLOAT64);
        tokens += rows.size(0);
        Tensor newSum = sum.add(rows.sum(false, 0)).unscoped();
        Tensor newGram = gram.add(rows.t().matmul(rows)).unscoped();
        sum.close();
        gram.close();
        sum = newSum;
        gram = newGram;
      }
    }

    InputStatistics finish() {
      if (tokens == 0) {
        throw new IllegalArgumentException("no calibration tokens were given");
      }
      return new InputStatistics(tokens, sum, gram);
    }
  }
}
