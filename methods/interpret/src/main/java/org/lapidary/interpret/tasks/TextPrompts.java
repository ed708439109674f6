package org.lapidary.interpret.tasks;

import static org.lapidary.interpret.tasks.Words.ARGUMENTS;
import static org.lapidary.interpret.tasks.Words.BOYS;
import static org.lapidary.interpret.tasks.Words.CAPITALS;
import static org.lapidary.interpret.tasks.Words.EVENTS;
import static org.lapidary.interpret.tasks.Words.GIRLS;
import static org.lapidary.interpret.tasks.Words.NAMES;
import static org.lapidary.interpret.tasks.Words.NOUNS;
import static org.lapidary.interpret.tasks.Words.PLACES;
import static org.lapidary.interpret.tasks.Words.PRAISE;
import static org.lapidary.interpret.tasks.Words.THINGS;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.lapidary.interpret.tasks.PromptTask.Metric;
import org.lapidary.tensor.Rng;

/** The tasks of the literature as English text, with clean and corrupted forms. */
public enum TextPrompts {
  /**
   * "When Mary and John went to the store, John gave a drink to" -> " Mary"; corrupted, Mary gives
   * (Wang et al., 2022, arXiv 2211.00593).
   */
  INDIRECT_OBJECT("indirect object") {
    @Override
    public TextPrompt draw(Rng rng) {
      List<String> names = distinct(NAMES, 2, rng);
      String object = names.get(0);
      String subject = names.get(1);
      boolean first = rng.nextBoolean();
      String opening =
          "When %s and %s went to the %s, "
              .formatted(first ? object : subject, first ? subject : object, of(PLACES, rng));
      String gift = " gave a " + of(THINGS, rng) + " to";
      return new TextPrompt(
          opening + subject + gift,
          opening + object + gift,
          List.of(" " + object),
          List.of(" " + subject));
    }
  },

  /**
   * "The war lasted from the year 1732 to the year 17" -> 33 to 99; corrupted, it began in 1701
   * (Hanna et al., 2023, arXiv 2305.00586).
   */
  GREATER_THAN("greater-than") {
    @Override
    public Metric metric() {
      return Metric.MASS_DIFFERENCE;
    }

    @Override
    public TextPrompt draw(Rng rng) {
      int century = 11 + rng.nextInt(8);
      int year = 2 + rng.nextInt(97);
      String opening = "The %s lasted from the year %d".formatted(of(EVENTS, rng), century);
      String closing = " to the year " + century;
      return new TextPrompt(
          opening + two(year) + closing,
          opening + two(1) + closing,
          IntStream.range(year + 1, 100).mapToObj(TextPrompts::two).toList(),
          IntStream.rangeClosed(0, year).mapToObj(TextPrompts::two).toList());
    }
  },

  /**
   * The third argument of a function at its place in the documentation; corrupted, the third and
   * fourth have changed places (Heimersheim and Janiak, 2023).
   */
  DOCSTRING("docstring") {
    @Override
    public TextPrompt draw(Rng rng) {
      List<String> a = distinct(ARGUMENTS, 5, rng);
      List<String> words = distinct(NOUNS, 7, rng);
      String head = "def %s(self, %s, %s, ".formatted(a.get(4), a.get(0), a.get(1));
      String body =
          """
          ):
              \"""%s %s %s

              :param %s: %s %s
              :param %s: %s %s
              :param\
          """
              .formatted(
                  words.get(0),
                  words.get(1),
                  words.get(2),
                  a.get(0),
                  words.get(3),
                  words.get(4),
                  a.get(1),
                  words.get(5),
                  words.get(6));
      return new TextPrompt(
          head + a.get(2) + ", " + a.get(3) + body,
          head + a.get(3) + ", " + a.get(2) + body,
          List.of(" " + a.get(2)),
          List.of(" " + a.get(0), " " + a.get(1), " " + a.get(3)));
    }
  },

  /** Words, the first of which comes again; corrupted, another followed it the first time. */
  INDUCTION("induction") {
    @Override
    public TextPrompt draw(Rng rng) {
      List<String> w = distinct(NOUNS, 6, rng);
      String opening = w.get(0) + " ";
      String rest = " %s %s %s %s".formatted(w.get(3), w.get(4), w.get(5), w.get(0));
      return new TextPrompt(
          opening + w.get(1) + rest,
          opening + w.get(2) + rest,
          List.of(" " + w.get(1)),
          List.of(" " + w.get(2)));
    }
  },

  /** "The capital of France is" -> " Paris"; corrupted, another country. */
  FACTUAL_RECALL("factual recall") {
    @Override
    public TextPrompt draw(Rng rng) {
      List<String> countries = distinct(List.copyOf(CAPITALS.keySet()), 2, rng);
      String country = countries.get(0);
      String other = countries.get(1);
      return new TextPrompt(
          "The capital of " + country + " is",
          "The capital of " + other + " is",
          List.of(" " + CAPITALS.get(country)),
          List.of(" " + CAPITALS.get(other)));
    }
  },

  /**
   * "So Emma is a really great friend, isn't" -> " she"; corrupted, a man's name (Mathwin et al.,
   * 2023).
   */
  PRONOUN("gendered pronoun") {
    @Override
    public TextPrompt draw(Rng rng) {
      boolean girl = rng.nextBoolean();
      String name = of(girl ? GIRLS : BOYS, rng);
      String other = of(girl ? BOYS : GIRLS, rng);
      String rest = " is a really " + of(PRAISE, rng) + " friend, isn't";
      return new TextPrompt(
          "So " + name + rest,
          "So " + other + rest,
          List.of(girl ? " she" : " he"),
          List.of(girl ? " he" : " she"));
    }
  },

  /** "7 + 8 mod 12 =" -> " 3"; corrupted, another second summand. */
  MODULAR_ADDITION("modular addition") {
    @Override
    public TextPrompt draw(Rng rng) {
      int modulus = 5 + rng.nextInt(95);
      int a = rng.nextInt(modulus);
      int b = rng.nextInt(modulus);
      int c = (b + 1 + rng.nextInt(modulus - 1)) % modulus;
      String rest = " mod %d =".formatted(modulus);
      return new TextPrompt(
          a + " + " + b + rest,
          a + " + " + c + rest,
          List.of(" " + (a + b) % modulus),
          List.of(" " + (a + c) % modulus));
    }
  };

  private final String words;

  TextPrompts(String words) {
    this.words = words;
  }

  /** As people call the task. */
  public String words() {
    return words;
  }

  /** What it is measured by. */
  public Metric metric() {
    return Metric.LOGIT_DIFFERENCE;
  }

  /** Draws a prompt. */
  public abstract TextPrompt draw(Rng rng);

  private static String two(int number) {
    return String.format(Locale.ROOT, "%02d", number);
  }

  private static String of(List<String> choices, Rng rng) {
    return choices.get(rng.nextInt(choices.size()));
  }

  private static List<String> distinct(List<String> choices, int count, Rng rng) {
    int[] order = rng.permutation(choices.size());
    List<String> chosen = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      chosen.add(choices.get(order[i]));
    }
    return chosen;
  }
}
