package org.lapidary.interpret.features;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.lapidary.interpret.dictionary.Activation;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

class FeatureTablesTest {
  /** The bits of the least normal and of the largest number; all between are numbers above 0. */
  private static final int LEAST = 0x0080_0000;

  private static final int MOST = 0x7f7f_ffff;

  /** One feature that gives what it reads. */
  private static FiredText fired(float... values) {
    try (Scope scope = Scope.open()) {
      Dictionary identity =
          new Dictionary(
              Tensor.ones(1, 1),
              Tensor.zeros(1),
              Tensor.ones(1, 1),
              Tensor.zeros(1),
              new Activation.Relu(),
              "",
              "");
      return FiredText.of(identity, Tensor.of(values, values.length, 1));
    }
  }

  private static FeatureTables counted(float... values) {
    FeatureTables tables = new FeatureTables(1, 3, 3);
    for (int i = 0; i < values.length; i++) {
      tables.add(i, new int[] {i}, fired(values[i]));
    }
    return tables;
  }

  @Property(tries = 200)
  void histogramsDoNotDependOnTheOrderAndUseTheLeastPowerOfTwo(
      @ForAll @Size(min = 1, max = 30) List<@IntRange(min = LEAST, max = MOST) Integer> bits) {
    float[] values = new float[bits.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = Float.intBitsToFloat(bits.get(i));
    }
    FeatureTables tables = counted(values);
    float[] reversed = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      reversed[i] = values[values.length - 1 - i];
    }
    FeatureTables other = counted(reversed);
    assertThat(tables.histogram).isEqualTo(other.histogram);
    assertThat(tables.binWidth).isEqualTo(other.binWidth);
    float width = tables.binWidth[0];
    float max = tables.max[0];
    assertThat(max).isLessThan(FeatureTables.BINS * width);
    assertThat(max).isGreaterThanOrEqualTo(FeatureTables.BINS * (width / 2));
    long[] expected = new long[FeatureTables.BINS];
    for (float v : values) {
      expected[(int) (v / width)]++;
    }
    assertThat(tables.histogram).isEqualTo(expected);
  }

  @Property(tries = 200)
  void theStrongestPlacesAreKeptAndOfEqualOnesTheFirst(
      @ForAll @Size(min = 1, max = 20) List<@IntRange(min = 0, max = 5) Integer> values) {
    float[] floats = new float[values.size()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = values.get(i);
    }
    FeatureTables tables = counted(floats);
    int[] expected =
        IntStream.range(0, values.size())
            .boxed()
            .filter(i -> values.get(i) > 0)
            .sorted((a, b) -> Integer.compare(values.get(b), values.get(a)))
            .limit(3)
            .mapToInt(Integer::intValue)
            .toArray();
    int[] found = Arrays.stream(tables.text).filter(t -> t >= 0).toArray();
    assertThat(found).isEqualTo(expected);
  }

  @Test
  void tooManyCellsAreRefused() {
    assertThatThrownBy(() -> new FeatureTables(1_000_000, 100, 100))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("keep fewer or shorter contexts");
  }
}
