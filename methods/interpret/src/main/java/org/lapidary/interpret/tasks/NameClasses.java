package org.lapidary.interpret.tasks;

import org.lapidary.tensor.Rng;

/**
 * A small language in which one token decides another: a name somewhere among fillers, and at the
 * end a question, whose answer says which of two classes the name is of. Token ids: names first,
 * the first half of them of class A; then fillers, the question, and the answers A and B.
 *
 * @param names how many, even
 * @param fillers how many different ones
 * @param length tokens of a prompt, the question included; at least 2
 */
public record NameClasses(int names, int fillers, int length) {

  public NameClasses {
    if (names < 2 || names % 2 != 0 || fillers < 1 || length < 2) {
      throw new IllegalArgumentException(
          "a language needs an even number of names from 2, 1 filler and prompts of 2 tokens, were %d, %d and %d"
              .formatted(names, fillers, length));
    }
  }

  /**
   * Prompts.
   *
   * @param tokens [prompt][position]
   * @param at where the name stands in each
   * @param ofA whether it is of class A
   */
  public record Prompts(int[][] tokens, int[] at, boolean[] ofA) {
    /** The ids of the right answers. */
    public int[] answers(NameClasses language) {
      int[] answers = new int[ofA.length];
      for (int i = 0; i < answers.length; i++) {
        answers[i] = ofA[i] ? language.answerA() : language.answerB();
      }
      return answers;
    }
  }

  public int question() {
    return names + fillers;
  }

  public int answerA() {
    return names + fillers + 1;
  }

  public int answerB() {
    return names + fillers + 2;
  }

  /** The number of token ids. */
  public int vocab() {
    return names + fillers + 3;
  }

  /** Whether a name is of class A. */
  public boolean ofA(int name) {
    return name < names / 2;
  }

  /**
   * Draws prompts, names of a class evenly.
   *
   * @param from names of each class that are not used, the first ones
   * @param to names up to this index in their class are
   */
  public Prompts draw(int prompts, int from, int to, Rng rng) {
    if (from < 0 || from >= to || to > names / 2) {
      throw new IllegalArgumentException(
          "each class has names 0 to %d, was asked for %d to %d"
              .formatted(names / 2 - 1, from, to - 1));
    }
    int[][] tokens = new int[prompts][length];
    int[] at = new int[prompts];
    boolean[] ofA = new boolean[prompts];
    for (int p = 0; p < prompts; p++) {
      for (int i = 0; i < length - 1; i++) {
        tokens[p][i] = names + rng.nextInt(fillers);
      }
      at[p] = rng.nextInt(length - 1);
      ofA[p] = rng.nextInt(2) == 0;
      tokens[p][at[p]] = from + rng.nextInt(to - from) + (ofA[p] ? 0 : names / 2);
      tokens[p][length - 1] = question();
    }
    return new Prompts(tokens, at, ofA);
  }
}
