package org.lapidary.cli;

import java.util.List;
import java.util.Map;
import org.lapidary.report.TerminalRenderer;

/**
 * What the launcher found out about where output goes.
 *
 * @param out whether standard output is a terminal
 * @param err whether standard error is one
 * @param columns of the terminal, 0 if unknown
 * @param environment of the process
 */
record Terminal(boolean out, boolean err, int columns, Map<String, String> environment) {

  static Terminal find() {
    List<String> streams = List.of(System.getProperty("lapidary.terminal", "").split(","));
    return new Terminal(
        streams.contains("out"),
        streams.contains("err"),
        Integer.getInteger("lapidary.columns", 0),
        System.getenv());
  }

  /** For standard output. */
  TerminalRenderer renderer() {
    return TerminalRenderer.of(out, columns, environment);
  }

  /** For lists that a reader may pipe into other programs: nothing is cut then. */
  TerminalRenderer listRenderer() {
    return out ? renderer() : new TerminalRenderer(1000, false);
  }
}
