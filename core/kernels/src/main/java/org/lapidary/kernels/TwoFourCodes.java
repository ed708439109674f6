package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * 2:4 sparse codes: a bit a column says which two of every four neighbours are kept, and the kept
 * codes, half as many as columns, lie as {@link CodeLanes} says. Two are kept even where fewer are
 * not 0, so that every place is known without counting.
 */
final class TwoFourCodes extends CodedMatrix {
  static final String PATTERN = "2:4";

  private final MemorySegment masks;
  private final MemorySegment codes;
  private final long nonZeros;

  private TwoFourCodes(
      int rows,
      int columns,
      int bits,
      int group,
      Scales scales,
      MemorySegment masks,
      MemorySegment codes) {
    super(rows, columns, bits, group, scales);
    this.masks = masks;
    this.codes = codes;
    for (long at = 0; at < masks.byteSize(); at += Short.BYTES) {
      int slot = Masks.slot(masks, at);
      for (int four = 0; four < SLOT; four += 4) {
        if (Integer.bitCount(slot >>> four & 15) != 2) {
          throw new IllegalArgumentException(
              "the masks of a packed 2:4 matrix keep %d of the four columns at bit %d; they keep 2"
                  .formatted(Integer.bitCount(slot >>> four & 15), at * Byte.SIZE + four));
        }
      }
    }
    this.nonZeros = countNonZeros();
  }

  static TwoFourCodes of(byte[] codes, Scales scales, int bits, int group, int rows, int columns) {
    int width = padded(columns) / 2;
    long block = CodeLanes.bytes(bits, width);
    long row = Masks.rowBytes(columns);
    int blocked = Math.ceilDiv(rows, BLOCK) * BLOCK;
    MemorySegment masks = Stored.empty(blocked * row);
    MemorySegment packed = Stored.zeros(blocked / BLOCK * block);
    for (int r = 0; r < blocked; r++) {
      for (int four = 0; four < padded(columns); four += 4) {
        int mask = 0;
        for (int c = four; c < Math.min(four + 4, columns) && r < rows; c++) {
          if (codes[r * columns + c] != 0) {
            mask |= 1 << c - four;
          }
        }
        if (Integer.bitCount(mask) > 2) {
          throw new IllegalArgumentException(
              "row %d keeps %d weights in columns [%d, %d); the pattern 2:4 allows 2"
                  .formatted(r, Integer.bitCount(mask), four, Math.min(four + 4, columns)));
        }
        for (int c = 0; Integer.bitCount(mask) < 2; c++) {
          mask |= 1 << c;
        }
        long at = r * row + (four >> 4 << 1);
        Masks.slot(masks, at, Masks.slot(masks, at) | mask << (four & 15));
        int kept = four / 2;
        for (int c = four; c < four + 4; c++) {
          if ((mask >>> c - four & 1) != 0) {
            if (r < rows && c < columns) {
              byte code = codes[r * columns + c];
              CodeLanes.put(packed, r / BLOCK * block, bits, width, r % BLOCK, kept, code);
            }
            kept++;
          }
        }
      }
    }
    return new TwoFourCodes(rows, columns, bits, group, scales, masks, packed);
  }

  static TwoFourCodes of(
      Meta meta, Map<String, MemorySegment> parts, int bits, int group, Scales scales) {
    long blocks = Math.ceilDiv(meta.rows(), BLOCK);
    long masks = blocks * BLOCK * Masks.rowBytes(meta.columns());
    long codes = blocks * CodeLanes.bytes(bits, padded(meta.columns()) / 2);
    return new TwoFourCodes(
        meta.rows(),
        meta.columns(),
        bits,
        group,
        scales,
        Stored.bytes(meta.part(parts, "masks", masks)),
        Stored.slack(meta.part(parts, "codes", codes)));
  }

  @Override
  void four(int r, MemorySegment x, MemorySegment y, int slotsPerGroup) {
    int width = padded() / 2;
    long begin = r / BLOCK * CodeLanes.bytes(bits(), width);
    long mask = r * Masks.rowBytes(columns());
    long s = Scales.at(r, groups());
    MemorySegment memory = scales().memory();
    if (bits() == 8) {
      begin += (long) (r % BLOCK) * width;
      bytes(codes, begin, masks, mask, memory, s, x, width, slotsPerGroup, y, r, rows());
    } else {
      int skip = bits() * (r % BLOCK);
      narrow(
          codes,
          begin,
          bits(),
          skip,
          masks,
          mask,
          memory,
          s,
          x,
          width,
          slotsPerGroup,
          y,
          r,
          rows());
    }
  }

  private static void narrow(
      MemorySegment codes,
      long begin,
      int bits,
      int skip,
      MemorySegment masks,
      long m0,
      MemorySegment scales,
      long s,
      MemorySegment x,
      int width,
      int slotsPerGroup,
      MemorySegment y,
      int r,
      int rows) {
    FloatVector zero = FloatVector.zero(Lanes.FLOAT);
    FloatVector a0 = zero;
    FloatVector a1 = zero;
    FloatVector a2 = zero;
    FloatVector a3 = zero;
    FloatVector t0 = zero;
    FloatVector t1 = zero;
    FloatVector t2 = zero;
    FloatVector t3 = zero;
    long m1 = m0 + width / 4;
    long m2 = m1 + width / 4;
    long m3 = m2 + width / 4;
    int vectors = width * 2 / Lanes.COUNT;
    int left = slotsPerGroup * (SLOT / Lanes.COUNT);
    for (int i = 0; i < vectors; i++) {
      if (left == 0) {
        t0 = a0.fma(Scales.of(scales, s, 0), t0);
        t1 = a1.fma(Scales.of(scales, s, 1), t1);
        t2 = a2.fma(Scales.of(scales, s, 2), t2);
        t3 = a3.fma(Scales.of(scales, s, 3), t3);
        a0 = zero;
        a1 = zero;
        a2 = zero;
        a3 = zero;
        left = slotsPerGroup * (SLOT / Lanes.COUNT);
        s += Scales.BYTES;
      }
      left--;
      FloatVector u = DenseProduct.load(x, (long) i * Lanes.COUNT * Float.BYTES);
      // as many codes as lanes are loaded; the mask takes the first half of them
      IntVector v = CodeLanes.load(codes, begin, bits, width, i * (Lanes.COUNT / 2));
      v = CodeLanes.next(v, skip);
      a0 = CodeLanes.top(v, bits).expand(Masks.vector(masks, m0, i)).fma(u, a0);
      v = CodeLanes.next(v, bits);
      a1 = CodeLanes.top(v, bits).expand(Masks.vector(masks, m1, i)).fma(u, a1);
      v = CodeLanes.next(v, bits);
      a2 = CodeLanes.top(v, bits).expand(Masks.vector(masks, m2, i)).fma(u, a2);
      v = CodeLanes.next(v, bits);
      a3 = CodeLanes.top(v, bits).expand(Masks.vector(masks, m3, i)).fma(u, a3);
    }
    store(y, r, rows, a0.fma(Scales.of(scales, s, 0), t0));
    store(y, r + 1, rows, a1.fma(Scales.of(scales, s, 1), t1));
    store(y, r + 2, rows, a2.fma(Scales.of(scales, s, 2), t2));
    store(y, r + 3, rows, a3.fma(Scales.of(scales, s, 3), t3));
  }

  private static void bytes(
      MemorySegment codes,
      long begin,
      MemorySegment masks,
      long m0,
      MemorySegment scales,
      long s,
      MemorySegment x,
      int width,
      int slotsPerGroup,
      MemorySegment y,
      int r,
      int rows) {
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
    long m1 = m0 + width / 4;
    long m2 = m1 + width / 4;
    long m3 = m2 + width / 4;
    int vectors = width * 2 / Lanes.COUNT;
    int left = slotsPerGroup * (SLOT / Lanes.COUNT);
    for (int i = 0; i < vectors; i++) {
      if (left == 0) {
        t0 = a0.fma(Scales.of(scales, s, 0), t0);
        t1 = a1.fma(Scales.of(scales, s, 1), t1);
        t2 = a2.fma(Scales.of(scales, s, 2), t2);
        t3 = a3.fma(Scales.of(scales, s, 3), t3);
        a0 = zero;
        a1 = zero;
        a2 = zero;
        a3 = zero;
        left = slotsPerGroup * (SLOT / Lanes.COUNT);
        s += Scales.BYTES;
      }
      left--;
      FloatVector u = DenseProduct.load(x, (long) i * Lanes.COUNT * Float.BYTES);
      long at = (long) i * (Lanes.COUNT / 2);
      a0 = CodeLanes.widen(codes, begin + at).expand(Masks.vector(masks, m0, i)).fma(u, a0);
      a1 = CodeLanes.widen(codes, w1 + at).expand(Masks.vector(masks, m1, i)).fma(u, a1);
      a2 = CodeLanes.widen(codes, w2 + at).expand(Masks.vector(masks, m2, i)).fma(u, a2);
      a3 = CodeLanes.widen(codes, w3 + at).expand(Masks.vector(masks, m3, i)).fma(u, a3);
    }
    store(y, r, rows, a0.fma(Scales.of(scales, s, 0), t0));
    store(y, r + 1, rows, a1.fma(Scales.of(scales, s, 1), t1));
    store(y, r + 2, rows, a2.fma(Scales.of(scales, s, 2), t2));
    store(y, r + 3, rows, a3.fma(Scales.of(scales, s, 3), t3));
  }

  @Override
  void codes(int r, MemorySegment row) {
    int width = padded() / 2;
    long begin = r / BLOCK * CodeLanes.bytes(bits(), width);
    long mask = r * Masks.rowBytes(columns());
    for (int i = 0; i < padded() / Lanes.COUNT; i++) {
      CodeLanes.row(codes, begin, bits(), width, i * (Lanes.COUNT / 2), r % BLOCK)
          .expand(Masks.vector(masks, mask, i))
          .intoMemorySegment(row, (long) i * Lanes.COUNT * Float.BYTES, Lanes.ORDER);
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
