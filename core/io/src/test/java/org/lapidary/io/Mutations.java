package org.lapidary.io;

import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/** Damages sound files in the ways files get damaged, and in ways meant to mislead. */
final class Mutations {
  private static final long[] EXTREMES = {
    0,
    1,
    -1,
    2,
    127,
    128,
    255,
    256,
    32767,
    65535,
    Integer.MAX_VALUE,
    Integer.MIN_VALUE,
    0xffffffffL,
    1L << 32,
    1L << 40,
    Long.MAX_VALUE,
    Long.MIN_VALUE,
    Long.MAX_VALUE / 4 + 1
  };
  private static final byte[] TELLING =
      "{}[]()\"':,.0159-eE.N(tR]sucqhQb\0\u0001\u007f\n"
          .getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);

  private Mutations() {}

  /** One of the seeds with one to six damages. */
  static byte[] mutate(List<byte[]> seeds, RandomGenerator random) {
    byte[] bytes = seeds.get(random.nextInt(seeds.size())).clone();
    int damages = 1 + random.nextInt(6);
    for (int i = 0; i < damages; i++) {
      bytes = damage(bytes, seeds, random);
    }
    return bytes;
  }

  private static byte[] damage(byte[] bytes, List<byte[]> seeds, RandomGenerator random) {
    if (bytes.length == 0) {
      return new byte[] {(byte) random.nextInt()};
    }
    int at = random.nextInt(bytes.length);
    int length = 1 + random.nextInt(Math.min(32, bytes.length - at));
    switch (random.nextInt(8)) {
      case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
      case 1 -> bytes[at] = (byte) random.nextInt();
      case 2 -> bytes[at] = TELLING[random.nextInt(TELLING.length)];
      case 3 -> {
        long value = EXTREMES[random.nextInt(EXTREMES.length)];
        int width = 1 << random.nextInt(4);
        for (int i = 0; i < width && at + i < bytes.length; i++) {
          bytes[at + i] = (byte) (value >> (8 * i));
        }
      }
      case 4 -> {
        return Arrays.copyOf(bytes, at);
      }
      case 5 -> {
        return splice(bytes, at, at + length, new byte[0]);
      }
      case 6 -> {
        return splice(bytes, at, at, Arrays.copyOfRange(bytes, at, at + length));
      }
      default -> {
        byte[] other = seeds.get(random.nextInt(seeds.size()));
        int from = random.nextInt(other.length);
        int to = Math.min(other.length, from + length);
        return splice(bytes, at, at, Arrays.copyOfRange(other, from, to));
      }
    }
    return bytes;
  }

  private static byte[] splice(byte[] bytes, int from, int to, byte[] middle) {
    byte[] spliced = new byte[bytes.length - (to - from) + middle.length];
    System.arraycopy(bytes, 0, spliced, 0, from);
    System.arraycopy(middle, 0, spliced, from, middle.length);
    System.arraycopy(bytes, to, spliced, from + middle.length, bytes.length - to);
    return spliced;
  }
}
