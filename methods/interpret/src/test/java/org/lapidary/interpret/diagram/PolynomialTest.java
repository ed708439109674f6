package org.lapidary.interpret.diagram;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class PolynomialTest {

  @Property
  void sumsAndProductsAreThoseOfTheNumbers(
      @ForAll @IntRange(min = -9, max = 9) int a,
      @ForAll @IntRange(min = -9, max = 9) int b,
      @ForAll @IntRange(min = 0, max = 9) int n,
      @ForAll @IntRange(min = 0, max = 9) int k) {
    Polynomial p = Polynomial.parse("n^2*k + 3").times(Polynomial.of(a));
    Polynomial q = Polynomial.parse("k - n").plus(Polynomial.of(b));
    Map<String, Long> at = Map.of("n", (long) n, "k", (long) k);
    long x = (long) a * (n * n * k + 3);
    long y = k - n + b;
    assertThat(p.at(at)).isEqualTo(x);
    assertThat(p.plus(q).at(at)).isEqualTo(x + y);
    assertThat(p.minus(q).at(at)).isEqualTo(x - y);
    assertThat(p.times(q).at(at)).isEqualTo(x * y);
    assertThat(Polynomial.parse(p.times(q).toString())).isEqualTo(p.times(q));
  }

  @Test
  void symbolsAreReplacedByPolynomials() {
    Polynomial p = Polynomial.parse("n*m+m");
    assertThat(p.with(Map.of("m", Polynomial.parse("n+1"))))
        .isEqualTo(Polynomial.parse("n^2+2*n+1"));
    assertThat(p.degree("n")).isEqualTo(1);
  }

  @Test
  void whatIsNoSizeIsRefused() {
    for (String text : new String[] {"", "n+", "2**n", "n^x", "a b", "n^99999999999"}) {
      assertThatThrownBy(() -> Polynomial.parse(text))
          .as(text)
          .isInstanceOf(DiagramException.class);
    }
    assertThatThrownBy(() -> Polynomial.parse("n*k").at(Map.of("n", 2L)))
        .hasMessageContaining("'k'");
  }
}
