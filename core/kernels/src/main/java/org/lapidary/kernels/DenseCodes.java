package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Codes of every column. A slot of 16 columns takes 2 * bits bytes. Codes of 8 bits are bytes in
 * order. Narrower ones: the even columns fill the first half of the slot, the odd columns the
 * second, each in order from the lowest bit. So one 64-bit load, repeated over the vector, gives
 * every lane the half that holds its code, and two shifts cut the code out.
 */
final class DenseCodes extends CodedMatrix {
  static final String PATTERN = "dense";

  /** By width: how far left the code of lane j lies from the top of its 32 bits. */
  private static final int[][] SHIFTS = {{}, {}, shifts(2), shifts(3), shifts(4)};

  private final MemorySegment codes;
  private final long nonZeros;

  private DenseCodes(
      int rows, int columns, int bits, int group, MemorySegment scales, MemorySegment codes) {
    super(rows, columns, bits, group, scales);
    this.codes = codes;
    this.nonZeros = countNonZeros();
  }

  static DenseCodes of(
      byte[] codes, MemorySegment scales, int bits, int group, int rows, int columns) {
    long row = rowBytes(columns, bits);
    MemorySegment packed = MemorySegment.ofArray(new byte[Math.toIntExact(rows * row + 1)]);
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        long bit = r * row * Byte.SIZE + offset(c, bits);
        Bits.put(packed, bit, bits, codes[r * columns + c]);
      }
    }
    MemorySegment own = Stored.slack(packed.asSlice(0, rows * row));
    return new DenseCodes(rows, columns, bits, group, scales, own);
  }

  static DenseCodes of(
      Meta meta, Map<String, MemorySegment> parts, int bits, int group, MemorySegment scales) {
    long bytes = meta.rows() * rowBytes(meta.columns(), bits);
    MemorySegment own = Stored.slack(meta.part(parts, "codes", bytes));
    return new DenseCodes(meta.rows(), meta.columns(), bits, group, scales, own);
  }

  private static long rowBytes(int columns, int bits) {
    return (long) padded(columns) / Byte.SIZE * bits;
  }

  /** Where in its row the code of column c begins, in bits. */
  private static long offset(int c, int bits) {
    long slot = (long) (c / SLOT) * SLOT * bits;
    int j = c % SLOT;
    return slot + (bits == 8 ? j * 8 : (j & 1) * 8 * bits + (j >> 1) * bits);
  }

  private static int[] shifts(int bits) {
    int[] shifts = new int[SLOT];
    for (int j = 0; j < SLOT; j++) {
      // the even half ends at bit 32, the odd half begins there
      int low = (j & 1) == 0 ? 32 - 8 * bits : 0;
      shifts[j] = 32 - bits - low - (j >> 1) * bits;
    }
    return shifts;
  }

  @Override
  void slotProduct(MemorySegment x, MemorySegment y, long from, long to) {
    int slots = padded() / SLOT;
    int perGroup = group() >= columns() ? slots : group() / SLOT;
    long r = from;
    if (bits() == 8) {
      for (; r < to; r++) {
        y.set(DenseProduct.FLOAT, r * Float.BYTES, bytes((int) r, x, perGroup));
      }
      return;
    }
    for (; r + 4 <= to; r += 4) {
      four(codes, bits(), scales(), r, x, slots, perGroup, groups(), y);
    }
    for (; r < to; r++) {
      float sum = one(codes, bits(), scales(), r, x, slots, perGroup, groups());
      y.set(DenseProduct.FLOAT, r * Float.BYTES, sum);
    }
  }

  private static void four(
      MemorySegment codes,
      int bits,
      MemorySegment scales,
      long r,
      MemorySegment x,
      int slots,
      int perGroup,
      int groups,
      MemorySegment y) {
    IntVector shift = IntVector.fromArray(Lanes.INT, SHIFTS[bits], 0);
    long row = (long) slots * 2 * bits;
    long w0 = r * row;
    long w1 = w0 + row;
    long w2 = w1 + row;
    long w3 = w2 + row;
    long scale = r * groups * Float.BYTES;
    long next = (long) groups * Float.BYTES;
    FloatVector t0 = FloatVector.zero(Lanes.FLOAT);
    FloatVector t1 = t0;
    FloatVector t2 = t0;
    FloatVector t3 = t0;
    int i = 0;
    for (int g = 0; g < groups; g++) {
      int end = Math.min(slots, (g + 1) * perGroup) * SLOT;
      FloatVector a0 = FloatVector.zero(Lanes.FLOAT);
      FloatVector a1 = a0;
      FloatVector a2 = a0;
      FloatVector a3 = a0;
      for (; i < end; i += Lanes.COUNT) {
        FloatVector u = DenseProduct.load(x, (long) i * Float.BYTES);
        a0 = unpack(codes, w0, i, bits, shift).fma(u, a0);
        a1 = unpack(codes, w1, i, bits, shift).fma(u, a1);
        a2 = unpack(codes, w2, i, bits, shift).fma(u, a2);
        a3 = unpack(codes, w3, i, bits, shift).fma(u, a3);
      }
      t0 = a0.fma(scale(scales, scale), t0);
      t1 = a1.fma(scale(scales, scale + next), t1);
      t2 = a2.fma(scale(scales, scale + 2 * next), t2);
      t3 = a3.fma(scale(scales, scale + 3 * next), t3);
      scale += Float.BYTES;
    }
    long out = r * Float.BYTES;
    y.set(DenseProduct.FLOAT, out, DenseProduct.sum(t0));
    y.set(DenseProduct.FLOAT, out + 4, DenseProduct.sum(t1));
    y.set(DenseProduct.FLOAT, out + 8, DenseProduct.sum(t2));
    y.set(DenseProduct.FLOAT, out + 12, DenseProduct.sum(t3));
  }

  private static float one(
      MemorySegment codes,
      int bits,
      MemorySegment scales,
      long r,
      MemorySegment x,
      int slots,
      int perGroup,
      int groups) {
    IntVector shift = IntVector.fromArray(Lanes.INT, SHIFTS[bits], 0);
    long w = r * slots * 2 * bits;
    long scale = r * groups * Float.BYTES;
    FloatVector t = FloatVector.zero(Lanes.FLOAT);
    int i = 0;
    for (int g = 0; g < groups; g++) {
      int end = Math.min(slots, (g + 1) * perGroup) * SLOT;
      FloatVector a = FloatVector.zero(Lanes.FLOAT);
      for (; i < end; i += Lanes.COUNT) {
        FloatVector u = DenseProduct.load(x, (long) i * Float.BYTES);
        a = unpack(codes, w, i, bits, shift).fma(u, a);
      }
      t = a.fma(scale(scales, scale), t);
      scale += Float.BYTES;
    }
    return DenseProduct.sum(t);
  }

  private float bytes(int r, MemorySegment x, int perGroup) {
    long w = (long) r * padded();
    long scale = (long) r * groups() * Float.BYTES;
    FloatVector t = FloatVector.zero(Lanes.FLOAT);
    int i = 0;
    for (int g = 0; g < groups(); g++) {
      int end = Math.min(padded() / SLOT, (g + 1) * perGroup) * SLOT;
      FloatVector a = FloatVector.zero(Lanes.FLOAT);
      for (; i < end; i += Lanes.COUNT) {
        a = widen(codes, w + i).fma(DenseProduct.load(x, (long) i * Float.BYTES), a);
      }
      t = a.fma(scale(scales(), scale), t);
      scale += Float.BYTES;
    }
    return DenseProduct.sum(t);
  }

  /** The codes of the columns from i on, of the row that begins at byte {@code row}. */
  private static FloatVector unpack(
      MemorySegment codes, long row, int i, int bits, IntVector shift) {
    long word = Bits.word64(codes, row + (long) (i >> 4) * 2 * bits) << 32 - 8 * bits;
    if (Lanes.COUNT < SLOT) {
      word >>>= (i & 15) / 2 * bits;
    }
    return (FloatVector)
        LongVector.broadcast(Lanes.LONG, word)
            .reinterpretAsInts()
            .lanewise(VectorOperators.LSHL, shift)
            .lanewise(VectorOperators.ASHR, 32 - bits)
            .convert(VectorOperators.I2F, 0);
  }

  private static FloatVector widen(MemorySegment codes, long at) {
    return (FloatVector)
        ByteVector.fromMemorySegment(Lanes.BYTE, codes, at, Lanes.ORDER)
            .convertShape(VectorOperators.B2F, Lanes.FLOAT, 0);
  }

  private static FloatVector scale(MemorySegment scales, long at) {
    return FloatVector.broadcast(Lanes.FLOAT, scales.get(DenseProduct.FLOAT, at));
  }

  @Override
  void codes(int r, MemorySegment row) {
    long begin = r * rowBytes(columns(), bits());
    if (bits() == 8) {
      for (int i = 0; i < padded(); i += Lanes.COUNT) {
        widen(codes, begin + i).intoMemorySegment(row, (long) i * Float.BYTES, Lanes.ORDER);
      }
      return;
    }
    IntVector shift = IntVector.fromArray(Lanes.INT, SHIFTS[bits()], 0);
    for (int i = 0; i < padded(); i += Lanes.COUNT) {
      unpack(codes, begin, i, bits(), shift)
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
