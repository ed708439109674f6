package org.lapidary.interpret.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.lapidary.tensor.Rng;

class RepeatedSequencesTest {
  private static final RepeatedSequences TINY = RepeatedSequences.tiny();

  @Test
  void repeatedTokensFollowFromThePrefixAndTheSourceHoldsTheNextOne() {
    Rng rng = new Rng(1);
    for (int n = 0; n < 50; n++) {
      RepeatedSequences.Repeated r = TINY.repeated(rng);
      assertThat(r.prefix()).isBetween(8, 24);
      for (int i = r.prefix(); i < r.tokens().length; i++) {
        assertThat(r.tokens()[i]).isEqualTo(r.tokens()[i % r.prefix()]);
        assertThat(r.again(i)).isTrue();
        if (i + 1 < r.tokens().length) {
          assertThat(r.tokens()[r.source(i)]).isEqualTo(r.tokens()[i + 1]);
        }
      }
      assertThat(r.again(r.prefix() - 1)).isFalse();
    }
  }

  @Test
  void theChainGoesToItsSuccessorsAsOftenAsItSays() {
    Rng rng = new Rng(2);
    int[][] successors = TINY.successors();
    double[] counts = new double[4];
    int all = 0;
    for (int n = 0; n < 400; n++) {
      int[] walk = TINY.chain(rng);
      for (int i = 1; i < walk.length; i++) {
        int next = walk[i];
        int which = Arrays.stream(successors[walk[i - 1]]).boxed().toList().indexOf(next);
        counts[which]++;
        all++;
      }
    }
    double[] shares = {0.4, 0.3, 0.2, 0.1};
    for (int i = 0; i < 4; i++) {
      double deviation = Math.sqrt(shares[i] * (1 - shares[i]) / all);
      assertThat(Math.abs(counts[i] / all - shares[i])).isLessThan(4 * deviation);
    }
  }

  @Test
  void bothKindsTakeTurnsAndTheSameSeedGivesTheSameTokens() {
    int[][] mixed = TINY.mixed(6, new Rng(3));
    assertThat(mixed).isDeepEqualTo(TINY.mixed(6, new Rng(3)));
    assertThat(mixed).hasDimensions(6, 48);
    int[][] successors = TINY.successors();
    for (int i = 1; i < 48; i++) {
      int next = mixed[1][i];
      assertThat(Arrays.stream(successors[mixed[1][i - 1]]).anyMatch(s -> s == next)).isTrue();
    }
  }

  @Test
  void prefixesThatDoNotFitAreRefused() {
    assertThatThrownBy(() -> new RepeatedSequences(64, 40, 8, 24, 0))
        .hasMessageContaining("prefixes of 8 to 24");
    assertThatThrownBy(() -> TINY.repeated(25, new Rng(1))).hasMessageContaining("25");
    assertThatThrownBy(() -> new RepeatedSequences(3, 40, 2, 2, 0))
        .hasMessageContaining("4 tokens");
  }
}
