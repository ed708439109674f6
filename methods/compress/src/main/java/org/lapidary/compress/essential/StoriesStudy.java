package org.lapidary.compress.essential;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.compress.Stories;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Scope;
import org.lapidary.train.LanguageModeling;

/**
 * stories260K without any tuning: the loss on texts it wrote, after dropping weights in one shot by
 * magnitude and at random, and to n:m patterns.
 */
final class StoriesStudy {
  private static final int[][] PATTERNS = {{6, 8}, {3, 4}, {1, 2}, {4, 8}, {2, 4}, {1, 4}};
  private static final double LEVEL = 0.15;

  private final EssentialSparsity.Analysis smallest;
  private final SparsityCurve perMatrix;
  private final SparsityCurve random;
  private final Map<String, Double> patterns = new LinkedHashMap<>();
  private final Map<String, Double> kinds;
  private final double quarter;

  StoriesStudy(boolean full, Progress progress) {
    Model model = Stories.model();
    int[][] texts = Stories.texts(model, full ? 64 : 16, 128, 5000);
    Downstream loss = Downstream.zeroShot(m -> -LanguageModeling.evaluate(m, texts).mean());
    EssentialSparsity method = EssentialSparsity.defaults();
    double chance = -Math.log(model.decoder().config().vocab());
    smallest = method.analyse(model, loss, chance, progress);
    perMatrix = method.withSelection(Selection.PER_MATRIX, 0).curve(model, loss, progress);
    random =
        method
            .withLevels(0, 0.05, 0.1, LEVEL, 0.2, 0.3)
            .withSelection(Selection.RANDOM, 1)
            .curve(model, loss, progress);
    try (Scope scope = Scope.open()) {
      for (int[] p : PATTERNS) {
        double quality = loss.learn(model, Selection.structured(model, p[0], p[1])).quality();
        patterns.put(p[0] + ":" + p[1], -quality);
      }
      quarter = -loss.learn(model, Selection.GLOBAL.masks(model, 0.25, 0)).quality();
      kinds = MaskSets.densitiesByKind(Selection.GLOBAL.masks(model, 0.25, 0));
    }
  }

  List<Check> checks() {
    SparsityCurve.Knee knee =
        smallest.knee().orElse(new SparsityCurve.Knee(Double.NaN, Double.NaN, Double.NaN));
    double cost = lost(smallest.curve(), LEVEL);
    return List.of(
        Check.atLeast("A: knee of the one-shot curve", knee.sparsity(), 0.15),
        Check.atMost("A: knee of the one-shot curve, at most", knee.sparsity(), 0.40),
        Check.atLeast("A: slope after the knee / before", knee.steepening(), 5),
        Check.atMost("A: nats lost at sparsity 0.15", cost, 0.08),
        Check.atLeast(
            "A: nats lost at random at 0.15 / by magnitude", lost(random, LEVEL) / cost, 20),
        Check.greater(
            "A: nats that 6:8 loses more than 25% unstructured",
            java.util.Objects.requireNonNull(patterns.get("6:8")) - quarter, 0),
        Check.reported("A: essential sparsity by 1% tolerance", smallest.tolerated()));
  }

  private static double lost(SparsityCurve curve, double level) {
    for (int i = 0; i < curve.levels().length; i++) {
      if (Math.abs(curve.levels()[i] - level) < 1e-9) {
        return curve.quality()[0] - curve.quality()[i];
      }
    }
    throw new IllegalArgumentException("the curve has no level " + level);
  }

  List<Figure> figures() {
    List<List<Object>> rows = new ArrayList<>();
    patterns.forEach((name, nats) -> rows.add(List.of(name, nats)));
    rows.add(List.of("25% unstructured", quarter));
    List<List<Object>> layers = new ArrayList<>();
    kinds.forEach((kind, density) -> layers.add(List.of(kind, density)));
    return List.of(
        new Figure.Lines(
            "A: loss of stories260K after dropping weights in one shot",
            "sparsity",
            "nats per token",
            List.of(
                series("smallest of all", smallest.curve()),
                series("smallest of each matrix", perMatrix),
                series("random", random))),
        table("A: loss by magnitude", smallest.curve()),
        new Figure.Table(
            "A: loss under n:m patterns, in one shot", List.of("pattern", "nats per token"), rows),
        new Figure.Table(
            "A: weights kept at 25% of all, by kind of matrix", List.of("kind", "kept"), layers));
  }

  private static Figure table(String title, SparsityCurve curve) {
    List<List<Object>> rows = new ArrayList<>();
    for (int i = 0; i < curve.levels().length; i++) {
      rows.add(List.of(curve.levels()[i], -curve.quality()[i]));
    }
    return new Figure.Table(title, List.of("sparsity", "nats per token"), rows);
  }

  private static Figure.Series series(String name, SparsityCurve curve) {
    double[] nats = java.util.Arrays.stream(curve.quality()).map(q -> -q).toArray();
    return new Figure.Series(name, curve.levels(), nats);
  }
}
