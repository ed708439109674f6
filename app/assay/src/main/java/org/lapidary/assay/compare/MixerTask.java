package org.lapidary.assay.compare;

import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.lapidary.assay.Anatomy;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Model;
import org.lapidary.nn.Slots;
import org.lapidary.train.AdamW;
import org.lapidary.train.LanguageModeling;

/**
 * Work for loss: small decoders with one filling or another in the slot that mixes channels,
 * trained alike on the same text. Attention mixes the tokens in all of them.
 */
final class MixerTask implements ComparisonTask {
  /** Attention alone, to see what the channel mixer is worth. */
  private static final String NONE = "none";

  @Override
  public String id() {
    return "mixers";
  }

  @Override
  public String description() {
    return "work for loss: which channel mixer learns most from this text";
  }

  @Override
  public boolean needsModel() {
    return false;
  }

  @Override
  public Axes axes() {
    return new Axes("width of the stream", "FLOPs a token", "nats a token", "");
  }

  @Override
  public SortedMap<String, String> methods() {
    TreeMap<String, String> methods = new TreeMap<>();
    Slots.channelMixers().forEach(name -> methods.put(name, "the channel mixer " + name));
    methods.put(NONE, "attention alone");
    return methods;
  }

  @Override
  public List<String> usual() {
    return List.of("mlp", "gated", NONE);
  }

  @Override
  public List<Double> budgets() {
    return List.of(32.0, 64.0);
  }

  @Override
  public SortedMap<String, String> settings() {
    SortedMap<String, String> settings = SmallTraining.defaults();
    settings.remove("width");
    return settings;
  }

  @Override
  public Bench open(Question question, Progress progress) {
    int heads = ComparisonTask.whole(question.settings(), "heads", 1);
    for (double budget : question.budgets()) {
      if (budget != Math.rint(budget) || budget % heads != 0) {
        throw new IllegalArgumentException(
            "a width is a whole multiple of the %d heads, not %s".formatted(heads, budget));
      }
    }
    return new Ruler(SmallTraining.of(question.text(), question.settings()));
  }

  private record Ruler(SmallTraining small) implements Bench {
    @Override
    public String source() {
      return small.source();
    }

    @Override
    public Trial.Measured reference() {
      return small.reference();
    }

    @Override
    public boolean seedless(String method) {
      return false;
    }

    @Override
    public Trial trial(String method, double budget, long seed, Progress progress) {
      Map<String, String> settings = new TreeMap<>(small.settings());
      settings.put("width", String.valueOf(Math.round(budget)));
      DecoderConfig plain =
          new SmallTraining(
                  small.tokenizer(),
                  small.training(),
                  small.validation(),
                  small.heldOut(),
                  settings,
                  small.source())
              .config();
      DecoderConfig config =
          plain.withSlots(plain.norm(), plain.placement(), plain.mixer(), method);
      Model model =
          small.train(
              config,
              parameters -> new AdamW(parameters, new AdamW.Settings(0.9, 0.99, 1e-8, 0.01)),
              ComparisonTask.whole(settings, "steps", 10),
              ComparisonTask.number(settings, "rate"),
              seed,
              progress);
      if (model == null) {
        return new Trial.Refused("the training diverged; set rate lower");
      }
      Anatomy anatomy = Anatomy.of(model);
      return new Trial.Measured(
          anatomy.flopsPerToken(),
          LanguageModeling.losses(model, small.heldOut()),
          Trial.UNMEASURED,
          Map.of("parameters", (double) anatomy.parameters()),
          true,
          "");
    }
  }
}
