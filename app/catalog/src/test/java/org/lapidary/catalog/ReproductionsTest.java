package org.lapidary.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.lapidary.evidence.Progress;
import org.lapidary.evidence.Reproduction.Size;

class ReproductionsTest {
  private final Reproductions reproductions = new Reproductions(Samples.catalog());

  @Test
  void aRunKeepsWhatItMeasuredAndWhere() {
    Entry entry = reproductions.run("good", Size.FULL, Optional.empty(), Progress.silent()).entry();
    assertThat(entry.seeds()).containsExactly(0L, 1L, 2L);
    assertThat(entry.holds()).isTrue();
    assertThat(entry.checks()).extracting("measured").containsExactly(3.0, 1.0);
    assertThat(entry.versions()).containsKeys("java", "lapidary", "pytorch");
    assertThat(entry.versions().get("lapidary")).matches("\\d+\\.\\d+.*");
    assertThat(entry.machine()).matches("\\d+ x .+, .+");
  }

  @Test
  void theCallerMayChooseTheNumberOfSeeds() {
    Entry entry = reproductions.run("good", Size.SMOKE, Optional.of(1), Progress.silent()).entry();
    assertThat(entry.seeds()).containsExactly(0L);
    assertThat(entry.holds()).isFalse();
  }

  @Test
  void aStoppedRunShowsNothing() {
    assertThatThrownBy(() ->
            reproductions.run("good", Size.SMOKE, Optional.empty(), Progress.stoppable(() -> true)))
        .isInstanceOf(CancellationException.class);
  }

  @Test
  void rowsWithoutAPackageCannotBeRun() {
    assertThatThrownBy(
            () -> reproductions.run("open-one", Size.FULL, Optional.empty(), Progress.silent()))
        .hasMessageStartingWith("'open-one' has no package yet");
    assertThatThrownBy(
            () -> reproductions.run("god", Size.FULL, Optional.empty(), Progress.silent()))
        .hasMessage("there is no method 'god'; did you mean good?");
  }
}
