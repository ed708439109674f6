package org.lapidary.interpret.depth;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.lapidary.data.CharCorpus;
import org.lapidary.data.generate.SmallLanguage;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Progress;
import org.lapidary.evidence.Reproduction;
import org.lapidary.nn.Activations;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.AdamW;
import org.lapidary.train.Fixtures;
import org.lapidary.train.LanguageModeling;
import org.lapidary.train.Schedule;
import org.lapidary.train.Trainer;

/**
 * Character models of 4 and 8 layers on tiny-shakespeare: the future effect of skipping layers, and
 * linear maps from the shallow to the deep one. The smoke run takes the generated language and
 * shorter training.
 */
public final class DepthEfficiencyReproduction implements Reproduction {
  private static final int WIDTH = 64;
  private static final int CONTEXT = 64;
  private static final int BATCH = 12;

  @Override
  public List<Long> defaultSeeds(Size size) {
    return size == Size.FULL ? List.of(0L, 1L) : List.of(0L);
  }

  private record Corpus(String name, int vocab, int[] train, int[] heldOut) {}

  @Override
  public Outcome run(Setting setting) {
    Corpus corpus = corpus(setting.full());
    long steps = setting.full() ? 1000 : 60;
    int deep = setting.full() ? 8 : 4;
    List<Double> off = new ArrayList<>();
    List<Double> shuffled = new ArrayList<>();
    List<Double> rank = new ArrayList<>();
    List<Double> ratio = new ArrayList<>();
    List<Double> knee = new ArrayList<>();
    List<Figure> figures = new ArrayList<>();
    for (long seed : setting.seeds()) {
      Model a = trained(corpus, deep / 2, steps, seed, setting.progress());
      Model b = trained(corpus, deep, steps, seed, setting.progress());
      int[][] all = LanguageModeling.cut(corpus.heldOut(), CONTEXT);
      int[][] texts = Arrays.copyOf(all, Math.min(all.length, setting.full() ? 64 : 16));
      StitchMap map = StitchMap.fit(streams(a, texts), streams(b, texts), 1e-3);
      off.add(map.offDiagonal());
      rank.add(map.spearman());
      shuffled.add(shuffledControl(map, new Rng(seed).fork(5)));
      DepthReport report =
          DepthReport.of(b, Arrays.copyOf(texts, Math.min(texts.length, 32)), new Rng(seed));
      ratio.add(halves(report.outputFuture()));
      knee.add((double) report.knee());
      if (figures.isEmpty()) {
        figures.add(heat(map));
        figures.add(curves(report));
      }
    }
    List<Check> checks = new ArrayList<>();
    if (setting.full()) {
      checks.add(Check.atMost("mean |i*/L_A - j/L_B|", mean(off), 0.15));
      checks.add(Check.atLeast("Spearman(i*, j)", mean(rank), 0.85));
      checks.add(Check.greater("mean |i*/L_A - j/L_B| of shuffled layers", mean(shuffled), 0.25));
    } else {
      checks.add(
          Check.greater(
              "distance from the diagonal, shuffled layers minus layers in order",
              mean(shuffled) - mean(off),
              0));
    }
    checks.add(
        Check.less("future effect, second half of the layers over the first", mean(ratio), 1));
    checks.add(Check.reported("knee layer of the deep model", mean(knee)));
    return new Outcome(checks, figures);
  }

  private static Corpus corpus(boolean full) {
    if (full) {
      CharCorpus chars = CharCorpus.tinyShakespeare();
      return new Corpus(
          "tiny-shakespeare", chars.vocabulary().vocab(), chars.train(), chars.validation());
    }
    return new Corpus(
        "small language",
        SmallLanguage.vocabulary().vocab(),
        SmallLanguage.stream(30_000, 0),
        SmallLanguage.stream(3_000, 1));
  }

  @Override
  public List<String> data() {
    return List.of("tinyshakespeare");
  }

  private static Model trained(
      Corpus corpus, int layers, long steps, long seed, Progress progress) {
    DecoderConfig config = DecoderConfig.gpt(corpus.vocab(), WIDTH, layers, 4, CONTEXT, "gelu");
    Layer layer = config.build();
    Model model = new Model(config, layer, null);
    Fixtures.train(
        layer,
        "depth-efficiency %s %s steps %d batch %d seed %d"
            .formatted(corpus.name(), config, steps, BATCH, seed),
        l -> {
          l.initialise(new Rng(seed));
          try (AdamW adam = new AdamW(Trainer.parameters(l), AdamW.Settings.adam())) {
            new Trainer(
                    l,
                    adam,
                    LanguageModeling.task(model, corpus.train(), BATCH, CONTEXT - 1),
                    Trainer.Settings.of(steps, Schedule.cosine(2e-3, 50, steps, 1e-4), seed)
                        .withClip(1))
                .run(progress);
          }
        });
    layer.requiresGrad(false);
    return model;
  }

  /** The stream before the first block and after each, [tokens, dModel]. */
  private static List<Tensor> streams(Model model, int[][] texts) {
    List<Tensor> streams = new ArrayList<>();
    try (Scope scope = Scope.open()) {
      Activations acts =
          model.capture(
              LanguageModeling.tensor(texts), "{blocks.0.hook_resid_pre,blocks.*.hook_resid_post}");
      for (String site : acts.sites()) {
        streams.add(scope.keep(acts.at(site).reshape(-1, acts.at(site).size(-1)).copy()));
      }
    }
    return streams;
  }

  /** The control: the shallow model's layers in random orders. */
  private static double shuffledControl(StitchMap map, Rng rng) {
    double sum = 0;
    int orders = 20;
    for (int r = 0; r < orders; r++) {
      int[] order = rng.permutation(map.error().length);
      double[][] error = new double[order.length][];
      for (int i = 0; i < order.length; i++) {
        error[i] = map.error()[order[i]];
      }
      sum += new StitchMap(error).offDiagonal();
    }
    return sum / orders;
  }

  private static double halves(double[] effects) {
    int half = effects.length / 2;
    double first = Arrays.stream(effects, 0, half).average().orElse(Double.NaN);
    double second = Arrays.stream(effects, half, effects.length).average().orElse(Double.NaN);
    return second / first;
  }

  private static double mean(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN);
  }

  private static Figure heat(StitchMap map) {
    return new Figure.Heatmap(
        "Unexplained share of the deep model's streams, by linear maps from the shallow one",
        "layer of the deep model",
        "layer of the shallow model",
        names(map.error()[0].length),
        names(map.error().length),
        map.error());
  }

  private static List<String> names(int n) {
    return IntStream.range(0, n).mapToObj(Integer::toString).toList();
  }

  private static Figure curves(DepthReport report) {
    double[] x = IntStream.range(0, report.outputSkip().length).asDoubleStream().toArray();
    return new Figure.Lines(
        "Change of the output probabilities when a layer is skipped",
        "layer",
        "2-norm",
        List.of(
            new Figure.Series("everywhere", x, report.outputSkip()),
            new Figure.Series("at later tokens only", x, report.outputFuture())));
  }
}
