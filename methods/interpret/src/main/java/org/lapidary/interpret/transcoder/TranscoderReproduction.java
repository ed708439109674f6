package org.lapidary.interpret.transcoder;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.lapidary.data.CharCorpus;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Estimate;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Progress;
import org.lapidary.evidence.Reproduction;
import org.lapidary.interpret.circuit.Circuit;
import org.lapidary.interpret.circuit.CircuitSearch;
import org.lapidary.interpret.circuit.Contribution;
import org.lapidary.interpret.circuit.FrozenPass;
import org.lapidary.interpret.circuit.Reading;
import org.lapidary.interpret.dictionary.Activation;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.interpret.dictionary.DictionaryStatistics;
import org.lapidary.interpret.dictionary.DictionaryTrainer;
import org.lapidary.interpret.fixtures.TinyText;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Model;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * Four experiments: that attributions sum to what they explain; that planted features are found;
 * that a transcoder of the second MLP of tiny-text costs no more than an autoencoder of its output;
 * and that few transcoder features keep more of a greater-than circuit than as many neurons.
 */
public final class TranscoderReproduction implements Reproduction {
  private static final int LAYER = 1;

  @Override
  public List<String> data() {
    return List.of("tinyshakespeare");
  }

  @Override
  public Outcome run(Setting setting) {
    List<Check> checks = new ArrayList<>();
    List<Figure> figures = new ArrayList<>();
    int parts = setting.full() ? 4 : 3;
    Progress progress = setting.progress();
    progress.begin("transcoders", parts);
    exactness(setting, checks);
    progress.step(1, "attributions");
    planted(setting, checks, figures);
    progress.step(2, "planted features");
    greaterThan(setting, checks, figures);
    progress.step(3, "greater than");
    if (setting.full()) {
      text(setting, checks, figures);
      progress.step(4, "tiny-text");
    }
    progress.end();
    return new Outcome(checks, figures);
  }

  // ---- attributions ----

  /** In float64, so that the figure is that of the decomposition and not of float32's rounding. */
  private static void exactness(Setting setting, List<Check> checks) {
    double worst = 0;
    double worstSingle = 0;
    for (long seed : setting.seeds()) {
      for (DecoderConfig config :
          List.of(
              DecoderConfig.gpt(65, 96, 3, 4, 96, "relu"),
              DecoderConfig.llama(65, 64, 3, 8, 4, 128, 96, true))) {
        Model model = Model.random(config, new Rng(seed));
        Rng rng = new Rng(seed).fork(0xA11);
        Map<Integer, Dictionary> random = new TreeMap<>();
        for (int l = 0; l < config.layers(); l++) {
          random.put(l, random(config.dModel(), rng));
        }
        int[] prompt = rng.ints(setting.full() ? 24 : 6, 0, config.vocab()).toArray();
        int last = prompt.length - 1;
        int[] tokens = setting.full() ? new int[] {0, prompt.length / 2, last} : new int[] {last};
        Model swapped = Transcoder.swap(model, random);
        worstSingle = Math.max(worstSingle, worst(swapped, prompt, tokens));
        swapped.layer().state().values().forEach(p -> p.set(p.tensor().to(DType.FLOAT64)));
        worst = Math.max(worst, worst(swapped, prompt, tokens));
      }
    }
    checks.add(Check.atMost("relative error of summed attributions, active features", worst, 1e-4));
    checks.add(Check.reported("the same where the model computes in float32", worstSingle));
  }

  private static Dictionary random(int width, Rng rng) {
    int n = 4 * width;
    double deviation = 1 / Math.sqrt(width);
    return new Dictionary(
        rng.normal(deviation, n, width),
        rng.normal(0.1, n),
        rng.normal(deviation, n, width),
        rng.normal(0.1, width),
        new Activation.Relu(),
        "",
        "");
  }

  /** The largest |sum - pre| / pre over the features of all layers that fire at the tokens. */
  private static double worst(Model swapped, int[] prompt, int[] tokens) {
    double worst = 0;
    try (Scope scope = Scope.open()) {
      FrozenPass pass = FrozenPass.of(swapped, prompt);
      for (int token : tokens) {
        for (int l = 0; l < pass.layers(); l++) {
          double[] z = pass.features(l).select(0, token).toDoubles();
          for (int f = 0; f < z.length; f++) {
            if (z[f] > 0) {
              Reading reading = pass.feature(l, f, token);
              double pre = pass.recorded(reading);
              double sum = Contribution.sum(pass.contributions(reading));
              worst = Math.max(worst, Math.abs(sum - pre) / pre);
            }
          }
        }
      }
    }
    return worst;
  }

  // ---- planted features ----

  private static void planted(Setting setting, List<Check> checks, List<Figure> figures) {
    long steps = setting.full() ? 4000 : 800;
    int batch = setting.full() ? 1024 : 128;
    double found = 0;
    double plain = 0;
    double untrained = 0;
    List<List<Object>> rows = new ArrayList<>();
    for (long seed : setting.seeds()) {
      Planted planted = Planted.of(seed);
      double with = planted.found(planted.train(steps, batch, 1, seed));
      double without = planted.found(planted.train(steps, batch, 0, seed));
      double start = planted.found(planted.train(0, batch, 1, seed));
      rows.add(List.of(seed, with, without, start));
      found += with / setting.seeds().size();
      plain += without / setting.seeds().size();
      untrained += start / setting.seeds().size();
    }
    if (setting.full()) {
      checks.add(Check.atLeast("planted features, mean cosine", found, 0.85));
    }
    checks.add(Check.less("the same, untrained", untrained, setting.full() ? 0.85 : found));
    checks.add(
        Check.atLeast(
            "cosine lost without the L1 penalty", found - plain, setting.full() ? 0.1 : 0));
    figures.add(
        new Figure.Table(
            "Planted features found: mean over features of the best min(cos reader, cos direction)",
            List.of("seed", "lambda 1", "lambda 0", "untrained"),
            rows));
  }

  // ---- greater than ----

  /** The models differ much in how few neurons do the work, so each seed trains several. */
  private static void greaterThan(Setting setting, List<Check> checks, List<Figure> figures) {
    int kept = 10;
    int models = setting.full() ? 3 : 1;
    List<Double> gains = new ArrayList<>();
    List<List<Object>> rows = new ArrayList<>();
    for (long seed : setting.seeds()) {
      for (long i = 0; i < models; i++) {
        long own = models * seed + i;
        GreaterThan task = GreaterThan.train(own, setting.full() ? 1500 : 500);
        Dictionary neurons = task.neurons();
        Dictionary transcoder = task.transcoder(256, 1, setting.full() ? 2000 : 500, own);
        double byNeurons = task.keptDifference(neurons, task.strongest(neurons, kept));
        double byFeatures = task.keptDifference(transcoder, task.strongest(transcoder, kept));
        gains.add(byFeatures - byNeurons);
        rows.add(
            List.of(
                own,
                task.difference(),
                task.keptDifference(neurons, new int[0]),
                byNeurons,
                byFeatures,
                DictionaryStatistics.of(transcoder, task.model(), GreaterThan.prompts()).l0()));
      }
    }
    Estimate gained = Estimate.of(gains.stream().mapToDouble(Double::doubleValue).toArray());
    checks.add(
        Check.atLeast(
            "probability difference kept by 10 features over 10 neurons",
            gained.mean(),
            setting.full() ? 0.05 : 0));
    if (setting.full()) {
      checks.add(Check.reported("half of its 95% interval over models", gained.halfWidth()));
    }
    figures.add(
        new Figure.Table(
            "Greater than: mean p(y > a) - p(y <= a)",
            List.of("model's seed", "model", "MLP at its mean", "10 neurons", "10 features", "L0"),
            rows));
  }

  // ---- text ----

  private record Compared(Fidelity fidelity, DictionaryStatistics statistics) {}

  private static void text(Setting setting, List<Check> checks, List<Figure> figures) {
    CharCorpus corpus = TinyText.corpus();
    int[][] texts = TinyText.windows(corpus.train(), 2048);
    int[][] heldOut = TinyText.heldOut(corpus, 160);
    double worstSparsity = 0;
    double transcoderCost = 0;
    double autoencoderCost = 0;
    double ablationCost = 0;
    List<List<Object>> rows = new ArrayList<>();
    Model model = TinyText.of(0).model(corpus);
    for (long seed : setting.seeds()) {
      Transcoder.Both both =
          new Transcoder(training(seed), 1 << 18).trainBoth(model, LAYER, texts, Progress.silent());
      Dictionary transcoder = both.transcoder().dictionary();
      Dictionary autoencoder = both.autoencoder().dictionary();
      Compared t = compare(model, transcoder, heldOut);
      Compared s = compare(model, autoencoder, heldOut);
      double ratio = t.statistics.l0() / s.statistics.l0();
      worstSparsity = Math.max(worstSparsity, Math.max(ratio, 1 / ratio));
      transcoderCost += t.fidelity.increase() / setting.seeds().size();
      autoencoderCost += s.fidelity.increase() / setting.seeds().size();
      ablationCost += t.fidelity.ablationIncrease() / setting.seeds().size();
      rows.add(row(seed, "transcoder", t));
      rows.add(row(seed, "autoencoder", s));
      if (figures.stream().noneMatch(f -> f instanceof Figure.Diagram)) {
        figures.add(diagram(model, transcoder, corpus));
      }
    }
    checks.add(Check.atMost("L0, larger over smaller, worst seed", worstSparsity, 1.1));
    checks.add(
        Check.atMost(
            "nats lost to the transcoder / to the autoencoder",
            transcoderCost / autoencoderCost,
            1.1));
    checks.add(
        Check.atMost(
            "nats lost to the transcoder / to mean ablation", transcoderCost / ablationCost, 0.3));
    figures.add(
        new Figure.Table(
            "tiny-text, second MLP, 768 features",
            List.of(
                "seed",
                "dictionary",
                "L0",
                "dead",
                "variance explained",
                "nats, model",
                "nats, mean",
                "nats, replaced",
                "recovered"),
            rows));
  }

  /**
   * Small batches at a high rate: an autoencoder is nearly as good after a quarter of the steps,
   * while a transcoder, which has to learn a function, goes on improving.
   */
  private static DictionaryTrainer.Settings training(long seed) {
    return DictionaryTrainer.Settings.defaults(768)
        .withLambda(1)
        .withTargetL0(48)
        .withSteps(8000)
        .withBatch(128)
        .withLearningRate(1e-2)
        .withSeed(seed);
  }

  private static Compared compare(Model model, Dictionary dictionary, int[][] heldOut) {
    return new Compared(
        Fidelity.of(model, dictionary, heldOut),
        DictionaryStatistics.of(dictionary, model, heldOut));
  }

  private static List<Object> row(long seed, String name, Compared c) {
    return List.of(
        seed,
        name,
        c.statistics.l0(),
        c.statistics.deadShare(),
        c.statistics.varianceExplained(),
        c.fidelity.original(),
        c.fidelity.ablated(),
        c.fidelity.replaced(),
        c.fidelity.recovered());
  }

  /** The circuit of the likeliest next character of a held-out text. */
  private static Figure diagram(Model model, Dictionary transcoder, CharCorpus corpus) {
    int[] prompt = java.util.Arrays.copyOf(corpus.validation(), 24);
    try (Scope scope = Scope.open()) {
      Map<Integer, Dictionary> all = new TreeMap<>();
      all.put(0, Transcoder.neurons(model, 0));
      all.put(LAYER, transcoder);
      all.put(2, Transcoder.neurons(model, 2));
      Model swapped = Transcoder.swap(model, all);
      Tensor logits = swapped.forward(LanguageModeling.tensor(new int[][] {prompt}));
      int last = prompt.length - 1;
      int likeliest = (int) logits.select(0, 0).select(0, last).argmax(0).item();
      FrozenPass pass = FrozenPass.of(swapped, prompt);
      Circuit circuit = new CircuitSearch(5, 8, 4).search(pass, pass.logit(likeliest, last));
      return circuit.diagram(
          "Logit of '%s' after '%s'"
              .formatted(corpus.vocabulary().token(likeliest), corpus.vocabulary().decode(prompt)),
          corpus.vocabulary().tokens(prompt));
    }
  }
}
