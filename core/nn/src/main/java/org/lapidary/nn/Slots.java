package org.lapidary.nn;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;
import org.lapidary.tensor.Tensor;

/** Fillings of the backbones' slots that are known by name. */
public final class Slots {
  private Slots() {}

  /**
   * Checks a name against those a slot knows.
   *
   * @throws IllegalArgumentException naming the slot and the names it knows
   */
  public static String check(String slot, String name, String... known) {
    if (!List.of(known).contains(name)) {
      throw new IllegalArgumentException(
          "the %s '%s' is not known; known are %s".formatted(slot, name, List.of(known)));
    }
    return name;
  }

  private record Known(Map<String, Fillings.Maker> tokens, Map<String, Fillings.Maker> channels) {}

  // asked for once: the standard fillings and those that other modules offer
  private static final Known KNOWN = known();

  private static Known known() {
    List<Fillings> all = new ArrayList<>(List.of(new StandardFillings()));
    ServiceLoader.load(Fillings.class).forEach(all::add);
    Map<String, Fillings.Maker> tokens = new TreeMap<>();
    Map<String, Fillings.Maker> channels = new TreeMap<>();
    for (Fillings f : all) {
      f.tokenMixers().forEach((name, maker) -> put(tokens, name, maker));
      f.channelMixers().forEach((name, maker) -> put(channels, name, maker));
    }
    return new Known(tokens, channels);
  }

  private static void put(Map<String, Fillings.Maker> all, String name, Fillings.Maker maker) {
    if (all.put(name, maker) != null) {
      throw new IllegalStateException("two fillings are named '" + name + "'");
    }
  }

  /** Names of token mixers; some take a size after a colon, as {@code pool:3}. */
  public static Set<String> tokenMixers() {
    return Collections.unmodifiableSet(KNOWN.tokens().keySet());
  }

  /** Names of channel mixers. */
  public static Set<String> channelMixers() {
    return Collections.unmodifiableSet(KNOWN.channels().keySet());
  }

  /** Checks the name of a token mixer and of a channel mixer ({@code none} is one). */
  static void checkMixers(String tokenMixer, String channelMixer) {
    find(KNOWN.tokens(), "token mixer", tokenMixer);
    if (!channelMixer.equals("none")) {
      find(KNOWN.channels(), "channel mixer", channelMixer);
    }
  }

  /** Whether a token mixer is some attention; its layer is then called {@code attn}. */
  static boolean isAttention(String tokenMixer) {
    return bare(tokenMixer).endsWith("attention");
  }

  static Layer newTokenMixer(BlockConfig config, int index) {
    return find(KNOWN.tokens(), "token mixer", config.mixer())
        .make(config, index, size(config.mixer()));
  }

  static Layer newChannelMixer(BlockConfig config, int index) {
    return find(KNOWN.channels(), "channel mixer", config.mlp())
        .make(config, index, size(config.mlp()));
  }

  private static Fillings.Maker find(Map<String, Fillings.Maker> known, String slot, String name) {
    Fillings.Maker maker = known.get(bare(name));
    if (maker == null) {
      throw new IllegalArgumentException(
          "the %s '%s' is not known; known are %s".formatted(slot, name, known.keySet()));
    }
    return maker;
  }

  private static String bare(String name) {
    int colon = name.indexOf(':');
    return colon < 0 ? name : name.substring(0, colon);
  }

  /** The whole number after the colon of a filling's name; 0 where there is none. */
  public static int size(String name) {
    int colon = name.indexOf(':');
    if (colon < 0) {
      return 0;
    }
    try {
      return Integer.parseInt(name.substring(colon + 1));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "after the colon of '" + name + "' a whole number is expected, as in pool:3", e);
    }
  }

  /** Names of activation functions, as in Hugging Face configurations. */
  public static final List<String> ACTIVATIONS =
      List.of(
          "relu",
          "gelu",
          "gelu_tanh",
          "silu",
          "relu2",
          "tanh",
          "sigmoid",
          "identity",
          "quick_gelu");

  /** Applies an activation function by name. */
  public static Tensor activate(String name, Tensor x) {
    return switch (name) {
      case "relu" -> x.relu();
      case "gelu" -> x.gelu();
      case "gelu_tanh" -> x.geluTanh();
      case "silu" -> x.silu();
      case "relu2" -> x.relu().square();
      case "tanh" -> x.tanh();
      case "sigmoid" -> x.sigmoid();
      case "quick_gelu" -> x.mul(x.mul(1.702).sigmoid());
      case "identity" -> x;
      default ->
          throw new IllegalArgumentException(
              "the activation '%s' is not known; known are %s".formatted(name, ACTIVATIONS));
    };
  }

  /** The name under which we know an activation of a Hugging Face configuration. */
  public static String activationName(String huggingFace) {
    return switch (huggingFace.toLowerCase(Locale.ROOT)) {
      case "gelu_new", "gelu_pytorch_tanh", "gelu_fast" -> "gelu_tanh";
      case "swish" -> "silu";
      case String other -> {
        if (!ACTIVATIONS.contains(other)) {
          throw new IllegalArgumentException(
              "the activation '%s' is not known; known are %s".formatted(other, ACTIVATIONS));
        }
        yield other;
      }
    };
  }
}
