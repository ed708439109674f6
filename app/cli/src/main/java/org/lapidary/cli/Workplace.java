package org.lapidary.cli;

import java.io.PrintWriter;
import java.util.function.Supplier;
import org.lapidary.catalog.Catalog;
import org.lapidary.catalog.House;
import org.lapidary.catalog.runs.RunLog;
import org.lapidary.catalog.runs.RunStore;
import org.lapidary.evidence.Progress;
import org.lapidary.report.JsonRenderer;
import org.lapidary.report.Report;

/**
 * What commands work with; each part is made when first asked for.
 *
 * @param catalog of methods
 * @param house the source tree with ledger and METHODS.md
 * @param terminal where output goes
 * @param recording of the command that runs
 */
record Workplace(
    Supplier<Catalog> catalog, Supplier<House> house, Terminal terminal, Recording recording) {
  /** One that keeps no runs. */
  Workplace(Supplier<Catalog> catalog, Supplier<House> house, Terminal terminal) {
    this(catalog, house, terminal, Recording.off());
  }

  static Workplace find() {
    return new Workplace(Catalog::load, House::find, Terminal.find(), Recording.find());
  }

  /** Of the run that is kept of this command, if one is. */
  RunLog log() {
    return recording.log();
  }

  /** All runs that are kept. */
  RunStore runs() {
    return RunStore.open(recording.home());
  }

  /** Where long work reports: a line on standard error, and the run that is kept. */
  Progress progress(Interrupt interrupt) {
    return log().watching(new TerminalProgress(System.err, terminal, interrupt));
  }

  /** As {@link #progress(Interrupt)}, stopped by Ctrl-C. */
  Progress progress() {
    return progress(Interrupt.listen(System.err));
  }

  /** Prints what a command found, and keeps it with the run. */
  void show(PrintWriter out, Report report, boolean json) {
    log().report(report);
    out.println(
        json ? JsonRenderer.render(report).toPrettyString() : terminal.renderer().render(report));
    out.flush();
  }
}
