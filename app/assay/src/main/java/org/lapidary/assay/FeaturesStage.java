package org.lapidary.assay;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Progress;
import org.lapidary.interpret.dictionary.ActivationBuffer;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.interpret.dictionary.DictionaryStatistics;
import org.lapidary.interpret.dictionary.DictionaryTrainer;
import org.lapidary.interpret.dictionary.Pairs;
import org.lapidary.interpret.dictionary.TopContexts;
import org.lapidary.nn.Block;
import org.lapidary.nn.Decoder;
import org.lapidary.nn.GatedMlp;
import org.lapidary.nn.Intervention;
import org.lapidary.nn.Mlp;
import org.lapidary.nn.Model;
import org.lapidary.nn.Tokenizer;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.report.Section;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/** Sparse features of each MLP: a transcoder, and a sparse autoencoder of its output beside it. */
final class FeaturesStage {
  private FeaturesStage() {}

  /** Deeper models are looked into at evenly spaced blocks. */
  private static final int MOST_LAYERS = 6;

  private static final int STEPS = 300;
  private static final int BATCH = 512;
  private static final double SURVIVES = 0.7;

  /** Dictionaries by block, and what they showed. */
  record Found(Model model, Map<Integer, Dictionary> transcoders, Section section) {

    /** How many features are still there in a slimmed model, on the same tokens. */
    List<org.lapidary.report.Block> survivors(Model slimmed, Corpus corpus) {
      int[][] texts = Arrays.copyOf(corpus.heldOut(), Math.min(32, corpus.heldOut().length));
      List<List<Object>> rows = new ArrayList<>();
      int alive = 0;
      int kept = 0;
      for (var e : transcoders.entrySet()) {
        double[] correlations = correlations(model, slimmed, e.getValue(), texts);
        int living = (int) Arrays.stream(correlations).filter(c -> !Double.isNaN(c)).count();
        int same = (int) Arrays.stream(correlations).filter(c -> c >= SURVIVES).count();
        double mean = Arrays.stream(correlations).filter(c -> !Double.isNaN(c)).average().orElse(0);
        rows.add(List.of(e.getKey(), living, same, Reports.round(mean)));
        alive += living;
        kept += same;
      }
      return List.of(
          new org.lapidary.report.Block.Text(
              "%d of %d features survive: their activations on the same tokens correlate at %s or more between the models."
                  .formatted(kept, alive, SURVIVES)),
          new org.lapidary.report.Block.FigureBlock(
              new Figure.Table(
                  "Features in the slimmed model",
                  List.of("block", "features that fire", "survive", "mean correlation"),
                  rows)));
    }
  }

  static @Nullable Found run(
      Model model, Corpus corpus, @Nullable String prompt, long seed, Progress progress) {
    Decoder decoder = model.decoder();
    List<Integer> layers = layers(decoder);
    if (layers.isEmpty()) {
      return null;
    }
    Map<Integer, Dictionary> transcoders = new LinkedHashMap<>();
    List<List<Object>> rows = new ArrayList<>();
    double loss = LanguageModeling.evaluate(model, few(corpus)).mean();
    progress.begin("sparse features", layers.size());
    for (int i = 0; i < layers.size() && !progress.stopped(); i++) {
      int layer = layers.get(i);
      String in = inputSite(decoder.blocks().get(layer), layer);
      String out = "blocks." + layer + ".hook_mlp_out";
      DictionaryTrainer.Settings settings =
          DictionaryTrainer.Settings.defaults(Math.min(1024, 8 * decoder.config().dModel()))
              .withSteps(STEPS)
              .withBatch(BATCH)
              .withSeed(seed);
      try (ActivationBuffer buffer =
          new ActivationBuffer(model, in, out, corpus.calibration(), 65_536, seed)) {
        DictionaryTrainer trainer = new DictionaryTrainer(settings);
        Dictionary transcoder = trainer.train(buffer, in, out, Progress.silent()).dictionary();
        Dictionary autoencoder =
            trainer.train(buffer.outputs(), out, out, Progress.silent()).dictionary();
        transcoders.put(layer, transcoder);
        double ablated = lossWith(model, Intervention.meanAblate(out), corpus);
        rows.add(row(model, corpus, layer, "transcoder", transcoder, loss, ablated));
        rows.add(row(model, corpus, layer, "SAE", autoencoder, loss, ablated));
      }
      progress.step(i + 1L, "block " + layer);
    }
    progress.end();
    return new Found(model, transcoders, section(model, corpus, prompt, transcoders, rows));
  }

  private static List<Integer> layers(Decoder decoder) {
    int n = decoder.config().layers();
    return IntStream.range(0, Math.min(n, MOST_LAYERS))
        .map(i -> n <= MOST_LAYERS ? i : (int) Math.round(i * (n - 1.0) / (MOST_LAYERS - 1)))
        .filter(l -> !inputSite(decoder.blocks().get(l), l).isEmpty())
        .boxed()
        .toList();
  }

  /** Where an MLP's normalised input passes. */
  private static String inputSite(Block block, int layer) {
    UnaryLayer mlp = block.mlp();
    return switch (mlp) {
      case Mlp ignored -> "blocks." + layer + ".mlp.in.hook_in";
      case GatedMlp ignored -> "blocks." + layer + ".mlp.gate.hook_in";
      case null -> "";
      default -> "";
    };
  }

  private static int[][] few(Corpus corpus) {
    return Arrays.copyOf(corpus.heldOut(), Math.min(16, corpus.heldOut().length));
  }

  private static double lossWith(Model model, Intervention change, Corpus corpus) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor tokens = LanguageModeling.tensor(few(corpus));
      return LanguageModeling.nats(model.with(change).forward(tokens), tokens).mean().item();
    }
  }

  private static List<Object> row(
      Model model,
      Corpus corpus,
      int layer,
      String kind,
      Dictionary dictionary,
      double loss,
      double ablated) {
    DictionaryStatistics s = DictionaryStatistics.of(dictionary, model, few(corpus));
    double with = lossWith(model, dictionary.splice(), corpus);
    return List.of(
        layer,
        kind,
        dictionary.features(),
        Reports.round(s.l0()),
        Reports.round(s.varianceExplained()),
        Reports.round((ablated - with) / (ablated - loss)),
        Reports.round(s.deadShare()));
  }

  private static Section section(
      Model model,
      Corpus corpus,
      @Nullable String prompt,
      Map<Integer, Dictionary> transcoders,
      List<List<Object>> rows) {
    List<org.lapidary.report.Block> blocks = new ArrayList<>();
    blocks.add(
        new org.lapidary.report.Block.FigureBlock(
            new Figure.Table(
                "Transcoders and sparse autoencoders",
                List.of(
                    "block",
                    "kind",
                    "features",
                    "L0",
                    "variance explained",
                    "loss recovered",
                    "dead"),
                rows),
            "L0: features that fire on a token. Loss recovered: 1 if the model loses nothing when the MLP is replaced, 0 if it loses as much as with its mean."));
    for (var e : transcoders.entrySet()) {
      try (Scope scope = Scope.open()) {
        features(model, corpus, e.getKey(), e.getValue(), blocks);
      }
    }
    Tokenizer tokenizer = model.tokenizer();
    if (prompt != null && tokenizer != null) {
      blocks.add(
          new org.lapidary.report.Block.FigureBlock(
              atPrompt(model, tokenizer, prompt, transcoders),
              "The input-dependent factor is how strongly the feature fires here; the input-invariant one is its direction's product with the token's unembedding."));
    }
    return new Section("features", "Features", blocks);
  }

  /** The features that fire with the largest spread: contexts and the tokens they speak for. */
  private static void features(
      Model model,
      Corpus corpus,
      int layer,
      Dictionary dictionary,
      List<org.lapidary.report.Block> blocks) {
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
    List<List<Object>> effects = new ArrayList<>();
    for (int f : chosen) {
      blocks.add(new org.lapidary.report.Block.FigureBlock(contexts.figure(f, model.tokenizer())));
      effects.add(
          List.of(
              f,
              Reports.round(s.firingRates()[f]),
              tokens(model, dictionary, f, true),
              tokens(model, dictionary, f, false)));
    }
    blocks.add(
        new org.lapidary.report.Block.FigureBlock(
            new Figure.Table(
                "Block %d: direct effect of these features on the logits".formatted(layer),
                List.of("feature", "firing rate", "speaks for", "speaks against"),
                effects)));
  }

  /** The unembedding with the final norm's gain folded in, [vocab, dModel]. */
  private static Tensor reader(Model model) {
    Decoder decoder = model.decoder();
    return decoder.unembedding().detach().mul(decoder.lnFinal().gain().detach());
  }

  private static String tokens(Model model, Dictionary dictionary, int feature, boolean up) {
    Tensor effect = reader(model).matmul(dictionary.direction(feature).reshape(-1, 1)).squeeze(1);
    int[] best =
        (up ? effect : effect.neg()).topk(Math.min(5, effect.size(0)), 0).indices().toInts();
    Tokenizer tokenizer = model.tokenizer();
    return Arrays.stream(best)
        .mapToObj(id -> tokenizer == null ? "" + id : "“" + tokenizer.token(id) + "”")
        .collect(Collectors.joining(" "));
  }

  /** Which features push the likeliest next token of a prompt. */
  private static Figure atPrompt(
      Model model, Tokenizer tokenizer, String prompt, Map<Integer, Dictionary> transcoders) {
    int[] text = tokenizer.encode(prompt);
    int[] ids = new int[text.length + 1];
    ids[0] = Corpus.start(model);
    System.arraycopy(text, 0, ids, 1, text.length);
    org.lapidary.nn.Sampler.check(model.decoder(), ids);
    List<List<Object>> rows = new ArrayList<>();
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor tokens = Tensor.of(ids, 1, ids.length);
      int next = (int) model.forward(tokens).select(1, -1).argmax(-1).item();
      Tensor wanted = reader(model).slice(0, next, next + 1).reshape(-1, 1);
      for (var e : transcoders.entrySet()) {
        Pairs pairs =
            ActivationBuffer.harvest(
                model, e.getValue().inputSite(), e.getValue().outputSite(), new int[][] {ids});
        float[] z = e.getValue().encode(pairs.input()).select(0, -1).toFloats();
        for (int f = 0; f < z.length; f++) {
          if (z[f] > 0) {
            double invariant = e.getValue().direction(f).reshape(1, -1).matmul(wanted).item();
            rows.add(
                List.of(
                    e.getKey(),
                    f,
                    Reports.round(z[f]),
                    Reports.round(invariant),
                    Reports.round(z[f] * invariant)));
          }
        }
      }
      rows.sort(
          Comparator.comparingDouble(
              (List<Object> r) -> -Math.abs(((Number) r.get(4)).doubleValue())));
      return new Figure.Table(
          "Features behind “%s” after “%s”".formatted(tokenizer.token(next), prompt),
          List.of("block", "feature", "activation (this input)", "weight (any input)", "product"),
          rows.subList(0, Math.min(15, rows.size())));
    }
  }

  /** Correlation of each feature's activations in two models; NaN where it fires in neither. */
  private static double[] correlations(Model a, Model b, Dictionary dictionary, int[][] texts) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor x = activations(a, dictionary, texts);
      Tensor y = activations(b, dictionary, texts);
      Tensor u = x.sub(x.mean(true, 0));
      Tensor v = y.sub(y.mean(true, 0));
      Tensor norms = u.norm(false, 0).mul(v.norm(false, 0));
      double[] products = u.mul(v).sum(false, 0).toDoubles();
      double[] scale = norms.toDoubles();
      double[] first = u.norm(false, 0).toDoubles();
      double[] result = new double[products.length];
      for (int f = 0; f < result.length; f++) {
        result[f] = first[f] == 0 ? Double.NaN : scale[f] == 0 ? 0 : products[f] / scale[f];
      }
      return result;
    }
  }

  private static Tensor activations(Model model, Dictionary dictionary, int[][] texts) {
    List<Tensor> parts = new ArrayList<>();
    for (int from = 0; from < texts.length; from += 16) {
      int[][] part = Arrays.copyOfRange(texts, from, Math.min(texts.length, from + 16));
      Pairs pairs =
          ActivationBuffer.harvest(model, dictionary.inputSite(), dictionary.outputSite(), part);
      parts.add(dictionary.encode(pairs.input()).to(DType.FLOAT64));
    }
    return Tensor.concat(0, parts);
  }
}
