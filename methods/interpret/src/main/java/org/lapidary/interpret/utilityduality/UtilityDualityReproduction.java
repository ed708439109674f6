package org.lapidary.interpret.utilityduality;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Reproduction;
import org.lapidary.interpret.utilityduality.SequenceModel.Objective;
import org.lapidary.interpret.utilityduality.SequenceModel.Rule;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.SideBySide;
import org.lapidary.tensor.Tensor;

/**
 * A copy task whose probabilities are known: models trained with and without label smoothing, and
 * by utility learning; every decoding rule with raw and with transformed probabilities.
 */
public final class UtilityDualityReproduction implements Reproduction {
  private static final int TEST = 500;
  private static final Transform RAW = new Transform.Power(1);

  private enum Training {
    SMOOTHED("smoothing 0.1", new Objective.Likelihood(0.1)),
    LIKELIHOOD("likelihood", new Objective.Likelihood(0)),
    UTILITY("utility, 4", new Objective.Utility(4));

    private final String words;
    private final Objective objective;

    Training(String words, Objective objective) {
      this.words = words;
      this.objective = objective;
    }
  }

  private record Job(Training training, long seed) {}

  private static List<Report> of(Training training, List<Job> jobs, List<Report> all) {
    return IntStream.range(0, jobs.size())
        .filter(i -> jobs.get(i).training == training)
        .mapToObj(all::get)
        .toList();
  }

  /** Shares of valid sequences by rule, and KL(P_true || P) per token. */
  private record Rules(
      double greedy, double ancestral, double nucleus, double minimumRisk, double divergence) {}

  /** A model with raw and with transformed probabilities. */
  private record Report(String transform, Rules raw, Rules transformed, double tokens) {}

  @Override
  public Outcome run(Setting setting) {
    long steps = setting.full() ? 2000 : 250;
    List<Job> jobs = new ArrayList<>();
    for (Training training : Training.values()) {
      for (long seed : setting.seeds()) {
        if (setting.full() || training == Training.SMOOTHED) {
          jobs.add(new Job(training, seed));
        }
      }
    }
    List<Report> all =
        SideBySide.map(
            "sequence models", jobs, (job, quiet) -> report(job, steps), setting.progress());
    List<Report> smoothed = of(Training.SMOOTHED, jobs, all);
    List<Report> plain = of(Training.LIKELIHOOD, jobs, all);
    List<Report> utility = of(Training.UTILITY, jobs, all);
    List<List<Object>> rows = new ArrayList<>();
    for (int i = 0; i < jobs.size(); i++) {
      rows.add(row(jobs.get(i), "raw", all.get(i).raw));
      rows.add(row(jobs.get(i), all.get(i).transform, all.get(i).transformed));
    }
    List<Check> checks = new ArrayList<>();
    checks.add(
        Check.atMost(
            "tabular softmax on smoothed targets: total variation of the inverse from the truth",
            tabular(new Rng(setting.seeds().getFirst())),
            1e-3));
    if (setting.full()) {
      checks(smoothed, plain, utility, checks);
    } else {
      checks.add(
          Check.atMost(
              "smoothing: KL of the transformed from the true over that of the raw probabilities",
              mean(smoothed, r -> r.transformed.divergence / r.raw.divergence),
              1));
    }
    return new Outcome(
        checks,
        List.of(
            new Figure.Table(
                "Valid sequences by decoding rule",
                List.of(
                    "training",
                    "seed",
                    "probabilities",
                    "greedy",
                    "ancestral",
                    "nucleus 0.9",
                    "minimum risk, 4 samples",
                    "KL from the truth, nats a token"),
                rows)));
  }

  private static void checks(
      List<Report> smoothed, List<Report> plain, List<Report> utility, List<Check> checks) {
    checks.add(
        Check.atLeast(
            "smoothing: greedy sequences that are valid", mean(smoothed, r -> r.raw.greedy), 0.97));
    checks.add(
        Check.atMost(
            "smoothing: sampled sequences that are valid, raw",
            mean(smoothed, r -> r.raw.ancestral),
            0.55));
    checks.add(
        Check.atLeast(
            "smoothing: sampled sequences that are valid, transformed minus raw",
            mean(smoothed, r -> r.transformed.ancestral - r.raw.ancestral),
            0.25));
    checks.add(
        Check.atLeast(
            "smoothing: minimum-risk sequences that are valid, transformed minus raw",
            mean(smoothed, r -> r.transformed.minimumRisk - r.raw.minimumRisk),
            0.05));
    checks.add(
        Check.atMost(
            "smoothing: KL of the transformed from the true over that of the raw probabilities",
            mean(smoothed, r -> r.transformed.divergence / r.raw.divergence),
            0.3));
    checks.add(
        Check.atMost(
            "no smoothing: sampled sequences that are valid, |transformed minus raw|",
            mean(plain, r -> Math.abs(r.transformed.ancestral - r.raw.ancestral)),
            0.03));
    checks.add(
        Check.atMost(
            "utility learning with 4 competitors: greedy token accuracy of likelihood minus its",
            mean(plain, r -> r.tokens) - mean(utility, r -> r.tokens),
            0.02));
  }

  private static Report report(Job job, long steps) {
    SequenceModel model = SequenceModel.trained(job.training.objective, steps, job.seed);
    Rng rng = new Rng(job.seed).fork(81);
    int[][] dev = CopyTask.draw(TEST, rng.fork(0));
    int[][] test = CopyTask.draw(TEST, rng.fork(1));
    Transform fitted;
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      fitted = Transform.fit(model.utilities(dev), SequenceModel.shown(dev));
    }
    Rules raw = rules(model, RAW, test, rng);
    Rules transformed = rules(model, fitted, test, rng);
    int[][] greedy = model.continued(test, RAW, Rule.greedy(), rng.fork(2));
    return new Report(fitted.name(), raw, transformed, tokens(greedy));
  }

  private static List<Object> row(Job job, String transform, Rules r) {
    return List.of(
        job.training.words,
        job.seed,
        transform,
        r.greedy,
        r.ancestral,
        r.nucleus,
        r.minimumRisk,
        r.divergence);
  }

  private static Rules rules(SequenceModel model, Transform transform, int[][] test, Rng rng) {
    return new Rules(
        valid(model.continued(test, transform, Rule.greedy(), rng.fork(2))),
        valid(model.continued(test, transform, Rule.ancestral(), rng.fork(3))),
        valid(model.continued(test, transform, Rule.nucleus(0.9), rng.fork(4))),
        valid(model.minimumRisk(test, transform, 4, rng.fork(5))),
        divergence(model, transform, test));
  }

  private static double valid(int[][] sequences) {
    return Arrays.stream(sequences).filter(CopyTask::valid).count() / (double) sequences.length;
  }

  /** The share of output tokens that are the likeliest. */
  private static double tokens(int[][] sequences) {
    double right = 0;
    for (int[] s : sequences) {
      for (int t = 0; t < CopyTask.OUT; t++) {
        double[] p = CopyTask.truth(s, t);
        double most = Arrays.stream(p).max().orElseThrow();
        right += p[s[CopyTask.IN + t]] == most ? 1 : 0;
      }
    }
    return right / (sequences.length * (double) CopyTask.OUT);
  }

  /** KL(P_true || P) per token, P at least 1e-9. */
  private static double divergence(SequenceModel model, Transform transform, int[][] test) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      double[] p = transform.probabilities(model.utilities(test)).toDoubles();
      double sum = 0;
      for (int i = 0; i < test.length * CopyTask.OUT; i++) {
        double[] truth = CopyTask.truth(test[i / CopyTask.OUT], i % CopyTask.OUT);
        for (int v = 0; v < CopyTask.VOCAB; v++) {
          if (truth[v] > 0) {
            sum += truth[v] * Math.log(truth[v] / Math.max(p[i * CopyTask.VOCAB + v], 1e-9));
          }
        }
      }
      return sum / (test.length * CopyTask.OUT);
    }
  }

  /**
   * Gradient descent on a table of utilities with the smoothed targets of a random distribution:
   * how far the smoothing inverse is from it at the end.
   */
  static double tabular(Rng rng) {
    try (Scope scope = Scope.open()) {
      int rows = 5;
      int v = 12;
      double epsilon = 0.1;
      Tensor truth = rng.normal(1.5, rows, v).to(org.lapidary.tensor.DType.FLOAT64).softmax(1);
      Tensor targets = truth.mul(1 - epsilon).add(epsilon / v);
      Tensor u = targets.mul(0);
      for (int step = 0; step < 20_000; step++) {
        try (Scope inner = Scope.open()) {
          u = inner.keep(u.sub(u.softmax(1).sub(targets).mul(2)));
        }
      }
      Tensor found = new Transform.SmoothingInverse(epsilon).probabilities(u);
      return found.sub(truth).abs().sum(false, 1).max().item() / 2;
    }
  }

  private static double mean(List<Report> all, ToDoubleFunction<Report> what) {
    return all.stream().mapToDouble(what).average().orElseThrow();
  }
}
