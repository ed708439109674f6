package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Sparse codes without a pattern: {@link Masks}, and the kept codes of every row one after the
 * other, {@code bits} each from the lowest bit of the row's first byte on.
 */
final class SparseCodes extends CodedMatrix {
  static final String PATTERN = "sparse";

  /** Half of what a word of 64 bits gives to 16 lanes. */
  private static final int HALF = 8;

  private static final VectorMask<Integer> FROM_EIGHT =
      VectorMask.fromLong(Lanes.INT, 0xFF00L & (1L << Lanes.COUNT) - 1);

  /** By width: how far left the code of lane j lies from the top of the 32 bits with its half. */
  private static final int[][] SHIFTS = {{}, {}, shifts(2), shifts(3), shifts(4)};

  private final MemorySegment masks;
  private final MemorySegment codes;

  /** Bytes before each row's codes. */
  private final long[] begins;

  private final long nonZeros;

  private SparseCodes(
      int rows,
      int columns,
      int bits,
      int group,
      Scales scales,
      MemorySegment masks,
      MemorySegment codes) {
    super(rows, columns, bits, group, scales);
    this.masks = masks;
    this.codes = Stored.slack(codes);
    this.begins = begins(Masks.starts(masks, rows, columns), bits);
    if (codes.byteSize() != begins[rows]) {
      throw new IllegalArgumentException(
          "the part 'codes' of a packed sparse [%d, %d] holds %d bytes; the masks need %d"
              .formatted(rows, columns, codes.byteSize(), begins[rows]));
    }
    this.nonZeros = countNonZeros();
  }

  private static long[] begins(long[] starts, int bits) {
    long[] begins = new long[starts.length];
    for (int r = 1; r < starts.length; r++) {
      long kept = starts[r] - starts[r - 1];
      begins[r] = begins[r - 1] + Math.ceilDiv(kept * bits, Byte.SIZE);
    }
    return begins;
  }

  private static int[] shifts(int bits) {
    int[] shifts = new int[16];
    for (int j = 0; j < shifts.length; j++) {
      shifts[j] = 32 - bits * (j % HALF + 1);
    }
    return shifts;
  }

  static SparseCodes of(byte[] codes, Scales scales, int bits, int group, int rows, int columns) {
    MemorySegment masks = Masks.of(rows, columns, i -> codes[i] != 0);
    long[] begins = begins(Masks.starts(masks, rows, columns), bits);
    MemorySegment packed = Stored.zeros(begins[rows]);
    for (int r = 0; r < rows; r++) {
      long bit = begins[r] * Byte.SIZE;
      for (int c = 0; c < columns; c++) {
        byte code = codes[r * columns + c];
        if (code != 0) {
          Bits.put(packed, bit, bits, code);
          bit += bits;
        }
      }
    }
    return new SparseCodes(
        rows, columns, bits, group, scales, masks, packed.asSlice(0, begins[rows]));
  }

  static SparseCodes of(
      Meta meta, Map<String, MemorySegment> parts, int bits, int group, Scales scales) {
    long bytes = meta.rows() * Masks.rowBytes(meta.columns());
    return new SparseCodes(
        meta.rows(),
        meta.columns(),
        bits,
        group,
        scales,
        Stored.bytes(meta.part(parts, "masks", bytes)),
        meta.part(parts, "codes"));
  }

  @Override
  boolean grouped() {
    return group() % SLOT == 0 || group() >= columns();
  }

  @Override
  void blocks(MemorySegment x, int from, int count, MemorySegment sums) {
    int vectors = padded() / Lanes.COUNT;
    int perGroup = group() >= columns() ? vectors : group() / Lanes.COUNT;
    for (int i = 0; i < count; i++) {
      int r = from + i;
      long mask = r * Masks.rowBytes(columns());
      long scale = scales().at(r, 0);
      FloatVector sum =
          bits() == 8
              ? bytes(codes, begins[r], masks, mask, scales(), scale, x, vectors, perGroup)
              : narrow(
                  codes, begins[r], bits(), masks, mask, scales(), scale, x, vectors, perGroup);
      Sums.set(sums, i, sum);
    }
  }

  private static FloatVector narrow(
      MemorySegment codes,
      long begin,
      int bits,
      MemorySegment masks,
      long mask,
      Scales scales,
      long scale,
      MemorySegment x,
      int vectors,
      int perGroup) {
    IntVector shift = IntVector.fromArray(Lanes.INT, SHIFTS[bits], 0);
    MemorySegment factors = scales.memory();
    long stride = scales.stride();
    FloatVector a = FloatVector.zero(Lanes.FLOAT);
    FloatVector t = a;
    int left = perGroup;
    long p = begin * Byte.SIZE;
    for (int i = 0; i < vectors; i++) {
      if (left == 0) {
        t = a.fma(Scales.of(factors, scale, 0), t);
        a = FloatVector.zero(Lanes.FLOAT);
        left = perGroup;
        scale += stride;
      }
      left--;
      int kept = Masks.bits(masks, mask, i);
      FloatVector w = cut(codes, p, bits, shift).expand(Masks.mask(kept));
      a = w.fma(DenseProduct.load(x, i * Sums.VECTOR), a);
      p += (long) Integer.bitCount(kept) * bits;
    }
    return a.fma(Scales.of(factors, scale, 0), t);
  }

  /** As many codes as lanes, from any bit on. */
  private static FloatVector cut(MemorySegment codes, long bit, int bits, IntVector shift) {
    long word = Bits.word64AtBit(codes, bit);
    IntVector lanes = IntVector.broadcast(Lanes.INT, (int) word);
    if (Lanes.COUNT > HALF) {
      lanes = lanes.blend((int) (word >>> HALF * bits), FROM_EIGHT);
    }
    return CodeLanes.top(lanes.lanewise(VectorOperators.LSHL, shift), bits);
  }

  private static FloatVector bytes(
      MemorySegment codes,
      long begin,
      MemorySegment masks,
      long mask,
      Scales scales,
      long scale,
      MemorySegment x,
      int vectors,
      int perGroup) {
    MemorySegment factors = scales.memory();
    long stride = scales.stride();
    FloatVector a = FloatVector.zero(Lanes.FLOAT);
    FloatVector t = a;
    int left = perGroup;
    long p = begin;
    for (int i = 0; i < vectors; i++) {
      if (left == 0) {
        t = a.fma(Scales.of(factors, scale, 0), t);
        a = FloatVector.zero(Lanes.FLOAT);
        left = perGroup;
        scale += stride;
      }
      left--;
      int kept = Masks.bits(masks, mask, i);
      FloatVector w = CodeLanes.widen(codes, p).expand(Masks.mask(kept));
      a = w.fma(DenseProduct.load(x, i * Sums.VECTOR), a);
      p += Integer.bitCount(kept);
    }
    return a.fma(Scales.of(factors, scale, 0), t);
  }

  @Override
  void codes(int r, MemorySegment row) {
    long mask = r * Masks.rowBytes(columns());
    long p = begins[r] * Byte.SIZE;
    for (int i = 0; i < padded() / Lanes.COUNT; i++) {
      int kept = Masks.bits(masks, mask, i);
      FloatVector w =
          bits() == 8
              ? CodeLanes.widen(codes, p / Byte.SIZE)
              : cut(codes, p, bits(), IntVector.fromArray(Lanes.INT, SHIFTS[bits()], 0));
      w.expand(Masks.mask(kept)).intoMemorySegment(row, i * Sums.VECTOR, Lanes.ORDER);
      p += (long) Integer.bitCount(kept) * bits();
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
    return Map.of("masks", masks.asReadOnly(), "codes", Stored.exact(codes));
  }
}
