package org.lapidary.assay.compare;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.lapidary.assay.Corpus;
import org.lapidary.evidence.Progress;
import org.lapidary.interpret.circuit.MlpSites;
import org.lapidary.interpret.dictionary.Activation;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.interpret.dictionary.DictionaryStatistics;
import org.lapidary.interpret.dictionary.DictionaryTrainer;
import org.lapidary.interpret.transcoder.Fidelity;
import org.lapidary.interpret.transcoder.Transcoder;
import org.lapidary.nn.Model;
import org.lapidary.train.LanguageModeling;

/**
 * Features for loss: sparse dictionaries of one block's MLP, as autoencoders of its output and as
 * transcoders from its input, with the activations there are. Each stands in the place of the MLP's
 * output when the loss is measured, so that all are judged by the same thing.
 */
final class DictionaryTask implements ComparisonTask {
  private static final List<String> ACTIVATIONS = List.of("relu", "topk", "gated", "jumprelu");
  private static final double THRESHOLD = 0.1; // where those of JumpReLU begin
  private static final int POOL = 65_536;
  private static final int MOST_FEATURES = 4096;

  /** As far from what was asked for as nobody would call it met. */
  private static final double FAR = 0.25;

  @Override
  public String id() {
    return "dictionaries";
  }

  @Override
  public String description() {
    return "features for loss: which sparse dictionary says most with few features";
  }

  @Override
  public Axes axes() {
    return new Axes("features a token", "features a token", "nats a token", "");
  }

  @Override
  public SortedMap<String, String> methods() {
    TreeMap<String, String> methods = new TreeMap<>();
    for (String activation : ACTIVATIONS) {
      methods.put("sae-" + activation, "autoencoder of the MLP's output, " + activation);
      methods.put("transcoder-" + activation, "from the MLP's input to its output, " + activation);
    }
    return methods;
  }

  @Override
  public List<String> usual() {
    return List.of("sae-relu", "sae-topk", "sae-gated", "sae-jumprelu", "transcoder-topk");
  }

  @Override
  public List<Double> budgets() {
    return List.of(4.0, 8.0, 16.0);
  }

  @Override
  public SortedMap<String, String> settings() {
    return new TreeMap<>(
        Map.of(
            "layer", "middle",
            "features", "8x",
            "steps", "500",
            "batch", "512",
            "texts", "32",
            "length", "128"));
  }

  @Override
  public Bench open(Question question, Progress progress) {
    Map<String, String> settings = question.settings();
    Model model = question.given();
    int layers = model.decoder().config().layers();
    int layer =
        "middle".equals(settings.get("layer"))
            ? layers / 2
            : ComparisonTask.whole(settings, "layer", 0);
    MlpSites.check(model, layer);
    int features =
        "8x".equals(settings.get("features"))
            ? Math.min(MOST_FEATURES, 8 * model.decoder().config().dModel())
            : ComparisonTask.whole(settings, "features", 1);
    for (double budget : question.budgets()) {
      if (budget > features) {
        throw new IllegalArgumentException(
            "of %d features, %s cannot fire; ask for fewer, or set features higher"
                .formatted(features, budget));
      }
    }
    Corpus corpus =
        Corpus.of(
            model,
            question.text(),
            ComparisonTask.whole(settings, "texts", 2),
            ComparisonTask.whole(settings, "length", 4),
            0);
    DictionaryTrainer.Settings training =
        DictionaryTrainer.Settings.defaults(features)
            .withSteps(ComparisonTask.whole(settings, "steps", 10))
            .withBatch(ComparisonTask.whole(settings, "batch", 1));
    return new Ruler(model, corpus, layer, training);
  }

  private record Ruler(Model model, Corpus corpus, int layer, DictionaryTrainer.Settings training)
      implements Bench {
    @Override
    public String source() {
      return "block %d, %d features, %s".formatted(layer, training.features(), corpus.source());
    }

    @Override
    public Trial.Measured reference() {
      int hidden = model.decoder().config().dMlp();
      return new Trial.Measured(
          hidden,
          LanguageModeling.losses(model, corpus.heldOut()),
          Double.NaN,
          Map.of("loss recovered", 1.0),
          true,
          "the MLP itself, with its %d hidden units".formatted(hidden));
    }

    @Override
    public boolean seedless(String method) {
      return false;
    }

    @Override
    public Trial trial(String method, double budget, long seed, Progress progress) {
      boolean autoencoder = method.startsWith("sae-");
      Activation activation =
          activation(method.substring(method.indexOf('-') + 1), budget, training.features());
      DictionaryTrainer.Settings settings = training.withSeed(seed).withActivation(activation);
      if (!(activation instanceof Activation.TopK)) {
        settings = settings.withTargetL0(budget);
      }
      Transcoder trainer = new Transcoder(settings, POOL);
      Progress inner = Progress.stoppable(progress::stopped);
      Dictionary dictionary =
          (autoencoder
                  ? trainer.trainAutoencoder(model, layer, corpus.training(), inner)
                  : trainer.train(model, layer, corpus.training(), inner))
              .dictionary();
      DictionaryStatistics statistics =
          DictionaryStatistics.of(dictionary, model, corpus.heldOut());
      Map<String, Double> extras = new LinkedHashMap<>();
      extras.put("loss recovered", Fidelity.of(model, dictionary, corpus.heldOut()).recovered());
      extras.put("variance explained", statistics.varianceExplained());
      extras.put("dead", statistics.deadShare());
      return new Trial.Measured(
          statistics.l0(),
          Fidelity.losses(model, dictionary, corpus.heldOut()),
          Double.NaN,
          extras,
          statistics.l0() <= budget * (1 + FAR),
          Math.abs(statistics.l0() / budget - 1) > FAR
              ? String.format(
                  Locale.ROOT,
                  "asked for %.3g features a token, came to %.3g",
                  budget,
                  statistics.l0())
              : "");
    }

    private static Activation activation(String name, double budget, int features) {
      return switch (name) {
        case "relu" -> new Activation.Relu();
        case "topk" -> new Activation.TopK(Math.max(1, Math.toIntExact(Math.round(budget))));
        case "gated" -> Activation.Gated.initial(features);
        case "jumprelu" -> Activation.JumpRelu.initial(features, THRESHOLD);
        default -> throw new IllegalStateException(name);
      };
    }
  }
}
