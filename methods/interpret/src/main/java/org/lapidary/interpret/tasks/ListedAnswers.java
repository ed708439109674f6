package org.lapidary.interpret.tasks;

import java.util.Arrays;
import org.lapidary.tensor.Rng;

/**
 * Questions with many right answers, which can be asked for others than some: "Q q :" and "Q q not
 * a1 ... aj :". Answers are entities, of which every category has as many; a question's answers are
 * some of each of a few categories, one of which is likelier than the next. "C c" comes before any
 * entity of a category, so that entities of a category occur in equal contexts. Token ids:
 * entities, category by category; questions; contexts; Q, not, C and the colon.
 *
 * @param perCategory entities of a category
 * @param answers [question][rank], those of the likeliest category first
 * @param shares of the categories of a question's answers, which sum to 1
 * @param contexts how many tokens each category has for its context
 */
public record ListedAnswers(
    int categories, int perCategory, int[][] answers, double[] shares, int contexts) {

  public ListedAnswers {
    if (categories < shares.length || perCategory < 1 || contexts < 1 || answers.length < 1) {
      throw new IllegalArgumentException(
          "questions draw answers from %d categories, but there are %d"
              .formatted(shares.length, categories));
    }
  }

  /** 12 categories of 12, 60 questions with 3 answers of each of 3 categories. */
  public static ListedAnswers standard(Rng rng) {
    return draw(12, 12, 60, 3, new double[] {0.5, 0.3, 0.2}, rng);
  }

  /**
   * Draws the questions' answers.
   *
   * @param each answers of a category
   */
  public static ListedAnswers draw(
      int categories, int perCategory, int questions, int each, double[] shares, Rng rng) {
    int[][] answers = new int[questions][shares.length * each];
    for (int[] one : answers) {
      int[] chosen = rng.permutation(categories);
      for (int c = 0; c < shares.length; c++) {
        int[] entities = rng.permutation(perCategory);
        for (int i = 0; i < each; i++) {
          one[c * each + i] = chosen[c] * perCategory + entities[i];
        }
      }
    }
    return new ListedAnswers(categories, perCategory, answers, shares, 3);
  }

  public int entities() {
    return categories * perCategory;
  }

  public int category(int entity) {
    return entity / perCategory;
  }

  public int questions() {
    return answers.length;
  }

  /** The number of token ids. */
  public int vocab() {
    return entities() + questions() + categories * contexts + 4;
  }

  private int special(int i) {
    return vocab() - 4 + i;
  }

  /** Whether an entity is among a question's answers. */
  public boolean right(int question, int entity) {
    return Arrays.stream(answers[question]).anyMatch(a -> a == entity);
  }

  /** How likely each of a question's answers is. */
  public double[] probabilities(int question) {
    int all = answers[question].length;
    int each = all / shares.length;
    double[] p = new double[all];
    Arrays.setAll(p, i -> shares[i / each] / each);
    return p;
  }

  /** "Q q :", or "Q q not a1 ... aj :". */
  public int[] prompt(int question, int... not) {
    int[] tokens = new int[not.length == 0 ? 3 : 4 + not.length];
    tokens[0] = special(0);
    tokens[1] = entities() + question;
    if (not.length > 0) {
      tokens[2] = special(1);
      System.arraycopy(not, 0, tokens, 3, not.length);
    }
    tokens[tokens.length - 1] = special(3);
    return tokens;
  }

  /** "C c" with one of the category's context tokens. */
  public int[] context(int category, Rng rng) {
    return new int[] {
      special(2), entities() + questions() + category * contexts + rng.nextInt(contexts)
    };
  }

  /** Draws some different answers of a question, the likelier the earlier, in order. */
  public int[] draw(int question, int count, Rng rng) {
    return draw(answers[question], probabilities(question), count, rng);
  }

  /**
   * Draws without replacement.
   *
   * @param weights of the items, not negative
   */
  public static int[] draw(int[] items, double[] weights, int count, Rng rng) {
    double[] left = weights.clone();
    int[] drawn = new int[count];
    for (int i = 0; i < count; i++) {
      double u = rng.nextDouble() * Arrays.stream(left).sum();
      int at = -1;
      for (int j = 0; j < left.length && (at < 0 || u >= 0); j++) {
        if (left[j] > 0) {
          at = j;
          u -= left[j];
        }
      }
      if (at < 0) {
        throw new IllegalArgumentException(
            "cannot draw %d of %d items".formatted(count, items.length));
      }
      drawn[i] = items[at];
      left[at] = 0;
    }
    return drawn;
  }
}
