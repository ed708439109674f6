package org.lapidary.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NumeralsTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0|0",
        "3|3",
        "-3|-3",
        "1234567|1,234,567",
        "12.3456|12.35",
        "0.0123456|0.01235",
        "0.5|0.5000",
        "12345.678|12,346",
        "1.2346e-7|1.235e-7",
        "-0.00012|-1.2e-4",
        "1e300|1e300",
        "NaN|–",
        "Infinity|∞",
        "-Infinity|−∞"
      })
  void fourDigitsThatMeanSomething(double x, String text) {
    assertThat(Numerals.of(x)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0|0",
        "0.5|0.5",
        "20|20",
        "1234|1.23k",
        "999.6|1k",
        "3e6|3M",
        "-2500|-2.5k",
        "0.00012|1.2e-4",
        "1e14|100T"
      })
  void briefNumbersForAxes(double x, String text) {
    assertThat(Numerals.brief(x)).isEqualTo(text);
  }

  @Test
  void wholeNumbersAreGrouped() {
    assertThat(Numerals.of(1234L)).isEqualTo("1,234");
    assertThat(Numerals.of(2.5f)).isEqualTo("2.500");
  }
}
