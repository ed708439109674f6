package org.lapidary.interpret.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.lapidary.tensor.Rng;

class NameAttributesTest {
  private final NameAttributes language = NameAttributes.draw(3, 8, 5, 6, new Rng(1));

  @Test
  void everyPromptHasOneNameAndEndsWithAQuestionAboutIt() {
    NameAttributes.Prompts prompts = language.prompts(200, 2, 7, new Rng(1));
    for (int p = 0; p < 200; p++) {
      int[] tokens = prompts.tokens()[p];
      assertThat(Arrays.stream(tokens).filter(t -> t < 8).count()).isEqualTo(1);
      int name = tokens[prompts.at()[p]];
      assertThat(name).isBetween(2, 6);
      int asked = tokens[5] - language.question(0);
      assertThat(asked).isBetween(0, 2);
      assertThat(prompts.yes()[p]).isEqualTo(language.has()[asked][name]);
      assertThat(prompts.answers()[p])
          .isEqualTo(language.answer(asked, prompts.yes()[p]))
          .isLessThan(language.vocab());
    }
  }

  @Test
  void halfOfTheNamesHaveEachAttribute() {
    for (boolean[] one : language.has()) {
      int with = 0;
      for (boolean b : one) {
        with += b ? 1 : 0;
      }
      assertThat(with).isEqualTo(4);
    }
    for (int[] tokens : language.prompts(50, 1, 0, 8, new Rng(2)).tokens()) {
      assertThat(tokens[5]).isEqualTo(language.question(1));
    }
  }

  @Test
  void impossibleLanguagesAreRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> NameAttributes.draw(1, 3, 5, 6, new Rng(1)));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> language.prompts(1, 2, 9, new Rng(1)))
        .withMessageContaining("names 0 to 7");
  }
}
