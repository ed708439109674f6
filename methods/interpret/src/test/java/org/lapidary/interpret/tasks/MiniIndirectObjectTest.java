package org.lapidary.interpret.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.lapidary.interpret.tasks.MiniIndirectObject.Attributes;
import org.lapidary.tensor.Rng;

class MiniIndirectObjectTest {
  private static final MiniIndirectObject TASK = MiniIndirectObject.standard();

  @Test
  void promptsHoldBothNamesTheSubjectTwice() {
    assertThat(TASK.tokens(new Attributes(3, 7, true, 1))).containsExactly(24, 3, 7, 27, 7, 25);
    assertThat(TASK.tokens(new Attributes(3, 7, false, 0))).containsExactly(24, 7, 3, 26, 7, 25);
    assertThat(TASK.vocab()).isEqualTo(30);
    assertThat(new Attributes(3, 7, false, 0).values()).containsExactly(3, 7, 1);
  }

  @Test
  void drawnNamesDiffer() {
    Rng rng = new Rng(1);
    for (int i = 0; i < 200; i++) {
      Attributes a = TASK.draw(rng);
      assertThat(a.indirect()).isNotEqualTo(a.subject());
      assertThat(TASK.other(rng, a.indirect(), a.subject()))
          .isNotEqualTo(a.indirect())
          .isNotEqualTo(a.subject())
          .isBetween(0, 23);
    }
  }

  @Test
  void oneNameForBothIsRefused() {
    assertThatThrownBy(() -> TASK.tokens(new Attributes(3, 3, true, 0)))
        .hasMessageContaining("two names");
    assertThatThrownBy(() -> new MiniIndirectObject(2, 1)).hasMessageContaining("at least 3");
  }
}
