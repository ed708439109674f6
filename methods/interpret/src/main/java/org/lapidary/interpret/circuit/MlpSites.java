package org.lapidary.interpret.circuit;

import org.lapidary.interpret.dictionary.DictionaryLayer;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.GatedMlp;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Mlp;
import org.lapidary.nn.Model;

/** Where the MLPs of a pre-norm decoder are read and written. */
public final class MlpSites {
  private MlpSites() {}

  /** The site of what a layer's MLP reads: the stream after the norm. */
  public static String input(Model model, int layer) {
    check(model, layer);
    String mlp = "blocks." + layer + ".mlp";
    return switch (model.layer().layer(mlp)) {
      case Mlp ignored -> mlp + ".in.hook_in";
      case GatedMlp ignored -> mlp + ".gate.hook_in";
      case DictionaryLayer ignored -> mlp + ".hook_in";
      case Layer other ->
          throw new IllegalArgumentException(
              "'%s' is a %s; transcoders know plain and gated MLPs"
                  .formatted(mlp, other.getClass().getSimpleName()));
    };
  }

  /** The site of what a layer's MLP adds to the stream. */
  public static String output(Model model, int layer) {
    check(model, layer);
    return "blocks." + layer + ".hook_mlp_out";
  }

  /**
   * @throws IllegalArgumentException if there is no such layer, or no MLP in it
   */
  public static void check(Model model, int layer) {
    requirePreNorm(model);
    if (!has(model)) {
      throw new IllegalArgumentException("this model has no MLPs");
    }
    int layers = model.decoder().blocks().size();
    if (layer < 0 || layer >= layers) {
      throw new IllegalArgumentException(
          "layer %d does not exist; the model has layers 0 to %d".formatted(layer, layers - 1));
    }
  }

  /** Whether the blocks have MLPs. */
  static boolean has(Model model) {
    return !model.decoder().config().mlp().equals("none");
  }

  /**
   * @throws IllegalArgumentException if the blocks are not pre-norm
   */
  public static void requirePreNorm(Model model) {
    DecoderConfig config = model.decoder().config();
    if (!config.placement().equals("pre")) {
      throw new IllegalArgumentException(
          "circuits are traced in decoders with pre-norm blocks; this one has placement '%s'"
              .formatted(config.placement()));
    }
  }
}
