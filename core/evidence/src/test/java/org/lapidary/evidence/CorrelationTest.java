package org.lapidary.evidence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class CorrelationTest {

  @Test
  void anyRisingFunctionKeepsTheOrder() {
    double[] x = {3, -1, 4, 1.5, 9};
    double[] y = {Math.exp(3), Math.exp(-1), Math.exp(4), Math.exp(1.5), Math.exp(9)};
    assertThat(Correlation.spearman(x, y)).isCloseTo(1, within(1e-12));
    double[] falling = {-3, 1, -4, -1.5, -9};
    assertThat(Correlation.spearman(x, falling)).isCloseTo(-1, within(1e-12));
  }

  @Test
  void equalValuesShareTheirMeanRank() {
    // ranks 0.5 0.5 2 3 and 0 1 2 3: 4.5 / sqrt(4.5 * 5)
    assertThat(Correlation.spearman(new double[] {1, 1, 2, 3}, new double[] {1, 2, 3, 4}))
        .isCloseTo(4.5 / Math.sqrt(4.5 * 5), within(1e-12));
    assertThat(Correlation.spearman(new double[] {1, 1}, new double[] {1, 2})).isNaN();
    assertThatThrownBy(() -> Correlation.spearman(new double[1], new double[2]))
        .hasMessageContaining("1 and 2 values");
  }
}
