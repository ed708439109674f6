package org.lapidary.interpret.tasks;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.tensor.Rng;

/**
 * A small language in which one token decides another: a name somewhere among fillers, and at the
 * end a question about one of the name's attributes, whose answer is yes or no. Half of the names
 * have each attribute. Token ids: names first; then fillers, the questions, and for every question
 * its two answers, yes and no.
 *
 * @param has [attribute][name]
 * @param fillers how many different ones
 * @param length tokens of a prompt, the question included; at least 2
 */
public record NameAttributes(boolean[][] has, int fillers, int length) implements PromptTask {

  public NameAttributes {
    if (has.length < 1 || has[0].length < 2 || fillers < 1 || length < 2) {
      throw new IllegalArgumentException(
          "a language needs 1 attribute, 2 names, 1 filler and prompts of 2 tokens");
    }
  }

  /** Draws which half of the names has each attribute. */
  public static NameAttributes draw(int attributes, int names, int fillers, int length, Rng rng) {
    if (names % 2 != 0) {
      throw new IllegalArgumentException("names must be even, were " + names);
    }
    boolean[][] has = new boolean[attributes][names];
    for (boolean[] one : has) {
      int[] order = rng.permutation(names);
      for (int i = 0; i < names / 2; i++) {
        one[order[i]] = true;
      }
    }
    return new NameAttributes(has, fillers, length);
  }

  /**
   * Prompts.
   *
   * @param tokens [prompt][position]
   * @param at where the name stands in each
   * @param yes whether it has the attribute that is asked for
   * @param answers the ids of the right answers
   */
  public record Prompts(int[][] tokens, int[] at, boolean[] yes, int[] answers) {}

  public int attributes() {
    return has.length;
  }

  public int names() {
    return has[0].length;
  }

  public int question(int attribute) {
    return names() + fillers + attribute;
  }

  public int answer(int attribute, boolean yes) {
    return names() + fillers + attributes() + 2 * attribute + (yes ? 0 : 1);
  }

  /** The number of token ids. */
  public int vocab() {
    return names() + fillers + 3 * attributes();
  }

  /**
   * Draws prompts about any attribute.
   *
   * @param from names from this one on
   * @param to names below this one
   */
  public Prompts prompts(int count, int from, int to, Rng rng) {
    return prompts(count, -1, from, to, rng);
  }

  /** Draws prompts about one attribute; -1 for any. */
  public Prompts prompts(int count, int attribute, int from, int to, Rng rng) {
    if (from < 0 || from >= to || to > names() || attribute >= attributes()) {
      throw new IllegalArgumentException(
          "there are names 0 to %d and attributes 0 to %d, was asked for names %d to %d and attribute %d"
              .formatted(names() - 1, attributes() - 1, from, to - 1, attribute));
    }
    int[][] tokens = new int[count][length];
    int[] at = new int[count];
    boolean[] yes = new boolean[count];
    int[] answers = new int[count];
    for (int p = 0; p < count; p++) {
      for (int i = 0; i < length - 1; i++) {
        tokens[p][i] = names() + rng.nextInt(fillers);
      }
      int asked = attribute < 0 ? rng.nextInt(attributes()) : attribute;
      int name = from + rng.nextInt(to - from);
      at[p] = rng.nextInt(length - 1);
      tokens[p][at[p]] = name;
      tokens[p][length - 1] = question(asked);
      yes[p] = has[asked][name];
      answers[p] = answer(asked, yes[p]);
    }
    return new Prompts(tokens, at, yes, answers);
  }

  /**
   * The answers of a source that errs: each is the other one with some probability, so that a model
   * of it has a reason not to be certain.
   */
  public int[] mistaken(Prompts prompts, double probability, Rng rng) {
    int[] answers = prompts.answers().clone();
    for (int i = 0; i < answers.length; i++) {
      if (rng.nextDouble() < probability) {
        answers[i] += prompts.yes()[i] ? 1 : -1;
      }
    }
    return answers;
  }

  @Override
  public String name() {
    return "name attributes";
  }

  /** Corrupted prompts have a name of which the question is answered the other way. */
  @Override
  public List<PromptPair> pairs(int count, Rng rng) {
    Counts.positive(count, name());
    Prompts drawn = prompts(count, 0, names(), rng);
    List<PromptPair> pairs = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int[] clean = drawn.tokens()[i];
      int asked = clean[length - 1] - question(0);
      int other;
      do {
        other = rng.nextInt(names());
      } while (has[asked][other] == drawn.yes()[i]);
      int[] corrupted = clean.clone();
      corrupted[drawn.at()[i]] = other;
      pairs.add(
          new PromptPair(
              clean,
              corrupted,
              new int[] {drawn.answers()[i]},
              new int[] {answer(asked, !drawn.yes()[i])}));
    }
    return pairs;
  }
}
