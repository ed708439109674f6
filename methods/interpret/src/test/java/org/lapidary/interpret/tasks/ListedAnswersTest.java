package org.lapidary.interpret.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.lapidary.tensor.Rng;

class ListedAnswersTest {

  @Test
  void aQuestionHasThreeAnswersOfEachOfThreeCategories() {
    ListedAnswers language = ListedAnswers.standard(new Rng(1));
    assertThat(language.questions()).isEqualTo(60);
    assertThat(language.vocab()).isEqualTo(144 + 60 + 36 + 4);
    for (int q = 0; q < 60; q++) {
      assertThat(language.answers()[q]).hasSize(9).doesNotHaveDuplicates();
      assertThat(
              Arrays.stream(language.answers()[q])
                  .boxed()
                  .collect(Collectors.groupingBy(language::category, Collectors.counting()))
                  .values())
          .containsExactly(3L, 3L, 3L);
      assertThat(Arrays.stream(language.probabilities(q)).sum()).isCloseTo(1, within(1e-12));
      assertThat(language.probabilities(q)[0]).isCloseTo(0.5 / 3, within(1e-12));
      assertThat(language.probabilities(q)[8]).isCloseTo(0.2 / 3, within(1e-12));
      assertThat(language.right(q, language.answers()[q][4])).isTrue();
    }
  }

  @Test
  void promptsListWhatIsNotAskedFor() {
    ListedAnswers language =
        new ListedAnswers(2, 2, new int[][] {{0, 2}, {1, 3}}, new double[] {0.7, 0.3}, 1);
    // entities 0 to 3, questions 4 5, contexts 6 7, Q 8, not 9, C 10, colon 11
    assertThat(language.prompt(1)).containsExactly(8, 5, 11);
    assertThat(language.prompt(0, 2, 0)).containsExactly(8, 4, 9, 2, 0, 11);
    assertThat(language.context(1, new Rng(1))).containsExactly(10, 7);
  }

  @Test
  void drawsAreByWeightAndWithoutReplacement() {
    Rng rng = new Rng(2);
    int[] items = {7, 8, 9};
    double[] weights = {0.5, 0.3, 0.2};
    int[] firsts = new int[10];
    int[] seconds = new int[10];
    int draws = 20_000;
    for (int i = 0; i < draws; i++) {
      int[] drawn = ListedAnswers.draw(items, weights, 2, rng);
      assertThat(drawn[0]).isNotEqualTo(drawn[1]);
      firsts[drawn[0]]++;
      seconds[drawn[1]]++;
    }
    assertThat(firsts[7] / (double) draws).isCloseTo(0.5, within(0.02));
    double second = 0.5 * 0.3 / 0.5 + 0.2 * 0.3 / 0.8; // 8 after 7, or after 9
    assertThat(seconds[8] / (double) draws).isCloseTo(second, within(0.02));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ListedAnswers.draw(items, weights, 4, rng))
        .withMessageContaining("4 of 3");
  }
}
