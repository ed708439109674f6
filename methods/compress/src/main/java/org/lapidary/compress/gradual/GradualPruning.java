package org.lapidary.compress.gradual;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Parameter;
import org.lapidary.nn.Sites;
import org.lapidary.train.Optimizer;

/**
 * The method with its settings. Pruned are all parameters of two or more dimensions, embeddings and
 * stacked gates among them, each to the sparsity of the schedule.
 *
 * @param schedule the sparsity at each step
 * @param units what is dropped together
 * @param global whether one threshold serves all parameters together; else each has its own, as
 *     published
 * @param returning whether dropped weights keep being trained, unseen, and may return; else they
 *     are 0 for good
 * @param exclude globs of parameter paths that stay dense, see {@link Sites#glob}
 */
public record GradualPruning(
    CubicSchedule schedule, Units units, boolean global, boolean returning, List<String> exclude) {

  public GradualPruning {
    exclude = List.copyOf(exclude);
    if (global && units instanceof Units.Groups) {
      throw new IllegalArgumentException(
          "groups keep the same number each, so there is no global threshold for them; choose one of the two");
    }
  }

  /** The published form with a schedule. */
  public static GradualPruning of(CubicSchedule schedule) {
    return new GradualPruning(schedule, new Units.Weights(), false, false, List.of());
  }

  /** From 0 to a sparsity with a mask update every so many steps. */
  public static GradualPruning of(double sparsity, long begin, long end, long every) {
    return of(CubicSchedule.between(sparsity, begin, end, every));
  }

  /** 90% sparse after 20 updates between a tenth and seven tenths of a training run. */
  public static GradualPruning defaults(long steps) {
    return over(0.9, steps);
  }

  /** To a sparsity in 20 updates between a tenth and seven tenths of a training run. */
  public static GradualPruning over(double sparsity, long steps) {
    long begin = steps / 10;
    return of(sparsity, begin, steps * 7 / 10, Math.max(1, (steps * 7 / 10 - begin) / 20));
  }

  public GradualPruning withUnits(Units dropped) {
    return new GradualPruning(schedule, dropped, global, returning, exclude);
  }

  public GradualPruning withGlobal(boolean on) {
    return new GradualPruning(schedule, units, on, returning, exclude);
  }

  public GradualPruning withReturning(boolean on) {
    return new GradualPruning(schedule, units, global, on, exclude);
  }

  public GradualPruning withExclude(String... globs) {
    return new GradualPruning(schedule, units, global, returning, List.of(globs));
  }

  /**
   * An optimizer that prunes as it trains. Its masks are among its state, so that a checkpoint has
   * them and a resumed run goes on with the same bits.
   *
   * @param layer whose parameters the inner optimizer trains
   * @throws IllegalArgumentException if nothing is left to prune, or the optimizer trains other
   *     parameters
   */
  public PruningOptimizer during(Layer layer, Optimizer inner) {
    Map<String, Parameter> pruned = new LinkedHashMap<>();
    layer
        .parameters()
        .forEach((path, parameter) -> {
          if (parameter.tensor().rank() >= 2 && !excluded(path)) {
            pruned.put(path, parameter);
          }
        });
    if (pruned.isEmpty()) {
      throw new IllegalArgumentException(
          "nothing is left to prune of %s with %s excluded"
              .formatted(layer.parameters().keySet(), exclude));
    }
    return new PruningOptimizer(this, pruned, inner);
  }

  private boolean excluded(String path) {
    return exclude.stream().anyMatch(glob -> Sites.glob(glob).matcher(path).matches());
  }
}
