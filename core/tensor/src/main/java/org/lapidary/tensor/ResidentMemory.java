package org.lapidary.tensor;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Memory of this process that lies in RAM: the Java heap, libtorch's tensors and the libraries
 * themselves. Read from {@code /proc/self/status}; 0 where the system has no such file.
 */
public final class ResidentMemory {
  private ResidentMemory() {}

  private static final Path STATUS = Path.of("/proc/self/status");

  /** Bytes resident now. */
  public static long now() {
    return field("VmRSS:");
  }

  /** The most bytes that were resident since the process started. */
  public static long peak() {
    return field("VmHWM:");
  }

  /** Whether this system tells. */
  public static boolean known() {
    return now() > 0;
  }

  /**
   * Collects the heap, and hands what the C library keeps of freed tensors back to the system where
   * it can (glibc's {@code malloc_trim}). It takes some milliseconds.
   */
  public static void release() {
    System.gc();
    Linker linker = Linker.nativeLinker();
    linker
        .defaultLookup()
        .find("malloc_trim")
        .ifPresent(address -> {
          MethodHandle trim =
              linker.downcallHandle(
                  address, FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG));
          try {
            int ignored = (int) trim.invokeExact(0L);
          } catch (Throwable e) {
            throw new IllegalStateException("could not give memory back", e);
          }
        });
  }

  private static long field(String name) {
    try {
      for (String line : Files.readAllLines(STATUS)) {
        if (line.startsWith(name)) {
          return 1024 * Long.parseLong(line.replaceAll("[^0-9]", ""));
        }
      }
    } catch (IOException e) {
      return 0;
    }
    return 0;
  }
}
