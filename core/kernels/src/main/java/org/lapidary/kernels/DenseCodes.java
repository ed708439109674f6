package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/** Codes of every column, in the layout of {@link CodeLanes}. */
final class DenseCodes extends CodedMatrix {
  static final String PATTERN = "dense";

  private final MemorySegment codes;
  private final long nonZeros;

  private DenseCodes(
      int rows, int columns, int bits, int group, Scales scales, MemorySegment codes) {
    super(rows, columns, bits, group, scales);
    this.codes = codes;
    this.nonZeros = countNonZeros();
  }

  static DenseCodes of(byte[] codes, Scales scales, int bits, int group, int rows, int columns) {
    int width = padded(columns);
    long block = CodeLanes.bytes(bits, width);
    MemorySegment packed = Stored.zeros(Math.ceilDiv(rows, BLOCK) * block);
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        byte code = codes[r * columns + c];
        CodeLanes.put(packed, r / BLOCK * block, bits, width, r % BLOCK, c, code);
      }
    }
    return new DenseCodes(rows, columns, bits, group, scales, packed);
  }

  static DenseCodes of(
      Meta meta, Map<String, MemorySegment> parts, int bits, int group, Scales scales) {
    long block = CodeLanes.bytes(bits, padded(meta.columns()));
    long bytes = Math.ceilDiv(meta.rows(), BLOCK) * block;
    MemorySegment own = Stored.slack(meta.part(parts, "codes", bytes));
    return new DenseCodes(meta.rows(), meta.columns(), bits, group, scales, own);
  }

  @Override
  boolean grouped() {
    return group() % SLOT == 0 || group() >= columns();
  }

  @Override
  void blocks(MemorySegment x, int from, int count, MemorySegment sums) {
    int width = padded();
    int perGroup = group() >= columns() ? width : group();
    MemorySegment memory = scales().memory();
    for (int i = 0; i < count; i += 4) {
      int r = from + i;
      long begin = r / BLOCK * CodeLanes.bytes(bits(), width);
      long s = scales().at(r, 0);
      if (bits() == 8) {
        begin += (long) (r % BLOCK) * width;
        bytes(codes, begin, memory, s, scales().stride(), x, width, perGroup, sums, i);
      } else {
        int skip = bits() * (r % BLOCK);
        narrow(
            codes, begin, bits(), skip, memory, s, scales().stride(), x, width, perGroup, sums, i);
      }
    }
  }

  private static void narrow(
      MemorySegment codes,
      long begin,
      int bits,
      int skip,
      MemorySegment scales,
      long s,
      long stride,
      MemorySegment x,
      int width,
      int perGroup,
      MemorySegment sums,
      int index) {
    FloatVector zero = FloatVector.zero(Lanes.FLOAT);
    FloatVector a0 = zero;
    FloatVector a1 = zero;
    FloatVector a2 = zero;
    FloatVector a3 = zero;
    FloatVector t0 = zero;
    FloatVector t1 = zero;
    FloatVector t2 = zero;
    FloatVector t3 = zero;
    int left = perGroup;
    for (int i = 0; i < width; i += Lanes.COUNT) {
      if (left == 0) {
        t0 = a0.fma(Scales.of(scales, s, 0), t0);
        t1 = a1.fma(Scales.of(scales, s, 1), t1);
        t2 = a2.fma(Scales.of(scales, s, 2), t2);
        t3 = a3.fma(Scales.of(scales, s, 3), t3);
        a0 = zero;
        a1 = zero;
        a2 = zero;
        a3 = zero;
        left = perGroup;
        s += stride;
      }
      left -= Lanes.COUNT;
      FloatVector u = DenseProduct.load(x, (long) i * Float.BYTES);
      IntVector v = CodeLanes.load(codes, begin, bits, width, i);
      v = CodeLanes.next(v, skip);
      a0 = CodeLanes.top(v, bits).fma(u, a0);
      v = CodeLanes.next(v, bits);
      a1 = CodeLanes.top(v, bits).fma(u, a1);
      v = CodeLanes.next(v, bits);
      a2 = CodeLanes.top(v, bits).fma(u, a2);
      v = CodeLanes.next(v, bits);
      a3 = CodeLanes.top(v, bits).fma(u, a3);
    }
    Sums.set(sums, index, a0.fma(Scales.of(scales, s, 0), t0));
    Sums.set(sums, index + 1, a1.fma(Scales.of(scales, s, 1), t1));
    Sums.set(sums, index + 2, a2.fma(Scales.of(scales, s, 2), t2));
    Sums.set(sums, index + 3, a3.fma(Scales.of(scales, s, 3), t3));
  }

  private static void bytes(
      MemorySegment codes,
      long begin,
      MemorySegment scales,
      long s,
      long stride,
      MemorySegment x,
      int width,
      int perGroup,
      MemorySegment sums,
      int index) {
    FloatVector zero = FloatVector.zero(Lanes.FLOAT);
    FloatVector a0 = zero;
    FloatVector a1 = zero;
    FloatVector a2 = zero;
    FloatVector a3 = zero;
    FloatVector t0 = zero;
    FloatVector t1 = zero;
    FloatVector t2 = zero;
    FloatVector t3 = zero;
    long w1 = begin + width;
    long w2 = w1 + width;
    long w3 = w2 + width;
    int left = perGroup;
    for (int i = 0; i < width; i += Lanes.COUNT) {
      if (left == 0) {
        t0 = a0.fma(Scales.of(scales, s, 0), t0);
        t1 = a1.fma(Scales.of(scales, s, 1), t1);
        t2 = a2.fma(Scales.of(scales, s, 2), t2);
        t3 = a3.fma(Scales.of(scales, s, 3), t3);
        a0 = zero;
        a1 = zero;
        a2 = zero;
        a3 = zero;
        left = perGroup;
        s += stride;
      }
      left -= Lanes.COUNT;
      FloatVector u = DenseProduct.load(x, (long) i * Float.BYTES);
      a0 = CodeLanes.widen(codes, begin + i).fma(u, a0);
      a1 = CodeLanes.widen(codes, w1 + i).fma(u, a1);
      a2 = CodeLanes.widen(codes, w2 + i).fma(u, a2);
      a3 = CodeLanes.widen(codes, w3 + i).fma(u, a3);
    }
    Sums.set(sums, index, a0.fma(Scales.of(scales, s, 0), t0));
    Sums.set(sums, index + 1, a1.fma(Scales.of(scales, s, 1), t1));
    Sums.set(sums, index + 2, a2.fma(Scales.of(scales, s, 2), t2));
    Sums.set(sums, index + 3, a3.fma(Scales.of(scales, s, 3), t3));
  }

  @Override
  void codes(int r, MemorySegment row) {
    long begin = r / BLOCK * CodeLanes.bytes(bits(), padded());
    for (int i = 0; i < padded(); i += Lanes.COUNT) {
      CodeLanes.row(codes, begin, bits(), padded(), i, r % BLOCK)
          .intoMemorySegment(row, (long) i * Float.BYTES, Lanes.ORDER);
    }
  }

  @Override
  public long nonZeros() {
    return nonZeros;
  }

  @Override
  String pattern() {
    return PATTERN;
  }

  @Override
  Map<String, MemorySegment> codeParts() {
    return Map.of("codes", Stored.exact(codes));
  }
}
