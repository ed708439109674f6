package org.lapidary.workbench;

import java.util.concurrent.CancellationException;

/** Which exceptions are a sentence for the visitor, and which are faults of ours. */
final class Faults {
  private Faults() {}

  /** Whether our own code threw it with a sentence for the user. */
  static boolean words(RuntimeException e) {
    return e.getMessage() != null
        && (e instanceof IllegalArgumentException
            || e instanceof IllegalStateException
            || e instanceof CancellationException
            || e.getClass().getName().startsWith("org.lapidary."));
  }
}
