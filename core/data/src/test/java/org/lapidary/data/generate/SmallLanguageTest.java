package org.lapidary.data.generate;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lapidary.data.WordVocabulary;

class SmallLanguageTest {
  private static final WordVocabulary VOCABULARY = SmallLanguage.vocabulary();

  @Test
  void theVocabularyIsSmallAndEveryWordIsUsed() {
    assertThat(VOCABULARY.vocab()).isLessThanOrEqualTo(512);
    Set<Integer> used = new HashSet<>();
    Arrays.stream(SmallLanguage.stream(300_000, 1)).forEach(used::add);
    List<String> unused =
        VOCABULARY.words().stream().filter(word -> !used.contains(VOCABULARY.id(word))).toList();
    assertThat(unused).isEmpty();
  }

  @Test
  void textIsRenderedAndReadBack() {
    int[] stream = SmallLanguage.stream(5_000, 2);
    int[] words = Arrays.stream(stream).filter(id -> id != VOCABULARY.bos()).toArray();
    assertThat(VOCABULARY.encode(VOCABULARY.decode(stream))).containsExactly(words);
  }

  @Test
  void theSameSeedGivesTheSameStream() throws Exception {
    int[] stream = SmallLanguage.stream(10_000, 42);
    assertThat(SmallLanguage.stream(5_000, 42)).containsExactly(Arrays.copyOf(stream, 5_000));
    assertThat(SmallLanguage.stream(10_000, 43)).isNotEqualTo(stream);
    ByteBuffer bytes = ByteBuffer.allocate(4 * stream.length);
    bytes.asIntBuffer().put(stream);
    assertThat(GeneratorsTest.hash(bytes.array())).isEqualTo("098cbbd261569585");
  }

  @ParameterizedTest
  @EnumSource
  void promptsHaveTheirClueAndTheCorruptedOnesHaveNot(Task task) {
    for (TaskPrompt prompt : SmallLanguage.prompts(task, 500, 3)) {
      assertThat(prompt.clean()).startsWith(VOCABULARY.bos()).hasSameSizeAs(prompt.corrupted());
      assertThat(prompt.clean()).isNotEqualTo(prompt.corrupted());
      String clean = VOCABULARY.decode(prompt.clean());
      String corrupted = VOCABULARY.decode(prompt.corrupted());
      Set<String> answers = words(prompt.answers());
      assertThat(answers).doesNotContainAnyElementsOf(words(prompt.distractors()));
      assertThat(solve(task, clean)).isEqualTo(answers);
      assertThat(solve(task, corrupted)).isNotEqualTo(answers);
    }
  }

  @Test
  void theStreamGivesTheRightAnswers() {
    int seen = 0;
    for (String text : texts(SmallLanguage.stream(300_000, 4))) {
      Matcher lasting =
          Pattern.compile("lasted from (\\d\\d) (\\d\\d) to (\\d\\d) (\\d\\d)").matcher(text);
      if (lasting.find()) {
        assertThat(lasting.group(3)).isEqualTo(lasting.group(1));
        assertThat(Integer.parseInt(lasting.group(4)))
            .isGreaterThan(Integer.parseInt(lasting.group(2)));
        seen++;
      }
      Matcher gift =
          Pattern.compile(
                  "^(?:when )?(\\w+) and (\\w+) .* (\\w+) (?:gave|handed|passed|sold|brought) an? \\w+ to (\\w+)")
              .matcher(text);
      if (gift.find()) {
        assertThat(Set.of(gift.group(1), gift.group(2)))
            .isEqualTo(Set.of(gift.group(3), gift.group(4)));
        seen++;
      }
    }
    assertThat(seen).isGreaterThan(1000);
  }

  @Test
  void verbsAgreeWithTheirSubject() {
    Map<String, Boolean> plural = new HashMap<>();
    Lexicon.ACTORS.forEach(noun -> plural.put(noun, false));
    Lexicon.ACTORS_PLURAL.forEach(noun -> plural.put(noun, true));
    Set<String> singularVerbs = new HashSet<>(Lexicon.VERBS);
    singularVerbs.addAll(Lexicon.DEEDS);
    Set<String> pluralVerbs = new HashSet<>(Lexicon.VERBS_PLURAL);
    pluralVerbs.addAll(Lexicon.DEEDS_PLURAL);
    int checked = 0;
    for (String text : texts(SmallLanguage.stream(100_000, 5))) {
      // Statements without attractor: the noun directly before a verb is its subject.
      for (String statement : text.split(" \\. ?")) {
        String[] words = statement.split(" ");
        if (statement.matches(".*\\b(near|with|that)\\b.*")) {
          continue;
        }
        for (int i = 1; i < words.length; i++) {
          if (plural.containsKey(words[i - 1])
              && (singularVerbs.contains(words[i]) || pluralVerbs.contains(words[i]))) {
            assertThat(pluralVerbs.contains(words[i]))
                .as(statement)
                .isEqualTo(plural.get(words[i - 1]));
            checked++;
          }
        }
      }
    }
    assertThat(checked).isGreaterThan(500);
  }

  @Test
  void articlesFitTheWordThatFollows() {
    String text = VOCABULARY.decode(SmallLanguage.stream(100_000, 6));
    assertThat(Pattern.compile("\\ba [aeiou]|\\ban [^aeiou]").matcher(text).find()).isFalse();
    assertThat(text).contains(" an ").contains(" a ");
  }

  /** What the rule of the task says, from the text alone; empty if it says nothing. */
  private static Set<String> solve(Task task, String text) {
    String[] words = text.split(" ");
    return switch (task) {
      case INDIRECT_OBJECT -> {
        Set<String> once = new HashSet<>();
        Set<String> names = new HashSet<>(Lexicon.WOMEN);
        names.addAll(Lexicon.MEN);
        for (String word : words) {
          if (names.contains(word) && !once.add(word)) {
            once.remove(word);
          }
        }
        yield once;
      }
      case GREATER_THAN -> {
        Set<String> later = new HashSet<>();
        for (int year = Integer.parseInt(words[words.length - 3]) + 1; year < 100; year++) {
          later.add(String.format("%02d", year));
        }
        yield later;
      }
      case DOCSTRING -> {
        // Of the signature's arguments, the one after the argument documented last.
        List<String> signature = List.of(text.replaceAll(".*\\( self (.*) \\).*", "$1").split(" "));
        Matcher documented = Pattern.compile("param (\\w+)").matcher(text);
        String last = "";
        while (documented.find()) {
          last = documented.group(1);
        }
        int place = signature.indexOf(last);
        yield place < 0 ? Set.of() : Set.of(signature.get(place + 1));
      }
    };
  }

  private static Set<String> words(int[] ids) {
    Set<String> words = new HashSet<>();
    Arrays.stream(ids).forEach(id -> words.add(VOCABULARY.token(id)));
    return words;
  }

  private static List<String> texts(int[] stream) {
    StringBuilder all = new StringBuilder();
    for (int id : stream) {
      all.append(id == VOCABULARY.bos() ? "\n" : VOCABULARY.token(id) + " ");
    }
    return all.toString().lines().filter(text -> !text.isBlank()).toList();
  }
}
