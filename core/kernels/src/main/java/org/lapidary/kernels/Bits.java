package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Signed codes of a few bits in little-endian memory. */
final class Bits {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(Lanes.ORDER);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(Lanes.ORDER);

  private Bits() {}

  /** Ors the code of at most 8 bits into zeroed memory; one byte must follow the one it ends in. */
  static void put(MemorySegment memory, long bit, int bits, byte code) {
    int value = (code & (1 << bits) - 1) << (bit & 7);
    long at = bit >> 3;
    memory.set(SHORT, at, (short) (memory.get(SHORT, at) | value));
  }

  /** 64 bits that begin at any bit. */
  static long word64AtBit(MemorySegment memory, long bit) {
    int shift = (int) (bit & 7);
    long low = memory.get(LONG, bit >> 3) >>> shift;
    // two shifts, because one by 64 would be one by 0
    long high = (long) memory.get(ValueLayout.JAVA_BYTE, (bit >> 3) + Long.BYTES) << 1;
    return low | high << 63 - shift;
  }
}
