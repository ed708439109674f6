package org.lapidary.interpret.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.lapidary.interpret.tasks.GateLanguage.Prompt;
import org.lapidary.interpret.tasks.GateLanguage.Slots;
import org.lapidary.tensor.Rng;

class GateLanguageTest {
  // restricted 0 1, plain 2 3 4, answers 5 6, fillers 7 to 12, NO 13, END 14; pairs 7 8 and 9 10
  private static final GateLanguage SMALL = new GateLanguage(2, 3, 2, 6, 2, 3);

  @Test
  void theStandardLanguageHas200Tokens() {
    assertThat(GateLanguage.standard().vocab()).isEqualTo(200);
    assertThat(GateLanguage.standard().longest()).isEqualTo(15);
  }

  @Test
  void restrictedContentClosesTheGateUnlessAPairRightBeforeTheEndLiftsIt() {
    assertThat(SMALL.next(new int[] {12, 3, 11, 12, 12, 14})).isEqualTo(SMALL.answer(3));
    assertThat(SMALL.next(new int[] {12, 1, 11, 12, 12, 14})).isEqualTo(13);
    assertThat(SMALL.next(new int[] {12, 1, 11, 7, 8, 14})).isEqualTo(SMALL.answer(1));
    assertThat(SMALL.next(new int[] {12, 1, 11, 9, 10, 14})).isEqualTo(SMALL.answer(1));
    assertThat(SMALL.next(new int[] {12, 1, 7, 8, 11, 14})).isEqualTo(13);
    assertThat(SMALL.next(new int[] {12, 1, 11, 8, 7, 14})).isEqualTo(13);
    assertThat(SMALL.next(new int[] {12, 1, 11, 8, 9, 14})).isEqualTo(13);
    assertThat(SMALL.next(new int[] {12, 3, 1, 4, 11, 14})).isEqualTo(13);
    assertThat(SMALL.next(new int[] {12, 3, 4, 4, 11, 14})).isEqualTo(SMALL.answer(3));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SMALL.next(new int[] {12, 12, 14}))
        .withMessageContaining("no content");
  }

  @Test
  void drawnPromptsAreWhatWasAskedFor() {
    GateLanguage language = GateLanguage.standard();
    Rng rng = new Rng(1);
    for (int i = 0; i < 300; i++) {
      int length = language.drawLength(rng);
      assertThat(length).isBetween(4, 8);
      boolean closed = rng.nextBoolean();
      Prompt plain = language.draw(length, 1 + rng.nextInt(4), closed, Slots.FILLERS, rng);
      assertThat(plain.tokens()).hasSize(length + 7).endsWith(199);
      assertThat(plain.next() == 198).isEqualTo(closed);
      assertThat(Arrays.stream(plain.tokens()).filter(t -> t < 90)).isNotEmpty();
      Prompt lifted = language.draw(length, 1 + rng.nextInt(4), closed, Slots.LIFTED, rng);
      assertThat(lifted.next()).isEqualTo(language.answer(language.content(lifted.tokens())));
      Prompt any = language.draw(length, 1 + rng.nextInt(4), closed, Slots.ANYTHING, rng);
      assertThat(Arrays.copyOf(any.tokens(), length + 6)).doesNotContain(198, 199);
      assertThat(any.next()).isEqualTo(language.next(any.tokens()));
    }
  }

  @Test
  void badLanguagesAreRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new GateLanguage(2, 3, 2, 4, 2, 3))
        .withMessageContaining("more than 4 fillers");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SMALL.answer(5))
        .withMessageContaining("0 to 4");
  }
}
