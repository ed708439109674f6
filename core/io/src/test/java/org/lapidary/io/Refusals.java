package org.lapidary.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** Asserts about readers that must refuse. */
final class Refusals {
  /** A reader under test: it reads and looks at everything it has read. */
  @FunctionalInterface
  interface Reader {
    void read(MemorySegment bytes);
  }

  private Refusals() {}

  /** The reader answers with a FormatException whose sentence holds all fragments. */
  static void assertRefused(ThrowingCallable reading, String... fragments) {
    Throwable thrown = catchThrowable(reading);
    assertThat(thrown).isInstanceOf(FormatException.class);
    assertThat(thrown.getMessage()).contains(fragments).contains("expected").doesNotContain("\n");
  }

  static void assertRefused(Reader reader, byte[] bytes, String... fragments) {
    assertRefused(() -> reader.read(MemorySegment.ofArray(bytes)), fragments);
  }

  /** The sound bytes are read; every shorter beginning of them is refused. */
  static void assertRefusedWhenCutAnywhere(Reader reader, byte[] sound) {
    reader.read(MemorySegment.ofArray(sound));
    for (int length = 0; length < sound.length; length++) {
      byte[] cut = Arrays.copyOf(sound, length);
      assertThat(catchThrowable(() -> reader.read(MemorySegment.ofArray(cut))))
          .as("the first %d of %d bytes", length, sound.length)
          .isInstanceOf(FormatException.class);
    }
  }
}
