package org.lapidary.interpret.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.lapidary.data.generate.ModularArithmetic;
import org.lapidary.data.generate.Task;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Model;
import org.lapidary.nn.Tokenizer;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

class PromptTasksTest {

  /** Cuts a text at every match of a pattern. */
  private static final class Cutter implements Tokenizer {
    private final Pattern pattern;
    private final @Nullable Integer bos;
    private final List<String> words = new ArrayList<>(List.of("<s>"));
    private final Map<String, Integer> ids = new HashMap<>();

    Cutter(String pattern, boolean begins) {
      this.pattern = Pattern.compile(pattern);
      this.bos = begins ? 0 : null;
    }

    @Override
    public int[] encode(String text) {
      List<Integer> found = new ArrayList<>();
      Matcher matcher = pattern.matcher(text);
      while (matcher.find()) {
        found.add(
            ids.computeIfAbsent(
                matcher.group(),
                w -> {
                  words.add(w);
                  return words.size() - 1;
                }));
      }
      return found.stream().mapToInt(i -> i).toArray();
    }

    @Override
    public String decode(int[] tokens) {
      return Arrays.stream(tokens)
          .filter(t -> t != 0)
          .mapToObj(words::get)
          .collect(Collectors.joining());
    }

    @Override
    public String token(int id) {
      return words.get(id);
    }

    @Override
    public int vocab() {
      return words.size();
    }

    @Override
    public @Nullable Integer bos() {
      return bos;
    }

    @Override
    public @Nullable Integer eos() {
      return null;
    }
  }

  private static Tokenizer words(boolean begins) {
    return new Cutter(" ?[A-Za-z]+| ?\\d{1,2}|\\n+|.", begins);
  }

  /** What may follow a text, worked out from the text alone. */
  private static Set<String> right(TextPrompts task, String text) {
    List<String> w = List.of(text.split("[^A-Za-z0-9]+"));
    return switch (task) {
      case INDIRECT_OBJECT -> {
        String subject = w.get(w.indexOf("gave") - 1);
        yield Set.of(" " + (w.get(1).equals(subject) ? w.get(3) : w.get(1)));
      }
      case GREATER_THAN -> {
        int year = Integer.parseInt(w.get(w.indexOf("to") - 1)) % 100;
        yield IntStream.range(year + 1, 100)
            .mapToObj("%02d"::formatted)
            .collect(Collectors.toSet());
      }
      case DOCSTRING -> Set.of(" " + w.get(w.indexOf("self") + 3));
      case INDUCTION -> Set.of(" " + w.get(w.indexOf(w.getLast()) + 1));
      case FACTUAL_RECALL -> Set.of(" " + Words.CAPITALS.get(w.get(3)));
      case PRONOUN -> Set.of(Words.GIRLS.contains(w.get(1)) ? " she" : " he");
      case MODULAR_ADDITION -> {
        int modulus = Integer.parseInt(w.getLast());
        yield Set.of(" " + (Integer.parseInt(w.get(0)) + Integer.parseInt(w.get(1))) % modulus);
      }
    };
  }

  @Property(tries = 200)
  void theCorruptedTextHasOtherRightAnswers(@ForAll TextPrompts task, @ForAll long seed) {
    TextPrompt prompt = task.draw(new Rng(seed));
    assertThat(new HashSet<>(prompt.answers())).isEqualTo(right(task, prompt.clean()));
    Set<String> corrupted = right(task, prompt.corrupted());
    assertThat(corrupted).isNotEqualTo(right(task, prompt.clean()));
    assertThat(prompt.others()).doesNotContainAnyElementsOf(prompt.answers());
    if (task == TextPrompts.GREATER_THAN) {
      assertThat(corrupted).containsAll(prompt.others().subList(2, prompt.others().size()));
    } else {
      assertThat(prompt.others()).containsAll(corrupted);
    }
  }

  @Property(tries = 60)
  void pairsHaveEqualLengthsAndSingleTokenAnswers(
      @ForAll TextPrompts task, @ForAll boolean begins, @ForAll long seed) {
    Tokenizer tokenizer = words(begins);
    TextTask text = new TextTask(task, tokenizer);
    for (PromptPair pair : text.pairs(5, new Rng(seed))) {
      assertThat(pair.corrupted()).hasSameSizeAs(pair.clean());
      assertThat(pair.clean()).isNotEqualTo(pair.corrupted());
      assertThat(pair.clean()[0] == 0).isEqualTo(begins);
      Set<String> answers =
          Arrays.stream(pair.answers()).mapToObj(tokenizer::token).collect(Collectors.toSet());
      assertThat(answers).isEqualTo(right(task, tokenizer.decode(pair.clean())));
      assertThat(answers).isNotEqualTo(right(task, tokenizer.decode(pair.corrupted())));
    }
  }

  @Property(tries = 60)
  void tasksOfIdsChangeTheirAnswers(@ForAll("ofIds") PromptTask task, @ForAll long seed) {
    for (PromptPair pair : task.pairs(4, new Rng(seed))) {
      assertThat(pair.corrupted()).hasSameSizeAs(pair.clean());
      assertThat(pair.clean()).isNotEqualTo(pair.corrupted());
      assertThat(pair.others()).doesNotContain(pair.answers());
    }
  }

  @Provide
  Arbitrary<PromptTask> ofIds() {
    return Arbitraries.of(
        MiniIndirectObject.standard(),
        NameAttributes.draw(3, 8, 4, 6, new Rng(1)),
        RepeatedSequences.tiny(),
        FactsLanguage.standard(new Rng(2)),
        new ModularAddition(23),
        new SmallLanguageTask(Task.INDIRECT_OBJECT),
        new SmallLanguageTask(Task.GREATER_THAN),
        new SmallLanguageTask(Task.DOCSTRING));
  }

  @Test
  void sumsAreThoseOfModularArithmetic() {
    ModularArithmetic.Equations all =
        new ModularArithmetic(7, ModularArithmetic.Operation.ADD).all();
    Map<List<Integer>, Integer> sums = new HashMap<>();
    int[][] prompts = all.prompts(7);
    for (int i = 0; i < prompts.length; i++) {
      sums.put(Arrays.stream(prompts[i]).boxed().toList(), all.result()[i]);
    }
    for (PromptPair pair : new ModularAddition(7).pairs(50, new Rng(3))) {
      assertThat(sums)
          .containsEntry(Arrays.stream(pair.clean()).boxed().toList(), pair.answers()[0])
          .containsEntry(Arrays.stream(pair.corrupted()).boxed().toList(), pair.others()[0]);
    }
  }

  @Test
  void repeatedPromptsEndBeforeTheAnswerOfTheFirstTime() {
    for (PromptPair pair : RepeatedSequences.tiny().pairs(50, new Rng(4))) {
      int[] clean = pair.clean();
      int first =
          IntStream.range(0, clean.length)
              .filter(i -> clean[i] == clean[pair.end()])
              .findFirst()
              .orElseThrow();
      assertThat(first).isLessThan(pair.end());
      assertThat(clean[first + 1]).isEqualTo(pair.answers()[0]);
      assertThat(pair.corrupted()[first + 1]).isEqualTo(pair.others()[0]);
    }
  }

  @Test
  void attributesOfTheOtherNameAreTheOtherAnswer() {
    NameAttributes language = NameAttributes.draw(3, 8, 4, 6, new Rng(5));
    for (PromptPair pair : language.pairs(50, new Rng(6))) {
      int asked = pair.clean()[5] - language.question(0);
      int name =
          IntStream.range(0, 5)
              .map(i -> pair.corrupted()[i])
              .filter(t -> t < 8)
              .findFirst()
              .orElseThrow();
      assertThat(language.answer(asked, language.has()[asked][name])).isEqualTo(pair.others()[0]);
    }
  }

  @Test
  void aTokenizerThatKnowsNoWordsIsToldSo() {
    Tokenizer letters = new Cutter("(?s).", false);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new TextTask(TextPrompts.PRONOUN, letters).pairs(3, new Rng(0)))
        .withMessageContaining("no prompt of 'gendered pronoun' is left")
        .withMessageContaining("answers of several tokens")
        .withMessageContaining("[ , M, a, r, y]");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ModularAddition(5).pairs(0, new Rng(0)))
        .withMessageContaining("at least 1 pair");
  }

  @Test
  void answersThatTheTokenizerWouldMergeOrSplitAreLeftOut() {
    // even numbers are one token, odd ones two
    Tokenizer even = new Cutter(" ?[A-Za-z]+| ?\\d?[02468](?!\\d)| ?\\d|\\n+|.", false);
    for (PromptPair pair : new TextTask(TextPrompts.GREATER_THAN, even).pairs(5, new Rng(2))) {
      for (int answer : pair.answers()) {
        assertThat(Integer.parseInt(even.token(answer)) % 2).isZero();
      }
    }
  }

  @Test
  void metricsFollowTheirFormulas() {
    PromptPair pair =
        new PromptPair(new int[] {1, 2}, new int[] {1, 3}, new int[] {0, 1}, new int[] {3});
    Tensor logits = Tensor.of(new float[] {9, 9, 9, 9, 1, 2, 3, 4}, 1, 2, 4);
    assertThat(PromptTask.Metric.LOGIT_DIFFERENCE.of(pair, logits).item())
        .isCloseTo(1.5 - 4, within(1e-6));
    double sum = Math.E + Math.exp(2) + Math.exp(3) + Math.exp(4);
    assertThat(PromptTask.Metric.MASS_DIFFERENCE.of(pair, logits).item())
        .isCloseTo((Math.E + Math.exp(2) - Math.exp(4)) / sum, within(1e-6));
    ModularAddition task = new ModularAddition(5);
    Model model = Model.random(DecoderConfig.gpt(7, 8, 1, 2, 4, "gelu"), new Rng(1));
    List<PromptPair> pairs = task.pairs(3, new Rng(1));
    double mean =
        pairs.stream()
            .mapToDouble(
                p -> p.logitDifference(model.forward(Tensor.of(p.clean(), 1, 4))).item() / 3)
            .sum();
    assertThat(task.measure(model, pairs)).isCloseTo(mean, within(1e-6));
  }

  @Test
  void pairsThatAreNonsenseAreRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> new PromptPair(new int[] {1}, new int[] {1, 2}, new int[] {0}, new int[] {3}))
        .withMessageContaining("1 tokens, the corrupted one 2");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> new PromptPair(new int[] {1}, new int[] {2}, new int[] {3}, new int[] {3}))
        .withMessageContaining("token 3 cannot be both");
  }
}
