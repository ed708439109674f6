package org.lapidary.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class CodedMatrixTest {

  @Provide
  Arbitrary<Integer> widths() {
    return Arbitraries.of(2, 3, 4, 8);
  }

  /** Groups of whole slots, where the fast kernel runs, and others. */
  @Provide
  Arbitrary<Integer> groups() {
    return Arbitraries.of(1, 5, 16, 17, 32, 48, 64, 128, 1000);
  }

  @Property(tries = 400)
  void multipliesLikeTheSumInDouble(
      @ForAll("widths") int bits,
      @ForAll("groups") int group,
      @ForAll PackedMatrix.Pattern pattern,
      @ForAll @IntRange(min = 1, max = 12) int rows,
      @ForAll @IntRange(min = 1, max = 200) int columns,
      @ForAll long seed) {
    Random random = new Random(seed);
    byte[] codes = codes(random, bits, rows, columns, pattern);
    int groups = (columns + group - 1) / group;
    float[] scales = Segments.normal(random, rows * groups);
    float[] w = new float[rows * columns];
    for (int i = 0; i < w.length; i++) {
      w[i] = codes[i] * scales[i / columns * groups + i % columns / group];
    }
    PackedMatrix matrix =
        PackedMatrix.quantized(codes, scales, bits, group, rows, columns, pattern);
    Oracle.holds(matrix, w, rows, columns, random);
    assertThat(matrix.bytes()).isEqualTo((long) bytes(codes, bits, groups, rows, columns, pattern));
  }

  /**
   * Blocks of 8 rows, slots of 16 columns, a bit a column where zeros are dropped, really {@code
   * bits} a code.
   */
  private static double bytes(
      byte[] codes, int bits, int groups, int rows, int columns, PackedMatrix.Pattern pattern) {
    long blocked = (rows + 7) / 8 * 8;
    long slots = blocked * ((columns + 15) / 16);
    long scales = 4L * blocked * groups;
    return scales
        + switch (pattern) {
          case DENSE -> slots * 2 * bits;
          case TWO_FOUR -> (rows + 3) / 4 * 4 * ((columns + 63) / 64 * 8) * (1 + bits / 2.0);
          case UNSTRUCTURED -> {
            double bytes = 2.0 * rows * ((columns + 15) / 16);
            for (int r = 0; r < rows; r++) {
              int kept = 0;
              for (int c = 0; c < columns; c++) {
                kept += codes[r * columns + c] != 0 ? 1 : 0;
              }
              bytes += (kept * bits + 7) / 8;
            }
            yield bytes;
          }
        };
  }

  private static byte[] codes(
      Random random, int bits, int rows, int columns, PackedMatrix.Pattern pattern) {
    byte[] codes = new byte[rows * columns];
    for (int i = 0; i < codes.length; i++) {
      codes[i] = (byte) (random.nextInt(1 << bits) - (1 << bits - 1));
    }
    for (int r = 0; r < rows; r++) {
      int density = random.nextInt(101);
      for (int c = 0; c < columns; c++) {
        switch (pattern) {
          case DENSE -> {}
          case UNSTRUCTURED -> {
            if (random.nextInt(100) >= density) {
              codes[r * columns + c] = 0;
            }
          }
          case TWO_FOUR -> {
            int kept = 0;
            for (int b = c - c % 4; b < c; b++) {
              kept += codes[r * columns + b] != 0 ? 1 : 0;
            }
            if (kept == 2 || random.nextInt(3) == 0) {
              codes[r * columns + c] = 0;
            }
          }
        }
      }
    }
    return codes;
  }

  @Test
  void wrongArgumentsAreRefusedInWords() {
    byte[] codes = {1, -4, 3, 0};
    float[] scales = {1, 2};
    refused(codes, scales, 5, 2, 1, 4, "bits is 5");
    refused(codes, scales, 4, 0, 1, 4, "group is 0");
    refused(codes, scales, 4, 4, 1, 4, "2 scales for [1, 4] in groups of 4, which needs 1");
    refused(codes, scales, 2, 2, 1, 4, "the code at index 1 is -4; 2 bits hold -2 to 1");
    refused(codes, scales, 3, 2, 1, 5, "4 values for a matrix of [1, 5]");
    refused(codes, new float[] {1, Float.NaN}, 3, 2, 1, 4, "scales holds NaN at index 1");
  }

  @Test
  void aBrokenPatternIsRefusedWithItsPlace() {
    byte[] codes = {0, 1, 0, 1, 0, 1, 1, 1};
    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            PackedMatrix.quantized(
                codes, new float[] {1}, 4, 8, 1, 8, PackedMatrix.Pattern.TWO_FOUR))
        .withMessage("row 0 keeps 3 weights in columns [4, 8); the pattern 2:4 allows 2");
  }

  @Test
  void aSerialFormThatDoesNotAddUpIsRefused() {
    byte[] codes = {0, 1, 0, 1, 0, 0, 1, 1};
    for (PackedMatrix.Pattern pattern : PackedMatrix.Pattern.values()) {
      PackedMatrix matrix = PackedMatrix.quantized(codes, new float[] {1}, 3, 8, 1, 8, pattern);
      for (String part : matrix.parts().keySet()) {
        Map<String, MemorySegment> parts = new HashMap<>(matrix.parts());
        MemorySegment right = matrix.parts().get(part);
        parts.put(part, right.asSlice(0, right.byteSize() - 1));
        assertThatIllegalArgumentException()
            .isThrownBy(() -> PackedMatrix.of(matrix.meta(), parts))
            .withMessageContaining("'" + part + "'");
      }
      refused(matrix, "bits", "5", "bits is 5");
      refused(matrix, "bits", "9", "bits of a packed matrix is '9'");
      refused(matrix, "group", "0", "group of a packed matrix is '0'");
      refused(matrix, "group", "4", "'scales'");
      refused(matrix, "pattern", "diagonal", "it is dense, sparse or 2:4");
    }
  }

  @Test
  void impossibleChoicesOfAHostileFileAreRefused() {
    PackedMatrix matrix =
        PackedMatrix.quantized(
            new byte[] {0, 1, 0, 1}, new float[] {1}, 4, 4, 1, 4, PackedMatrix.Pattern.TWO_FOUR);
    // the first and the second of a four both at place 1
    byte[] choices = matrix.parts().get("choices").toArray(ValueLayout.JAVA_BYTE);
    choices[0] = 1;
    choices[2] = 0;
    choices[4] = 0;
    choices[6] = 1;
    Map<String, MemorySegment> parts = new HashMap<>(matrix.parts());
    parts.put("choices", MemorySegment.ofArray(choices));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PackedMatrix.of(matrix.meta(), parts))
        .withMessageContaining("impossible at byte 0");
  }

  private static void refused(PackedMatrix matrix, String key, String value, String message) {
    Map<String, String> meta = new HashMap<>(matrix.meta());
    meta.put(key, value);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PackedMatrix.of(meta, matrix.parts()))
        .withMessageContaining(message);
  }

  private static void refused(
      byte[] codes, float[] scales, int bits, int group, int rows, int columns, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            PackedMatrix.quantized(
                codes, scales, bits, group, rows, columns, PackedMatrix.Pattern.DENSE))
        .withMessageContaining(message);
  }
}
