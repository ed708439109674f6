package org.lapidary.assay;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lapidary.data.Texts;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Progress;
import org.lapidary.interpret.circuit.InvariantView;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.interpret.dictionary.DictionaryStatistics;
import org.lapidary.interpret.dictionary.DictionaryTrainer;
import org.lapidary.interpret.dictionary.PairSource;
import org.lapidary.interpret.dictionary.Pairs;
import org.lapidary.interpret.dictionary.TopContexts;
import org.lapidary.interpret.features.FeatureIndexer;
import org.lapidary.interpret.transcoder.Fidelity;
import org.lapidary.interpret.transcoder.Transcoder;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Model;
import org.lapidary.nn.Tokenizer;
import org.lapidary.report.Block;
import org.lapidary.report.Section;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/** Sparse features of each MLP: a transcoder, and a sparse autoencoder of its output beside it. */
final class FeaturesStage {
  private FeaturesStage() {}

  /** Deeper models are looked into at evenly spaced blocks. */
  private static final int MOST_LAYERS = 6;

  private static final int MOST_FEATURES = 1024;
  private static final int BATCH = 512;
  private static final int POOL = 65_536;
  private static final int TIMED_STEPS = 40;
  private static final int TIMED_POOL = 4096;

  /** Dictionaries by block, how they were trained, and what they showed. */
  record Found(Map<Integer, Dictionary> transcoders, Transcoder trainer, Section section) {}

  static Found run(
      Model model,
      Corpus corpus,
      @Nullable String prompt,
      AssaySettings settings,
      Progress progress) {
    List<Integer> layers = layers(model);
    Transcoder trainer = trainer(model, settings);
    Map<Integer, Dictionary> transcoders = new LinkedHashMap<>();
    List<List<Object>> rows = new ArrayList<>();
    progress.begin("sparse features", 2L * layers.size());
    for (int layer : layers) {
      if (progress.stopped()) {
        break;
      }
      Dictionary transcoder =
          trainer.train(model, layer, corpus.training(), Progress.silent()).dictionary();
      transcoders.put(layer, transcoder);
      index(model, corpus, layer, transcoder, settings);
      rows.add(row(model, corpus, layer, "transcoder", transcoder));
      progress.step(rows.size(), "transcoder of block " + layer);
      Dictionary autoencoder =
          trainer.trainAutoencoder(model, layer, corpus.training(), Progress.silent()).dictionary();
      index(model, corpus, layer, autoencoder, settings);
      rows.add(row(model, corpus, layer, "SAE", autoencoder));
      progress.step(rows.size(), "SAE of block " + layer);
    }
    progress.end();
    return new Found(transcoders, trainer, section(model, corpus, prompt, transcoders, rows));
  }

  /** Keeps a dictionary and an index of its features, for the workbench to show. */
  private static void index(
      Model model, Corpus corpus, int layer, Dictionary dictionary, AssaySettings settings) {
    String kind = dictionary.autoencodes() ? "sae" : "transcoder";
    Path given = settings.model();
    Path path = given == null ? settings.out().resolve(Assay.ORIGINAL) : given;
    FeatureIndexer.defaults()
        .index(
            model,
            dictionary,
            Texts.of(corpus.training()),
            new FeatureIndexer.Origin(
                path.toAbsolutePath().normalize().toString(), corpus.source()),
            settings.out().resolve("features").resolve("block-%d-%s".formatted(layer, kind)),
            Progress.silent());
  }

  /**
   * About how many seconds the dictionaries of an assay take: some steps on random activations,
   * times the steps of a transcoder, an autoencoder and the two more of {@link Survivors}.
   */
  static double seconds(Model model, AssaySettings settings) {
    DictionaryTrainer.Settings training = trainer(model, settings).training();
    int d = model.decoder().config().dModel();
    DictionaryTrainer few = new DictionaryTrainer(training.withSteps(TIMED_STEPS));
    double best = Double.MAX_VALUE;
    try (Scope scope = Scope.open()) {
      Tensor drawn = new Rng(0).normal(1, TIMED_POOL, d);
      PairSource source =
          (tokens, rng) -> {
            Tensor some = drawn.slice(0, 0, Math.min(tokens, TIMED_POOL));
            return new Pairs(some, some);
          };
      for (int run = 0; run < 3; run++) {
        long start = System.nanoTime();
        few.train(source, Progress.silent());
        best = Math.min(best, (System.nanoTime() - start) / 1e9 / TIMED_STEPS);
      }
    }
    return 4.0 * layers(model).size() * training.steps() * best;
  }

  /**
   * How many indexes are kept: of a transcoder and of an autoencoder for each block looked into.
   */
  static int indexes(Model model) {
    return 2 * layers(model).size();
  }

  /** Features that fire on about one token in ten. */
  private static Transcoder trainer(Model model, AssaySettings settings) {
    int features = Math.min(MOST_FEATURES, 8 * model.decoder().config().dModel());
    DictionaryTrainer.Settings training =
        DictionaryTrainer.Settings.defaults(features)
            .withTargetL0(features / 10.0)
            .withSteps(settings.effort().dictionarySteps())
            .withBatch(BATCH)
            .withSeed(settings.seed());
    return new Transcoder(training, POOL);
  }

  private static List<Integer> layers(Model model) {
    DecoderConfig config = model.decoder().config();
    if (!config.placement().equals("pre") || config.mlp().equals("none")) {
      return List.of();
    }
    int n = config.layers();
    return IntStream.range(0, Math.min(n, MOST_LAYERS))
        .map(i -> n <= MOST_LAYERS ? i : (int) Math.round(i * (n - 1.0) / (MOST_LAYERS - 1)))
        .boxed()
        .toList();
  }

  private static int[][] few(Corpus corpus) {
    return Arrays.copyOf(corpus.heldOut(), Math.min(16, corpus.heldOut().length));
  }

  private static List<Object> row(
      Model model, Corpus corpus, int layer, String kind, Dictionary dictionary) {
    DictionaryStatistics s = DictionaryStatistics.of(dictionary, model, few(corpus));
    return List.of(
        layer,
        kind,
        dictionary.features(),
        Reports.round(s.l0()),
        Reports.round(s.varianceExplained()),
        Reports.round(Fidelity.of(model, dictionary, few(corpus)).recovered()),
        Reports.round(s.deadShare()));
  }

  private static Section section(
      Model model,
      Corpus corpus,
      @Nullable String prompt,
      Map<Integer, Dictionary> transcoders,
      List<List<Object>> rows) {
    if (rows.isEmpty()) {
      return new Section(
          "features",
          "Features",
          List.of(
              new Block.Text(
                  "No transcoders: they replace the MLPs of pre-norm blocks, and this model has none.")));
    }
    List<Block> blocks = new ArrayList<>(List.of(statistics(rows)));
    blocks.addAll(PromptCircuit.blocks(model, corpus, prompt, transcoders));
    for (var e : transcoders.entrySet()) {
      try (Scope scope = Scope.open()) {
        features(model, corpus, e.getKey(), e.getValue(), blocks);
      }
    }
    return new Section("features", "Features", blocks);
  }

  /** What one dictionary of a block is like: its statistics and some of its features. */
  static List<Block> look(Model model, Corpus corpus, int layer, Dictionary dictionary) {
    String kind = dictionary.autoencodes() ? "SAE" : "transcoder";
    List<Block> blocks =
        new ArrayList<>(List.of(statistics(List.of(row(model, corpus, layer, kind, dictionary)))));
    try (Scope scope = Scope.open()) {
      features(model, corpus, layer, dictionary, blocks);
    }
    return blocks;
  }

  private static Block statistics(List<List<Object>> rows) {
    return new Block.FigureBlock(
        new Figure.Table(
            "Transcoders and sparse autoencoders",
            List.of(
                "block", "kind", "features", "L0", "variance explained", "loss recovered", "dead"),
            rows),
        "L0: features that fire on a token. Loss recovered: 1 if the model loses nothing when the MLP is replaced, 0 if it loses as much as with its mean.");
  }

  /** The features that fire with the largest spread: contexts and the tokens they speak for. */
  private static void features(
      Model model, Corpus corpus, int layer, Dictionary dictionary, List<Block> blocks) {
    DictionaryStatistics s = DictionaryStatistics.of(dictionary, model, few(corpus));
    int[] chosen =
        IntStream.range(0, dictionary.features())
            .filter(f -> s.firingRates()[f] > 0.002 && s.firingRates()[f] < 0.05)
            .boxed()
            .sorted(Comparator.comparingDouble((Integer f) -> -s.firingRates()[f]))
            .limit(3)
            .mapToInt(Integer::intValue)
            .toArray();
    if (chosen.length == 0) {
      return;
    }
    TopContexts contexts = TopContexts.of(dictionary, model, few(corpus), chosen, 3, 8);
    InvariantView view = new InvariantView(model);
    List<List<Object>> effects = new ArrayList<>();
    for (int f : chosen) {
      blocks.add(new Block.FigureBlock(contexts.figure(f, model.tokenizer())));
      Tensor effect = view.logitEffect(dictionary, f);
      effects.add(
          List.of(
              f,
              Reports.round(s.firingRates()[f]),
              tokens(model, effect, true),
              tokens(model, effect, false)));
    }
    blocks.add(
        new Block.FigureBlock(
            new Figure.Table(
                "Block %d: direct effect of these features on the logits".formatted(layer),
                List.of("feature", "firing rate", "speaks for", "speaks against"),
                effects)));
  }

  /** The tokens whose logits a feature raises or lowers most. */
  private static String tokens(Model model, Tensor effect, boolean up) {
    Tokenizer tokenizer = model.tokenizer();
    return InvariantView.top(up ? effect : effect.neg(), 5).stream()
        .map(t -> tokenizer == null ? "" + t.token() : "“" + tokenizer.token(t.token()) + "”")
        .collect(Collectors.joining(" "));
  }
}
