package org.lapidary.nn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class NearestTest {
  @Test
  void editsAreThoseOfTheDefinition() {
    assertThat(Nearest.edits("", "abc")).isEqualTo(3);
    assertThat(Nearest.edits("kitten", "sitting")).isEqualTo(3);
    assertThat(Nearest.edits("dsnot", "dnsot")).isEqualTo(1); // one swap
    assertThat(Nearest.edits("same", "same")).isZero();
  }

  @Test
  void editsAgreeWithTheRecursion() {
    Random random = new Random(5);
    for (int round = 0; round < 300; round++) {
      String a = word(random);
      String b = word(random);
      assertThat(Nearest.edits(a, b)).as("%s %s", a, b).isEqualTo(recursive(a, b));
      assertThat(Nearest.edits(a, b)).isEqualTo(Nearest.edits(b, a));
    }
  }

  private static String word(Random random) {
    StringBuilder out = new StringBuilder();
    for (int i = random.nextInt(6); i > 0; i--) {
      out.append((char) ('a' + random.nextInt(3)));
    }
    return out.toString();
  }

  private static int recursive(String a, String b) {
    if (a.isEmpty() || b.isEmpty()) {
      return a.length() + b.length();
    }
    String x = a.substring(1);
    String y = b.substring(1);
    int best = recursive(x, y) + (a.charAt(0) == b.charAt(0) ? 0 : 1);
    best = Math.min(best, Math.min(recursive(x, b), recursive(a, y)) + 1);
    if (a.length() > 1
        && b.length() > 1
        && a.charAt(0) == b.charAt(1)
        && a.charAt(1) == b.charAt(0)) {
      best = Math.min(best, recursive(a.substring(2), b.substring(2)) + 1);
    }
    return best;
  }

  @Test
  void theLikeliestComesFirstAndNothingFarIsOffered() {
    List<String> names = List.of("reproduce", "methods", "version", "hawq-v2", "layerwise-quant");
    assertThat(Nearest.to("reprodcue", names)).containsExactly("reproduce");
    assertThat(Nearest.to("HAWQ", names)).containsExactly("hawq-v2");
    assertThat(Nearest.to("quant", names)).containsExactly("layerwise-quant");
    assertThat(Nearest.to("zzzzzz", names)).isEmpty();
  }
}
