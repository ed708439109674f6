package org.lapidary.interpret.attnsae;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Progress;
import org.lapidary.evidence.Reproduction;
import org.lapidary.interpret.dictionary.Activation;
import org.lapidary.interpret.dictionary.ActivationBuffer;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.interpret.dictionary.DictionaryStatistics;
import org.lapidary.interpret.dictionary.DictionaryTrainer;
import org.lapidary.interpret.dictionary.Pairs;
import org.lapidary.interpret.fixtures.TinyInduction;
import org.lapidary.interpret.tasks.RepeatedSequences;
import org.lapidary.interpret.tasks.RepeatedSequences.Repeated;
import org.lapidary.nn.Activations;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.SideBySide;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * Trains dictionaries of the second attention layer of small models that have learned induction,
 * and asks them which head and which token every feature comes from.
 */
public final class AttentionSaeReproduction implements Reproduction {
  private static final int LAYER = 1;
  private static final int FEATURES = 512;
  private static final int L0 = 6;
  private static final int LONGEST_MATCH = 8;

  private record Measured(
      long seed,
      double l0,
      double alive,
      double recovered,
      double penalised,
      double components,
      double pursuit,
      double worstSum,
      int labelled,
      double labels,
      int induction,
      double inductionMass,
      double inductionShare,
      int first,
      double firstMass,
      double moved,
      double random,
      int polysemantic,
      double[][] matches) {}

  @Override
  public Outcome run(Setting setting) {
    List<Measured> all =
        SideBySide.map(
            "attention dictionaries",
            setting.seeds(),
            (seed, quiet) -> measure(seed, setting.full()),
            setting.progress());
    return new Outcome(checks(all, setting.full()), figures(all));
  }

  private static Measured measure(long seed, boolean full) {
    TinyInduction fixture =
        full ? TinyInduction.of(seed) : TinyInduction.of(seed).withTraining(60, 16);
    Model model = fixture.model();
    RepeatedSequences data = fixture.data();
    Rng rng = new Rng(seed).fork(0xA77);
    int[][] texts = data.mixed(full ? 2000 : 60, rng);
    int[][] test = data.mixed(full ? 200 : 20, rng);
    DictionaryTrainer.Settings training =
        DictionaryTrainer.Settings.defaults(FEATURES)
            .withSteps(full ? 1500 : 30)
            .withBatch(full ? 1024 : 128)
            .withSeed(seed);
    Dictionary sae = train(model, texts, training.withActivation(new Activation.TopK(L0)));
    Dictionary penalised = train(model, texts, training.withTargetL0(L0));
    String site = AttentionSae.site(LAYER);
    try (Scope scope = Scope.open()) {
      DictionaryStatistics statistics = DictionaryStatistics.of(sae, model, test);
      int k = (int) Math.round(statistics.l0());
      Pairs pairs = ActivationBuffer.harvest(model, site, site, texts);
      Sparse.Components pca = Sparse.Components.of(pairs.input());
      Tensor random = rng.normal(1, FEATURES, sae.dIn());
      Tensor directions = random.div(random.norm(true, 1));
      double[] labels = labels(model, sae, pairs.input().slice(0, 0, full ? 20000 : 500));
      Repeated[] repeated = new Repeated[full ? 60 : 4];
      for (int i = 0; i < repeated.length; i++) {
        repeated[i] = data.repeated(data.length() / 2, rng);
      }
      SecondCopies copies = SecondCopies.of(model, LAYER, sae, repeated);
      double[] second = masses(copies, true);
      double[] first = masses(copies, false);
      Swap swap = Swap.of(model, LAYER, sae, repeated, full ? 200 : 5, rng.fork(3));
      long polysemantic =
          HeadReport.of(model, LAYER, sae, java.util.Arrays.copyOf(test, full ? 60 : 4))
              .heads()
              .stream()
              .filter(HeadReport.Head::polysemantic)
              .count();
      return new Measured(
          seed,
          statistics.l0(),
          1 - statistics.deadShare(),
          Recovered.of(model, site, sae::forward, test).share(),
          Recovered.of(model, site, penalised::forward, test).share(),
          Recovered.of(model, site, x -> pca.reconstruct(x, k), test).share(),
          Recovered.of(model, site, x -> Sparse.pursuit(x, pca.mean(), directions, k), test)
              .share(),
          worstSum(model, sae, test[0]),
          (int) labels[0],
          labels[1],
          second.length,
          mean(second),
          java.util.Arrays.stream(second).filter(m -> m >= 0.7).count() / (double) second.length,
          first.length,
          mean(first),
          swap.moved(),
          swap.random(),
          (int) polysemantic,
          matches(model, data, full ? 100 : 5, rng));
    }
  }

  private static Dictionary train(Model model, int[][] texts, DictionaryTrainer.Settings training) {
    return AttentionSae.defaults(FEATURES)
        .withTraining(training)
        .train(model, LAYER, texts, Progress.silent())
        .dictionary();
  }

  /** For features that a head has most of: how many, and the share for which it matters most. */
  private static double[] labels(Model model, Dictionary sae, Tensor z) {
    int heads = model.decoder().config().heads();
    int dHead = sae.dIn() / heads;
    double[][] shares = AttentionSae.headShares(sae, heads);
    double[] whole = sae.encode(z).mean(false, 0).toDoubles();
    Tensor mean = z.mean(true, 0);
    double[][] without = new double[heads][];
    for (int h = 0; h < heads; h++) {
      float[] keep = new float[sae.dIn()];
      for (int i = 0; i < keep.length; i++) {
        keep[i] = i / dHead == h ? 0 : 1;
      }
      Tensor kept = Tensor.of(keep, keep.length);
      Tensor ablated = z.sub(mean).mul(kept).add(mean); // the head writes its mean
      without[h] = sae.encode(ablated).mean(false, 0).toDoubles();
    }
    int labelled = 0;
    int right = 0;
    for (int i = 0; i < whole.length; i++) {
      for (int h = 0; h < heads; h++) {
        if (shares[i][h] > 0.6 && whole[i] > 0) {
          labelled++;
          int most = 0;
          for (int o = 1; o < heads; o++) {
            most = without[o][i] < without[most][i] ? o : most;
          }
          right += most == h ? 1 : 0;
        }
      }
    }
    return new double[] {labelled, right / (double) labelled};
  }

  private static double[] masses(SecondCopies copies, boolean second) {
    List<Double> found = new ArrayList<>();
    for (int i = 0; i < copies.auc().length; i++) {
      double auc = copies.auc()[i];
      if ((second ? auc >= 0.9 : auc <= 0.1) && Double.isFinite(copies.mass()[i])) {
        found.add(copies.mass()[i]);
      }
    }
    return found.stream().mapToDouble(Double::doubleValue).toArray();
  }

  private static double mean(double[] values) {
    return java.util.Arrays.stream(values).average().orElse(Double.NaN);
  }

  /** |sum of the terms + constant - pre-activation|, most over features at some tokens. */
  private static double worstSum(Model model, Dictionary sae, int[] text) {
    Attribution attribution = new Attribution(model, LAYER, sae, text);
    double worst = 0;
    for (int t : new int[] {0, text.length / 2, text.length - 1}) {
      double[] sums = attribution.terms(t).sum(false, 1, 2).toDoubles();
      for (int i = 0; i < sums.length; i++) {
        double sum = sums[i] + attribution.constant(i);
        worst = Math.max(worst, Math.abs(sum - attribution.preActivation(i, t)));
      }
    }
    return worst;
  }

  /**
   * The attention of each head from the last token of a sequence to the token after an earlier copy
   * of the last p tokens, for p = 1..8: [head][p - 1]. The copy's surroundings differ.
   */
  private static double[][] matches(Model model, RepeatedSequences data, int count, Rng rng) {
    int heads = model.decoder().config().heads();
    double[][] score = new double[heads][LONGEST_MATCH];
    int length = data.length() / 2;
    String site = "blocks." + LAYER + ".attn.hook_pattern";
    for (int p = 1; p <= LONGEST_MATCH; p++) {
      int[][] texts = new int[count][];
      for (int i = 0; i < count; i++) {
        texts[i] = java.util.Arrays.copyOf(rng.permutation(data.vocab()), length);
        System.arraycopy(texts[i], 4, texts[i], length - p, p);
      }
      try (Scope scope = Scope.open()) {
        Activations acts = model.capture(LanguageModeling.tensor(texts), site);
        double[] seen =
            acts.at(site).select(2, length - 1).select(2, 4 + p).mean(false, 0).toDoubles();
        for (int h = 0; h < heads; h++) {
          score[h][p - 1] = seen[h];
        }
      }
    }
    return score;
  }

  private static List<Check> checks(List<Measured> all, boolean full) {
    List<Check> checks = new ArrayList<>();
    checks.add(
        Check.atMost(
            "terms over heads and sources, and the constant, against the pre-activation, most",
            most(all, Measured::worstSum),
            1e-5));
    if (!full) {
      checks.add(Check.greater("CE recovered", least(all, Measured::recovered), 0));
      return checks;
    }
    checks.add(Check.atLeast("L0, least", least(all, Measured::l0), 5));
    checks.add(Check.atMost("L0, most", most(all, Measured::l0), 20));
    checks.add(Check.atLeast("CE recovered, least", least(all, Measured::recovered), 0.85));
    checks.add(
        Check.atLeast(
            "CE recovered minus that of principal components at the same L0, least",
            least(all, m -> m.recovered - m.components),
            0.05));
    checks.add(
        Check.atLeast(
            "CE recovered minus that of random directions at the same L0, least",
            least(all, m -> m.recovered - m.pursuit),
            0.05));
    checks.add(
        Check.atLeast(
            "features with more than 0.6 in one head, of all seeds: share for which its ablation lowers most",
            all.stream().mapToDouble(m -> m.labels * m.labelled).sum()
                / all.stream().mapToInt(Measured::labelled).sum(),
            0.9));
    checks.add(
        Check.atLeast(
            "features of the second copy: positive attribution on the token after the last copy",
            mean(all, Measured::inductionMass),
            0.7));
    checks.add(
        Check.less(
            "features of the first copy: the same",
            mean(all.stream().filter(m -> m.first > 0).toList(), Measured::firstMass),
            0.7));
    checks.add(
        Check.atLeast(
            "one feature set as with another target: share of predictions that follow",
            mean(all, Measured::moved),
            0.6));
    checks.add(Check.atMost("the same with a random feature", mean(all, Measured::random), 0.1));
    checks.add(
        Check.reported(
            "CE recovered by ReLU with an L1 penalty at this L0", mean(all, Measured::penalised)));
    checks.add(
        Check.reported(
            "attention after a match of 1 over that of 8 tokens, heads apart by at most",
            all.stream().mapToDouble(m -> spread(m.matches)).average().orElse(Double.NaN)));
    return checks;
  }

  /** The largest difference between heads of the ratio score(1) / score(8). */
  private static double spread(double[][] matches) {
    double low = Double.MAX_VALUE;
    double high = 0;
    for (double[] head : matches) {
      double ratio = head[0] / head[LONGEST_MATCH - 1];
      if (head[LONGEST_MATCH - 1] > 0.05) {
        low = Math.min(low, ratio);
        high = Math.max(high, ratio);
      }
    }
    return Math.max(0, high - low);
  }

  private static List<Figure> figures(List<Measured> all) {
    List<List<Object>> rows = new ArrayList<>();
    List<List<Object>> lengths = new ArrayList<>();
    for (Measured m : all) {
      rows.add(
          List.of(
              m.seed,
              m.l0,
              m.alive,
              m.recovered,
              m.penalised,
              m.components,
              m.pursuit,
              m.labelled,
              m.labels,
              m.induction,
              m.inductionMass,
              m.inductionShare,
              m.first,
              m.firstMass,
              m.moved,
              m.random,
              m.polysemantic));
      for (int h = 0; h < m.matches.length; h++) {
        List<Object> row = new ArrayList<>(List.of(m.seed, h));
        for (double score : m.matches[h]) {
          row.add(score);
        }
        lengths.add(row);
      }
    }
    List<String> columns = new ArrayList<>(List.of("seed", "head"));
    for (int p = 1; p <= LONGEST_MATCH; p++) {
      columns.add("match of " + p);
    }
    return List.of(
        new Figure.Table(
            "Dictionaries of the second layer",
            List.of(
                "seed",
                "L0",
                "alive",
                "CE recovered",
                "by ReLU with L1 at this L0",
                "components",
                "random",
                "labelled",
                "labels right",
                "second copy",
                "mass",
                "share above 0.7",
                "first copy",
                "mass",
                "swap",
                "random swap",
                "polysemantic heads"),
            rows),
        new Figure.Table("Attention to the token after the match", columns, lengths));
  }

  private static double most(List<Measured> all, ToDoubleFunction<Measured> what) {
    return all.stream().mapToDouble(what).max().orElseThrow();
  }

  private static double least(List<Measured> all, ToDoubleFunction<Measured> what) {
    return all.stream().mapToDouble(what).min().orElseThrow();
  }

  private static double mean(List<Measured> all, ToDoubleFunction<Measured> what) {
    return all.stream().mapToDouble(what).average().orElse(Double.NaN);
  }
}
