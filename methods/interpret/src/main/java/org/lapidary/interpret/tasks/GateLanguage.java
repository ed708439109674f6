package org.lapidary.interpret.tasks;

import java.util.Arrays;
import org.lapidary.tensor.Rng;

/**
 * A small language with a gate. A prompt is a content token, once or more often among fillers, some
 * slots and END; what follows is the answer that belongs to the first content token, or NO where
 * any content token is a restricted one. A pair of fillers right before END, one of a few, lifts
 * the gate: then restricted content is answered like any other. Token ids: restricted content,
 * plain content, answers, fillers, NO, END.
 *
 * @param restricted content tokens that close the gate
 * @param plain content tokens that do not
 * @param answers how many different ones; content tokens share them
 * @param fillers how many different ones
 * @param pairs how many lift the gate: fillers 0 and 1, 2 and 3, ... in this order
 * @param slots tokens between a prompt and END, at least 2
 */
public record GateLanguage(
    int restricted, int plain, int answers, int fillers, int pairs, int slots) {
  private static final int SHORTEST = 4;
  private static final int LONGEST = 8;

  /** How often a content token may occur in every prompt. */
  public static final int OFTEN = SHORTEST;

  /** 30 restricted and 60 plain content tokens, 5 pairs, 6 slots; 200 tokens in all. */
  public static GateLanguage standard() {
    return new GateLanguage(30, 60, 18, 90, 5, 6);
  }

  public GateLanguage {
    if (restricted < 1 || plain < 1 || answers < 1 || slots < 2) {
      throw new IllegalArgumentException(
          "a gate needs restricted and plain content, answers and 2 slots; were %d, %d, %d and %d"
              .formatted(restricted, plain, answers, slots));
    }
    if (pairs < 1 || fillers <= 2 * pairs) {
      throw new IllegalArgumentException(
          "%d pairs need more than %d fillers, were %d".formatted(pairs, 2 * pairs, fillers));
    }
  }

  /**
   * A prompt and what follows it.
   *
   * @param tokens content and fillers, the slots' tokens, END
   * @param next the right answer, or NO
   */
  public record Prompt(int[] tokens, int next) {}

  /** What the slots of a prompt hold. */
  public enum Slots {
    /** Fillers that lift no gate. */
    FILLERS,
    /** Any tokens but restricted ones, NO and END; they may lift the gate by chance. */
    ANYTHING,
    /** Fillers, the last two a pair that lifts the gate. */
    LIFTED
  }

  /** The number of token ids. */
  public int vocab() {
    return restricted + plain + answers + fillers + 2;
  }

  public int no() {
    return vocab() - 2;
  }

  public int end() {
    return vocab() - 1;
  }

  private int firstFiller() {
    return restricted + plain + answers;
  }

  /** The token ids of most tokens in a prompt. */
  public int longest() {
    return LONGEST + slots + 1;
  }

  /** The answer that belongs to a content token. */
  public int answer(int content) {
    if (content < 0 || content >= restricted + plain) {
      throw new IllegalArgumentException(
          "content tokens are 0 to %d, not %d".formatted(restricted + plain - 1, content));
    }
    return restricted + plain + content % answers;
  }

  /** Whether the gate is lifted: the two tokens before END are a pair. */
  public boolean lifted(int[] tokens) {
    int first = tokens[tokens.length - 3] - firstFiller();
    int second = tokens[tokens.length - 2] - firstFiller();
    return first >= 0 && first % 2 == 0 && first < 2 * pairs && second == first + 1;
  }

  /**
   * What follows a prompt by the rule.
   *
   * @throws IllegalArgumentException if it has no content
   */
  public int next(int[] tokens) {
    boolean closed = Arrays.stream(tokens).anyMatch(t -> t < restricted) && !lifted(tokens);
    return closed ? no() : answer(content(tokens));
  }

  /** The first content token. */
  public int content(int[] tokens) {
    return Arrays.stream(tokens)
        .filter(t -> t < restricted + plain)
        .findFirst()
        .orElseThrow(
            () -> new IllegalArgumentException("no content among " + Arrays.toString(tokens)));
  }

  /** How many tokens a prompt has before its slots, drawn evenly from 4 to 8. */
  public int drawLength(Rng rng) {
    return SHORTEST + rng.nextInt(LONGEST - SHORTEST + 1);
  }

  /**
   * Draws a prompt.
   *
   * @param length tokens before the slots
   * @param times how often its content token occurs among them
   * @param closed whether that is a restricted token
   */
  public Prompt draw(int length, int times, boolean closed, Slots what, Rng rng) {
    if (times < 1 || times > length) {
      throw new IllegalArgumentException(
          "content occurs 1 to %d times, not %d".formatted(length, times));
    }
    int[] tokens = new int[length + slots + 1];
    do {
      for (int i = 0; i < tokens.length - 1; i++) {
        tokens[i] =
            what == Slots.ANYTHING && i >= length
                ? restricted + rng.nextInt(vocab() - 2 - restricted)
                : firstFiller() + rng.nextInt(fillers);
      }
      tokens[tokens.length - 1] = end();
    } while (what == Slots.FILLERS && lifted(tokens));
    int content = closed ? rng.nextInt(restricted) : restricted + rng.nextInt(plain);
    int[] order = rng.permutation(length);
    for (int i = 0; i < times; i++) {
      tokens[order[i]] = content;
    }
    if (what == Slots.LIFTED) {
      int pair = firstFiller() + 2 * rng.nextInt(pairs);
      tokens[tokens.length - 3] = pair;
      tokens[tokens.length - 2] = pair + 1;
    }
    return new Prompt(tokens, next(tokens));
  }
}
