package org.lapidary.data.generate;

import static org.lapidary.data.generate.Lexicon.EVENTS;
import static org.lapidary.data.generate.Lexicon.GIVING;
import static org.lapidary.data.generate.Lexicon.MEN;
import static org.lapidary.data.generate.Lexicon.NUMBERS;
import static org.lapidary.data.generate.Lexicon.OBJECTS;
import static org.lapidary.data.generate.Lexicon.PLACES;
import static org.lapidary.data.generate.Lexicon.TERMS;
import static org.lapidary.data.generate.Lexicon.WOMEN;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The sentences of the tasks, as prompts with their answers. */
final class TaskSentences {
  private static final List<String> NAMES = Stream.concat(WOMEN.stream(), MEN.stream()).toList();
  private static final int FIRST_CENTURY = 11;
  private static final int LAST_CENTURY = 19;

  /** With 01 nearly every year is a later one (Hanna et al., section 3). */
  private static final String CORRUPTED_START = "01";

  private static final int AFTER_CORRUPTED = 2;

  /**
   * A sentence up to the word asked for.
   *
   * @param corrupted the same without the clue
   * @param rest how the sentence goes on after an answer
   */
  record Sentence(
      List<String> clean,
      List<String> corrupted,
      List<String> answers,
      List<String> distractors,
      List<String> rest) {}

  private final Draw draw;

  TaskSentences(Draw draw) {
    this.draw = draw;
  }

  /** A sentence as it stands in a text. */
  Sentence of(Task task) {
    return of(task, 0);
  }

  /** A sentence whose corrupted form tells less than the clean one. */
  Sentence prompt(Task task) {
    return of(task, AFTER_CORRUPTED);
  }

  private Sentence of(Task task, int earliestStart) {
    return switch (task) {
      case INDIRECT_OBJECT -> indirectObject();
      case GREATER_THAN -> greaterThan(earliestStart);
      case DOCSTRING -> docstring();
    };
  }

  private Sentence indirectObject() {
    List<String> names = distinct(NAMES, 3);
    String object = names.get(0);
    String subject = names.get(1);
    String first = draw.chance(0.5) ? object : subject;
    String second = first.equals(object) ? subject : object;
    String place = draw.of(PLACES);
    String thing = draw.of(OBJECTS);
    String opening =
        draw.chance(0.5)
            ? "when " + first + " and " + second + " went to the " + place + " "
            : first + " and " + second + " were at the " + place + " . ";
    String article = "aeiou".indexOf(thing.charAt(0)) >= 0 ? "an " : "a ";
    String gift = " " + draw.of(GIVING) + " " + article + thing + " to";
    return new Sentence(
        words(opening + subject + gift),
        words(opening + names.get(2) + gift),
        List.of(object),
        List.of(subject),
        List.of("."));
  }

  private Sentence greaterThan(int earliestStart) {
    String century = NUMBERS.get(draw.between(FIRST_CENTURY, LAST_CENTURY));
    int start = draw.between(earliestStart, 98);
    String opening = "the " + draw.of(EVENTS) + " lasted from " + century + " ";
    String closing = " to " + century;
    return new Sentence(
        words(opening + NUMBERS.get(start) + closing),
        words(opening + CORRUPTED_START + closing),
        NUMBERS.subList(start + 1, 100),
        NUMBERS.subList(0, start + 1),
        List.of("."));
  }

  private Sentence docstring() {
    List<String> terms = distinct(TERMS, 18);
    List<String> arguments = terms.subList(0, 4);
    List<String> others = terms.subList(4, 8);
    String name = terms.get(8);
    String text =
        " ) : doc "
            + String.join(" ", terms.subList(9, 12))
            + " param "
            + arguments.get(0)
            + " "
            + String.join(" ", terms.subList(12, 14))
            + " param "
            + arguments.get(1)
            + " "
            + String.join(" ", terms.subList(14, 16))
            + " param";
    String opening = "def " + name + " ( self ";
    return new Sentence(
        words(opening + String.join(" ", arguments) + text),
        words(opening + String.join(" ", others) + text),
        List.of(arguments.get(2)),
        List.of(arguments.get(0), arguments.get(1), arguments.get(3)),
        Stream.concat(terms.subList(16, 18).stream(), Stream.of(".")).toList());
  }

  private List<String> distinct(List<String> choices, int count) {
    List<String> chosen = new ArrayList<>();
    while (chosen.size() < count) {
      chosen.add(draw.of(choices, chosen));
    }
    return chosen;
  }

  private static List<String> words(String text) {
    return List.of(text.split(" "));
  }
}
