package org.lapidary.cli;

import java.io.PrintStream;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * Ctrl-C for commands that can keep what they have done: the first one asks them to stop, the
 * second ends the process.
 */
final class Interrupt implements BooleanSupplier {
  private static volatile Runnable last = () -> {};

  private final AtomicBoolean asked = new AtomicBoolean();

  /**
   * From now on the signals that end a process end it at once, without the C library's exit: that
   * one destroys libtorch's global objects while another thread may still compute with them, which
   * crashes. What is written is written whole or not at all, so nothing has to be cleaned up.
   *
   * @param lastWords done before, briefly
   */
  static void endAtOnce(Runnable lastWords) {
    last = lastWords;
    Map.of("INT", 2, "TERM", 15, "HUP", 1).forEach(Interrupt::endAt);
  }

  private static void endAt(String name, int number) {
    try {
      Signal signal = new Signal(name);
      SignalHandler before = Signal.handle(signal, ignored -> end(128 + number));
      if (before == SignalHandler.SIG_IGN) { // started by nohup, or in the background
        Signal.handle(signal, before);
      }
    } catch (IllegalArgumentException e) {
      return; // a signal that this system does not have, or that the JVM keeps to itself
    }
  }

  private static void end(int status) {
    try {
      last.run();
    } finally {
      Runtime.getRuntime().halt(status);
    }
  }

  /** From now on Ctrl-C (SIGINT) is heard here. */
  static Interrupt listen(PrintStream err) {
    Interrupt interrupt = new Interrupt();
    Signal.handle(new Signal("INT"), signal -> interrupt.received(err, Main.STOPPED));
    return interrupt;
  }

  private void received(PrintStream err, int status) {
    if (asked.getAndSet(true)) {
      end(status);
    }
    err.println("\nlapidary: stopping; what is done is kept. Ctrl-C again ends at once.");
  }

  /** Whether the user asked to stop. */
  @Override
  public boolean getAsBoolean() {
    return asked.get();
  }
}
