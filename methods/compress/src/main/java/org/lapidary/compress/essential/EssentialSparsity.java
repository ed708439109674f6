package org.lapidary.compress.essential;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * How many of a pre-trained model's weights can be dropped in one shot before quality falls.
 *
 * @param levels sparsities to try, rising from 0
 * @param tolerance the share of the dense quality that may be lost
 * @param selection which weights are dropped
 * @param seed of a random selection
 */
public record EssentialSparsity(double[] levels, double tolerance, Selection selection, long seed) {

  public EssentialSparsity {
    levels = levels.clone();
    if (!(tolerance > 0 && tolerance < 1)) {
      throw new IllegalArgumentException("a tolerance is between 0 and 1, was " + tolerance);
    }
  }

  /** 0, 0.05, ..., 0.95, 1% tolerance, the smallest weights of all matrices together. */
  public static EssentialSparsity defaults() {
    double[] levels = IntStream.range(0, 20).mapToDouble(i -> i / 20.0).toArray();
    return new EssentialSparsity(levels, 0.01, Selection.GLOBAL, 0);
  }

  public EssentialSparsity withLevels(double... others) {
    return new EssentialSparsity(others, tolerance, selection, seed);
  }

  public EssentialSparsity withSelection(Selection other, long otherSeed) {
    return new EssentialSparsity(levels, tolerance, other, otherSeed);
  }

  /**
   * What was found.
   *
   * @param tolerated the essential sparsity by tolerance, see {@link SparsityCurve#tolerated}
   * @param knee the essential sparsity by two lines, see {@link SparsityCurve#knee}
   * @param densities the share of weights kept in every matrix at the tolerated sparsity
   */
  public record Analysis(
      SparsityCurve curve,
      double tolerated,
      Optional<SparsityCurve.Knee> knee,
      Map<String, Double> densities) {}

  /**
   * One-shot pruning at every level.
   *
   * @param task measures the model, or learns a task first
   * @param chance the quality of guessing
   */
  public Analysis analyse(Model model, Downstream task, double chance, Progress progress) {
    SparsityCurve curve = curve(model, task, progress);
    double tolerated = curve.tolerated(tolerance);
    try (Scope scope = Scope.open()) {
      return new Analysis(
          curve,
          tolerated,
          curve.knee(chance),
          MaskSets.densities(selection.masks(model, tolerated, seed)));
    }
  }

  /** Quality at every level; those not reached when the user stops are left out. */
  public SparsityCurve curve(Model model, Downstream task, Progress progress) {
    progress.begin("one-shot sparsity", levels.length);
    double[] quality = new double[levels.length];
    int done = 0;
    while (done < levels.length && (done == 0 || !progress.stopped())) {
      try (Scope scope = Scope.open()) {
        quality[done] = task.learn(model, selection.masks(model, levels[done], seed)).quality();
      }
      progress.step(++done, "");
    }
    progress.end();
    return new SparsityCurve(
        java.util.Arrays.copyOf(levels, done), java.util.Arrays.copyOf(quality, done));
  }

  /**
   * A mask found in one shot beside one found iteratively.
   *
   * @param sparsity of both
   * @param cosine of the two masks, see {@link MaskSets#cosine}
   * @param oneShot quality under the mask of one shot
   * @param iterative quality under the other
   */
  public record Comparison(double sparsity, double cosine, double oneShot, double iterative) {}

  /** Compares one-shot pruning with lottery tickets at their sparsities. */
  public List<Comparison> compare(Model model, Downstream task, LotteryTickets tickets) {
    List<Comparison> all = new ArrayList<>();
    for (LotteryTickets.Ticket ticket : tickets.find(model, task)) {
      try (Scope scope = Scope.open()) {
        Map<String, Tensor> masks = selection.masks(model, ticket.sparsity(), seed);
        all.add(
            new Comparison(
                ticket.sparsity(),
                MaskSets.cosine(masks, ticket.masks()),
                task.learn(model, masks).quality(),
                ticket.quality()));
      }
    }
    return all;
  }
}
