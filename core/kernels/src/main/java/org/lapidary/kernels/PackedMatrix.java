package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;

/** An immutable [out, in] matrix that a kernel multiplies. */
public interface PackedMatrix {
  int rows();

  int columns();

  long nonZeros();

  long bytes();

  String format();

  void multiply(MemorySegment x, MemorySegment y, int batch);

  void dequantize(MemorySegment w);
}
