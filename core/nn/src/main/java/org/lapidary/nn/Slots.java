package org.lapidary.nn;

import java.util.List;
import java.util.Locale;
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
