package org.lapidary.catalog;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.lapidary.nn.Nearest;

/** Parts of the field, in the order of METHODS.md. */
public enum Area {
  INTERPRET("Looking inside"),
  COMPRESS("Pruning and quantisation"),
  VERIFY("Verification, robustness, privacy"),
  TRANSFER("Merging, distillation, continual and federated learning"),
  NN("Layers and architectures"),
  TRAIN("Optimizers and learning rules"),
  THEORY("Theory that predicts"),
  DOMAINS("Models of particular fields");

  private final String heading;

  Area(String heading) {
    this.heading = heading;
  }

  public String heading() {
    return heading;
  }

  /** As typed: {@code interpret}. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  public static List<String> words() {
    return Arrays.stream(values()).map(Area::word).toList();
  }

  /**
   * The area of that word.
   *
   * @throws IllegalArgumentException naming the nearest area
   */
  public static Area of(String word) {
    for (Area area : values()) {
      if (area.word().equals(word)) {
        return area;
      }
    }
    throw new IllegalArgumentException(Nearest.sentence("area", word, words()));
  }
}
