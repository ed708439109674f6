package org.lapidary.data;

import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.lapidary.io.FileBytes;
import org.lapidary.io.FormatException;

/**
 * One file of CIFAR-10's binary layout: records of a label byte and 3072 pixel bytes, [channel,
 * row, column] of 3x32x32.
 */
public final class CifarBatch {
  private static final int SIDE = 32;
  private static final int CHANNELS = 3;
  private static final int PIXELS = CHANNELS * SIDE * SIDE;
  private static final int CLASSES = 10;

  private CifarBatch() {}

  /**
   * Reads a file, plain or gzipped.
   *
   * @throws FormatException if its length is no multiple of a record or a label is beyond 9
   * @throws UncheckedIOException if it cannot be read
   */
  public static Images read(Path path) {
    return Unpacked.read(path, CifarBatch::parse);
  }

  /** Reads a file already in memory. */
  public static Images parse(String name, MemorySegment bytes) {
    return parse(Unpacked.unpack(new FileBytes(name, bytes)));
  }

  private static Images parse(FileBytes file) {
    int record = 1 + PIXELS;
    if (file.size() == 0 || file.size() % record != 0 || file.size() > Integer.MAX_VALUE - 64) {
      throw file.fault(file.size(), file.size() + " bytes", "whole records of " + record);
    }
    int count = (int) (file.size() / record);
    byte[] pixels = new byte[count * PIXELS];
    int[] labels = new int[count];
    for (int i = 0; i < count; i++) {
      long at = (long) i * record;
      labels[i] = file.bytes().get(ValueLayout.JAVA_BYTE, at) & 0xff;
      if (labels[i] >= CLASSES) {
        throw file.fault(at, "the label " + labels[i], "0 to " + (CLASSES - 1));
      }
      MemorySegment.copy(file.bytes(), ValueLayout.JAVA_BYTE, at + 1, pixels, i * PIXELS, PIXELS);
    }
    return new Images(pixels, labels, CHANNELS, SIDE, SIDE);
  }
}
