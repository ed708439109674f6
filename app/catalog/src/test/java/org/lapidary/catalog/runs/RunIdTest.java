package org.lapidary.catalog.runs;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RunIdTest {
  @Test
  void idsSortByTheirStartWithinASecondToo() {
    Instant start = Instant.parse("2026-11-21T16:53:12Z");
    // every four milliseconds to the end of the second and beyond: sixteen parts apart
    assertThat(IntStream.range(0, 400).mapToObj(i -> RunId.fresh(start.plusMillis(4L * i))))
        .isSorted()
        .doesNotHaveDuplicates()
        .allMatch(RunId::is);
    assertThat(RunId.fresh(start.plusNanos(999_999_999))).startsWith("20261121-165312-fff");
  }
}
