package org.lapidary.assay.compare;

import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import org.lapidary.evidence.Progress;

/**
 * A question with several methods for an answer. What it costs lies on one axis, what is lost on
 * the other; both are the better the less they are.
 */
public interface ComparisonTask {
  /** Its name on the command line. */
  String id();

  /** What is traded for what, in a sentence. */
  String description();

  /** Whether methods work on a given model; else they train their own on a text. */
  default boolean needsModel() {
    return true;
  }

  /** What a method gives and takes. */
  Axes axes();

  /** Methods by name, each with a few words. */
  SortedMap<String, String> methods();

  /** Those compared if nobody says which. */
  List<String> usual();

  /** Budgets asked for if nobody says which. */
  List<Double> budgets();

  /**
   * Reads a budget.
   *
   * @throws IllegalArgumentException naming the allowed forms
   */
  default double budget(String text) {
    try {
      return Double.parseDouble(text.strip());
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "the budget '%s' (%s) is not a number".formatted(text, axes().budget()), e);
    }
  }

  /** Settings with their values if nobody changes them. */
  SortedMap<String, String> settings();

  /**
   * Prepares what all methods share.
   *
   * @throws IllegalArgumentException if the question cannot be answered, saying why
   */
  Bench open(Question question, Progress progress);

  /**
   * Names and units.
   *
   * @param budget what is asked for ("share of the float32 bytes")
   * @param cost what it came to ("bytes of the block matrices")
   * @param quality the loss on each text ("nats a token")
   * @param speed what is gained, the more the better ("times the tokens a second of float32"), or
   *     empty where the task measures none
   */
  record Axes(String budget, String cost, String quality, String speed) {}

  /**
   * What all methods share: the model, the texts, and the point that everything is compared with.
   */
  interface Bench {
    /** The point without any method: its cost and its loss on each text. */
    Trial.Measured reference();

    /**
     * Whether a method gives the same whatever the seed; it is then run once.
     *
     * @param method of the task
     */
    boolean seedless(String method);

    /**
     * Runs a method.
     *
     * @param budget what is asked for
     */
    Trial trial(String method, double budget, long seed, Progress progress);

    /** What the texts are, in words. */
    String source();
  }

  /** A setting as a whole number. */
  static int whole(Map<String, String> settings, String name, int least) {
    String text = settings.getOrDefault(name, "");
    try {
      int value = Integer.parseInt(text);
      if (value >= least) {
        return value;
      }
    } catch (NumberFormatException e) {
      // told below
    }
    throw new IllegalArgumentException(
        "the setting %s is a whole number from %d, not '%s'".formatted(name, least, text));
  }

  /** A setting as a number above 0. */
  static double number(Map<String, String> settings, String name) {
    String text = settings.getOrDefault(name, "");
    try {
      double value = Double.parseDouble(text);
      if (value > 0 && value < Double.POSITIVE_INFINITY) {
        return value;
      }
    } catch (NumberFormatException e) {
      // told below
    }
    throw new IllegalArgumentException(
        "the setting %s is a number above 0, not '%s'".formatted(name, text));
  }
}
