package org.lapidary.compress.gradual;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class CubicScheduleTest {

  @Test
  void theRampHasItsEndsAndAnEighthIsLeftInTheMiddle() {
    CubicSchedule schedule = new CubicSchedule(0.1, 0.9, 200, 50, 8);
    assertThat(schedule.end()).isEqualTo(600);
    assertThat(schedule.at(0)).isEqualTo(0.1);
    assertThat(schedule.at(200)).isCloseTo(0.1, within(1e-15));
    assertThat(schedule.at(400)).isCloseTo(0.9 + (0.1 - 0.9) / 8, within(1e-15));
    assertThat(schedule.at(600)).isEqualTo(0.9);
    assertThat(schedule.at(10_000)).isEqualTo(0.9);
  }

  @Property(tries = 200)
  void theSparsityNeverFalls(
      @ForAll @DoubleRange(min = 0, max = 0.99) double a,
      @ForAll @DoubleRange(min = 0, max = 0.99) double b,
      @ForAll @IntRange(min = 0, max = 30) int begin,
      @ForAll @IntRange(min = 1, max = 7) int every,
      @ForAll @IntRange(min = 0, max = 9) int updates) {
    CubicSchedule schedule =
        new CubicSchedule(Math.min(a, b), Math.max(a, b), begin, every, updates);
    int seen = 0;
    for (int t = 0; t < schedule.end() + 5; t++) {
      assertThat(schedule.at(t + 1)).isGreaterThanOrEqualTo(schedule.at(t));
      seen += schedule.updatesAt(t) ? 1 : 0;
    }
    assertThat(seen).isEqualTo(updates + 1);
  }

  @Test
  void aJumpHasOneUpdate() {
    CubicSchedule jump = CubicSchedule.jump(0.95, 70);
    assertThat(jump.at(69)).isZero();
    assertThat(jump.at(70)).isEqualTo(0.95);
    assertThat(jump.updatesAt(70)).isTrue();
    assertThat(jump.updatesAt(71)).isFalse();
  }

  @Test
  void theLastUpdateIsNotAfterTheEndAskedFor() {
    assertThat(CubicSchedule.between(0.9, 100, 799, 100))
        .isEqualTo(new CubicSchedule(0, 0.9, 100, 100, 6));
  }

  @Test
  void impossibleRampsAreRefused() {
    assertThatThrownBy(() -> new CubicSchedule(0.5, 0.4, 0, 1, 1))
        .hasMessageContaining("was from 0.5 to 0.4");
    assertThatThrownBy(() -> CubicSchedule.jump(1, 0)).hasMessageContaining("last < 1");
    assertThatThrownBy(() -> new CubicSchedule(0, 0.5, 0, 0, 3)).hasMessageContaining("every 0");
    assertThatThrownBy(() -> CubicSchedule.between(0.5, 10, 5, 1))
        .hasMessageContaining("step 10 to 5");
  }
}
