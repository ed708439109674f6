package org.lapidary.interpret.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.lapidary.tensor.Rng;

class StateWalksTest {
  private static final StateWalks DATA = StateWalks.small();

  @Test
  void walksFollowTheGraphAndAreWrittenInTwoDigits() {
    int[][] successors = DATA.successors();
    for (int[] tokens : DATA.draw(20, new Rng(1))) {
      assertThat(tokens).hasSize(49);
      assertThat(tokens[0]).isEqualTo(6);
      assertThat(DATA.stateAt(tokens, 0)).isEqualTo(-1);
      for (int p = 4; p < tokens.length; p += 2) {
        int from = DATA.stateAt(tokens, p - 2);
        int to = DATA.stateAt(tokens, p);
        assertThat(Arrays.stream(successors[from]).anyMatch(s -> s == to)).isTrue();
        assertThat(DATA.stateAt(tokens, p - 1)).isEqualTo(-1);
      }
    }
    for (int[] next : successors) {
      assertThat(Arrays.stream(next).distinct().count()).isEqualTo(4);
    }
  }

  @Test
  void impossibleGraphsAreRefused() {
    assertThatThrownBy(() -> new StateWalks(2, 5, 3, 0)).hasMessageContaining("1 to base^2 edges");
  }
}
