package org.lapidary.compress.essential;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.Model;
import org.lapidary.tensor.SideBySide;
import org.lapidary.train.Fixtures;

/** Vision transformers pre-trained by filling in patches and by labels, then tuned under masks. */
final class ImageStudy {
  private static final double TOLERANCE = EssentialSparsity.defaults().tolerance();

  private record One(long seed, SparsityCurve filled, SparsityCurve labelled) {
    double difference() {
      return filled.tolerated(TOLERANCE) - labelled.tolerated(TOLERANCE);
    }
  }

  private final List<One> seeds = new ArrayList<>();

  ImageStudy(boolean full, List<Long> chosen, Progress progress) {
    HardDigits digits = full ? HardDigits.of(8000, 4000) : HardDigits.of(800, 400);
    int steps = full ? 600 : 20;
    int tuning = full ? 150 : 10;
    double[] levels = full ? new double[] {0, 0.3, 0.6} : new double[] {0, 0.5};
    EssentialSparsity method = EssentialSparsity.defaults().withLevels(levels);
    List<Function<Progress, SparsityCurve>> pieces = new ArrayList<>();
    List<Long> one = chosen.subList(0, 1); // only reported
    for (long seed : one) {
      Downstream task = digits.task(tuning, seed);
      pieces.add(quiet -> method.curve(pretrained(digits, true, steps, seed), task, quiet));
      pieces.add(quiet -> method.curve(pretrained(digits, false, steps, seed), task, quiet));
    }
    List<SparsityCurve> curves =
        SideBySide.map("vision transformers", pieces, Function::apply, progress);
    for (int i = 0; i < one.size(); i++) {
      seeds.add(new One(one.get(i), curves.get(2 * i), curves.get(2 * i + 1)));
    }
  }

  private static Model pretrained(HardDigits digits, boolean filling, int steps, long seed) {
    Model model = HardDigits.fresh(seed);
    Fixtures.train(
        model.layer(),
        "%s on %d hardmnist images, %s, %d steps, seed %d"
            .formatted(
                model.config(),
                digits.pretraining().count(),
                filling ? "filling in patches" : "labels",
                steps,
                seed),
        ignored -> {
          if (filling) {
            digits.selfSupervised(model, steps, seed, Progress.silent());
          } else {
            digits.supervised(model, steps, seed, Progress.silent());
          }
        });
    return model;
  }

  List<Check> checks() {
    return List.of(
        Check.reported(
            "C: s* after filling in patches, mean", mean(o -> o.filled().tolerated(TOLERANCE))),
        Check.reported(
            "C: s* after learning labels, mean", mean(o -> o.labelled().tolerated(TOLERANCE))),
        Check.reported(
            "C: s* self-supervised - supervised, mean (positive in the paper)",
            mean(One::difference)));
  }

  private double mean(ToDoubleFunction<One> what) {
    return seeds.stream().mapToDouble(what).average().orElse(Double.NaN);
  }

  List<Figure> figures() {
    List<List<Object>> rows = new ArrayList<>();
    for (One o : seeds) {
      for (int i = 0; i < o.filled().levels().length; i++) {
        rows.add(
            List.of(
                o.seed(),
                o.filled().levels()[i],
                o.filled().quality()[i],
                o.labelled().quality()[i]));
      }
    }
    return List.of(
        new Figure.Table(
            "C: accuracy on HardMNIST after one-shot pruning and tuning",
            List.of("seed", "sparsity", "self-supervised", "supervised"),
            rows));
  }
}
