package org.lapidary.data.generate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lapidary.data.WordVocabulary;

/**
 * A small language that looks like English: a fixed vocabulary of a few hundred words, everyday
 * texts with agreement and recurring names, and among them the sentences of three {@linkplain Task
 * tasks}, so that a model trained on it learns the tasks as language. Every text begins with the id
 * {@link WordVocabulary#bos}.
 */
public final class SmallLanguage {
  private static final WordVocabulary VOCABULARY =
      new WordVocabulary(List.copyOf(Lexicon.all()), 0);

  private SmallLanguage() {}

  /** The words; they are the same in every version of the data that a seed gives. */
  public static WordVocabulary vocabulary() {
    return VOCABULARY;
  }

  /**
   * Texts one after another.
   *
   * @param tokens how many ids; the last text is cut
   * @return ids [tokens]
   */
  public static int[] stream(int tokens, long seed) {
    Draw draw = new Draw(seed);
    TaskSentences tasks = new TaskSentences(draw);
    int[] stream = new int[tokens];
    List<String> text = new ArrayList<>();
    for (int done = 0; done < tokens; ) {
      text.clear();
      text.add(Lexicon.BOS);
      write(draw, tasks, text);
      for (int i = 0; i < text.size() && done < tokens; i++) {
        stream[done++] = VOCABULARY.id(text.get(i));
      }
    }
    return stream;
  }

  /**
   * Prompts of one task, each beginning with the id of a text's beginning. Prompts of the
   * indirect-object task differ in length.
   */
  public static List<TaskPrompt> prompts(Task task, int count, long seed) {
    TaskSentences tasks = new TaskSentences(new Draw(seed));
    List<TaskPrompt> prompts = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      TaskSentences.Sentence sentence = tasks.prompt(task);
      prompts.add(
          new TaskPrompt(
              task,
              text(sentence.clean()),
              text(sentence.corrupted()),
              ids(sentence.answers()),
              ids(sentence.distractors())));
    }
    return prompts;
  }

  /** One text: of ten, three stories, two of statements, one each of the other kinds. */
  private static void write(Draw draw, TaskSentences tasks, List<String> text) {
    Grammar grammar = new Grammar(draw, text);
    switch (draw.below(10)) {
      case 0, 1, 2 -> grammar.story();
      case 3, 4 -> grammar.statements();
      case 5 -> grammar.doings();
      case 6 -> grammar.whereabouts();
      case 7 -> sentence(draw, tasks.of(Task.INDIRECT_OBJECT), text);
      case 8 -> sentence(draw, tasks.of(Task.GREATER_THAN), text);
      default -> sentence(draw, tasks.of(Task.DOCSTRING), text);
    }
  }

  private static void sentence(Draw draw, TaskSentences.Sentence sentence, List<String> text) {
    text.addAll(sentence.clean());
    text.add(draw.of(sentence.answers()));
    text.addAll(sentence.rest());
  }

  private static int[] text(List<String> words) {
    int[] ids = new int[words.size() + 1];
    ids[0] = VOCABULARY.bos();
    System.arraycopy(ids(words), 0, ids, 1, words.size());
    return ids;
  }

  private static int[] ids(List<String> words) {
    int[] ids = new int[words.size()];
    Arrays.setAll(ids, i -> VOCABULARY.id(words.get(i)));
    return ids;
  }
}
