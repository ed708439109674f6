package org.lapidary.cli;

import java.io.PrintStream;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import sun.misc.Signal;

/**
 * Ctrl-C for commands that can keep what they have done: the first one asks them to stop, the
 * second ends the process.
 */
final class Interrupt implements BooleanSupplier {
  private final AtomicBoolean asked = new AtomicBoolean();

  /** From now on Ctrl-C (SIGINT) is heard here. */
  static Interrupt listen(PrintStream err) {
    Interrupt interrupt = new Interrupt();
    Signal.handle(new Signal("INT"), signal -> interrupt.received(err, Main.STOPPED));
    return interrupt;
  }

  private void received(PrintStream err, int status) {
    if (asked.getAndSet(true)) {
      Runtime.getRuntime().halt(status);
    }
    err.println("\nlapidary: stopping; what is done is kept. Ctrl-C again ends at once.");
  }

  /** Whether the user asked to stop. */
  @Override
  public boolean getAsBoolean() {
    return asked.get();
  }
}
