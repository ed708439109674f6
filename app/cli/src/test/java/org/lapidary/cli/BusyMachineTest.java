package org.lapidary.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class BusyMachineTest {
  private static final String STAT =
      "cpu  1 2 3\nprocesses 17\nprocs_running %d\nprocs_blocked 0\n";

  @Test
  void aBusyMachineGetsOneLineThatSaysWhatToDo() {
    assertThat(BusyMachine.warning(STAT.formatted(5), 2, Map.of()))
        .hasValueSatisfying(line ->
            assertThat(line)
                .contains("4 other threads")
                .contains("2 cores")
                .contains("OPENBLAS_NUM_THREADS=1"));
  }

  @Test
  void anIdleMachineASingleCoreAndAChoiceAlreadyMadeGetNone() {
    assertThat(BusyMachine.warning(STAT.formatted(2), 2, Map.of())).isEmpty();
    assertThat(BusyMachine.warning(STAT.formatted(9), 1, Map.of())).isEmpty();
    assertThat(BusyMachine.warning(STAT.formatted(9), 2, Map.of("OPENBLAS_NUM_THREADS", "1")))
        .isEmpty();
    assertThat(BusyMachine.warning("nothing known", 2, Map.of())).isEmpty();
  }
}
