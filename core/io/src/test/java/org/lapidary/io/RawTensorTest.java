package org.lapidary.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.util.OptionalLong;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.lapidary.tensor.DType;

class RawTensorTest {

  @Property
  void byteSizeIsTheExactProductOrEmpty(
      @ForAll @Size(max = 5) @LongRange(min = -1) long[] shape, @ForAll DType dtype) {
    BigInteger product = BigInteger.ONE;
    boolean possible = true;
    for (long size : shape) {
      product = product.multiply(BigInteger.valueOf(size));
      possible &= size >= 0 && product.bitLength() < 64;
    }
    product = product.multiply(BigInteger.valueOf(dtype.bytes()));
    OptionalLong expected =
        possible && product.bitLength() < 64
            ? OptionalLong.of(product.longValueExact())
            : OptionalLong.empty();
    assertThat(RawTensor.byteSize(dtype, shape)).isEqualTo(expected);
  }

  @Test
  void halfPrecisionValuesAreTheOnesTheirBitsMean() {
    // 1 sign, 5 exponent, 10 mantissa bits: 0x3c00 is 1, 0xc000 is -2, 0x0001 is 2^-24.
    RawTensor half = new RawTensor(DType.FLOAT16, new long[] {3}, shorts(0x3c00, 0xc000, 0x0001));
    assertThat(half.toFloats()).containsExactly(1f, -2f, (float) Math.pow(2, -24));
    // bfloat16 is the upper half of a float32: 0x3f80 is 1, 0x4049 is 3.140625.
    RawTensor brain = new RawTensor(DType.BFLOAT16, new long[] {2}, shorts(0x3f80, 0x4049));
    assertThat(brain.toDoubles()).containsExactly(1, 3.140625);
  }

  @Test
  void valuesConvertByTheirType() {
    MemorySegment bytes = MemorySegment.ofArray(new byte[] {-1, 2});
    long[] two = {2};
    assertThat(new RawTensor(DType.INT8, two, bytes).toInts()).containsExactly(-1, 2);
    assertThat(new RawTensor(DType.UINT8, two, bytes).toInts()).containsExactly(255, 2);
    assertThat(new RawTensor(DType.BOOL, two, bytes).toFloats()).containsExactly(1, 1);
    assertThat(new RawTensor(DType.INT16, new long[0], bytes).toLongs()).containsExactly(0x2ff);
    assertThatIllegalStateException()
        .isThrownBy(() -> RawTensor.of(new float[1], 1).toInts())
        .withMessageContaining("toFloats");
  }

  @Test
  void lengthThatDoesNotFitIsRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RawTensor.of(new float[3], 2))
        .withMessageContaining("FLOAT32[2]")
        .withMessageContaining("12 bytes");
  }

  @Test
  void shapesAreCopiedInAndOut() {
    long[] shape = {2};
    RawTensor tensor = RawTensor.of(new float[2], shape);
    shape[0] = 5;
    tensor.shape()[0] = 7;
    assertThat(tensor.shape()).containsExactly(2);
  }

  private static MemorySegment shorts(int... values) {
    byte[] bytes = new byte[2 * values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[2 * i] = (byte) values[i];
      bytes[2 * i + 1] = (byte) (values[i] >> 8);
    }
    return MemorySegment.ofArray(bytes);
  }
}
