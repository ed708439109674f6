package org.lapidary.io;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.lapidary.tensor.DType;

/**
 * A strided window on a stored array, as checkpoints keep transposed and sliced tensors: element
 * (i, j, ...) lies at {@code offset + i*strides[0] + j*strides[1] + ...}.
 *
 * @param strides elements to step per dimension
 * @param offset elements from the start of the storage
 * @param storage what the window looks at
 */
record RawView(DType dtype, long[] shape, long[] strides, long offset, MemorySegment storage) {

  /**
   * Why the window does not fit its storage, or null if it does. It may not reach beyond the
   * storage, nor hold more elements than it (a zero stride would make a small file large).
   */
  static @Nullable String misfit(
      DType dtype, long[] shape, long[] strides, long offset, long storageElements) {
    if (shape.length != strides.length) {
      return shape.length + " sizes with " + strides.length + " strides";
    }
    OptionalLong bytes = RawTensor.byteSize(dtype, shape);
    if (bytes.isEmpty()) {
      return "sizes whose product is out of range";
    }
    long elements = bytes.getAsLong() / dtype.bytes();
    if (elements > storageElements) {
      return elements + " elements in a storage of " + storageElements;
    }
    if (offset < 0 || offset > storageElements || (elements > 0 && offset == storageElements)) {
      return "an offset of " + offset + " in a storage of " + storageElements + " elements";
    }
    long last = offset;
    for (int d = 0; d < shape.length && elements > 0; d++) {
      if (strides[d] < 0) {
        return "the negative stride " + strides[d];
      }
      long steps = shape[d] - 1;
      if (steps > 0 && strides[d] > (storageElements - 1 - last) / steps) {
        return "strides that leave the storage of " + storageElements + " elements";
      }
      last += steps * strides[d];
    }
    return null;
  }

  boolean contiguous() {
    long expected = 1;
    for (int d = shape.length - 1; d >= 0; d--) {
      if (shape[d] != 1 && strides[d] != expected) {
        return false;
      }
      expected *= shape[d];
    }
    return true;
  }

  /** The window as an array of its own; a contiguous one is not copied. */
  RawTensor toTensor() {
    long elements = 1;
    for (long size : shape) {
      elements *= size;
    }
    int width = dtype.bytes();
    if (elements == 0 || contiguous()) {
      return new RawTensor(
          dtype, shape, storage.asSlice(elements == 0 ? 0 : offset * width, elements * width));
    }
    MemorySegment copy = Arena.ofAuto().allocate(elements * width, width);
    long[] index = new long[shape.length];
    long from = offset;
    for (long to = 0; to < elements; to++) {
      copyElement(from, copy, to);
      for (int d = shape.length - 1; d >= 0; d--) {
        from += strides[d];
        if (++index[d] < shape[d]) {
          break;
        }
        from -= shape[d] * strides[d];
        index[d] = 0;
      }
    }
    return new RawTensor(dtype, shape, copy);
  }

  private void copyElement(long from, MemorySegment copy, long to) {
    switch (dtype.bytes()) {
      case 4 -> copy.set(ByteCursor.INT, to * 4, storage.get(ByteCursor.INT, from * 4));
      case 8 -> copy.set(ByteCursor.LONG, to * 8, storage.get(ByteCursor.LONG, from * 8));
      default -> {
        int width = dtype.bytes();
        MemorySegment.copy(storage, from * width, copy, to * width, width);
      }
    }
  }
}
