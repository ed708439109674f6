package org.lapidary.tensor;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Tells the garbage collector of native memory it cannot see: tensors made outside any scope are
 * small objects on the heap, so without a nudge their memory would pile up.
 */
final class GcPressure {
  private GcPressure() {}

  private static final long LIMIT = Long.getLong("lapidary.gcBytes", 1L << 28);
  private static final AtomicLong SINCE = new AtomicLong();

  static void made(TensorType type) {
    long now = SINCE.addAndGet(type.bytes() + 256);
    if (now > LIMIT && SINCE.compareAndSet(now, 0)) {
      System.gc();
    }
  }
}
