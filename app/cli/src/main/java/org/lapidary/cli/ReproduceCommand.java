package org.lapidary.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.lapidary.catalog.Catalog;
import org.lapidary.catalog.Entry;
import org.lapidary.catalog.EntryJson;
import org.lapidary.catalog.House;
import org.lapidary.catalog.Ledger;
import org.lapidary.catalog.MethodsPage;
import org.lapidary.catalog.Reproductions;
import org.lapidary.catalog.Row;
import org.lapidary.catalog.runs.RunLog;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Progress;
import org.lapidary.evidence.Reproduction.Size;
import org.lapidary.report.JsonRenderer;
import org.lapidary.report.TerminalRenderer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code lapidary reproduce}. */
@Command(
    name = "reproduce",
    description = {
      "Runs the experiment that checks a method's claim, beside its baselines.",
      "Ends with 0 if every check holds, with 1 if one does not."
    },
    footer = {
      "",
      "Examples:",
      "  lapidary reproduce dsnot",
      "  lapidary reproduce dsnot --size full --seeds 3 --record"
    })
final class ReproduceCommand implements Callable<Integer>, Recorded {
  private final Workplace workplace;

  @Spec CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "ID", description = "The method; lapidary methods lists them.")
  String id = "";

  @Option(
      names = "--size",
      paramLabel = "SIZE",
      defaultValue = "smoke",
      description = "smoke (seconds) or full (minutes); ${DEFAULT-VALUE} if not given.")
  Size size = Size.SMOKE;

  @Option(
      names = "--seeds",
      paramLabel = "N",
      description = "Run over seeds 0 to N-1 instead of the experiment's own choice.")
  @Nullable Integer seeds;

  @Option(
      names = "--record",
      description = "Keep what was measured in ledger/ID.json and write METHODS.md anew.")
  boolean record;

  @Option(names = "--json", description = "Checks and figures as JSON.")
  boolean json;

  ReproduceCommand(Workplace workplace) {
    this.workplace = workplace;
  }

  @Override
  public Integer call() throws IOException {
    if (seeds != null && seeds < 1) {
      throw new ParameterException(spec.commandLine(), "--seeds is 1 or more, not " + seeds);
    }
    Catalog catalog = workplace.catalog().get();
    Row row = row(catalog);
    Progress progress = workplace.progress();
    BusyMachine.warn(System.err);
    Reproductions.Run run =
        new Reproductions(catalog).run(row.id(), size, Optional.ofNullable(seeds), progress);
    keep(run);
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      ObjectNode node = EntryJson.node(run.entry());
      ArrayNode figures = node.putArray("figures");
      run.outcome().figures().forEach(figure -> figures.add(JsonRenderer.render(figure)));
      out.println(node.toPrettyString());
    } else {
      show(out, row, run);
    }
    out.flush();
    if (record) {
      keep(catalog, run.entry());
    }
    return run.entry().holds() ? Main.OK : Main.FAILURE;
  }

  private void keep(Reproductions.Run run) {
    RunLog log = workplace.log();
    Entry entry = run.entry();
    log.setting(
        "seeds", entry.seeds().stream().map(String::valueOf).collect(Collectors.joining(",")));
    log.setting("holds", String.valueOf(entry.holds()));
    log.figure(checks(entry));
    run.outcome().figures().forEach(log::figure);
    log.log(verdict(entry));
  }

  private Row row(Catalog catalog) {
    try {
      return catalog.row(id);
    } catch (IllegalArgumentException e) {
      String message = String.valueOf(e.getMessage());
      throw new ParameterException(
          spec.commandLine(), message, new TypeConversionException(message), null, id);
    }
  }

  private void show(PrintWriter out, Row row, Reproductions.Run run) {
    TerminalRenderer renderer = workplace.terminal().renderer();
    out.println(row.title());
    workplace
        .catalog()
        .get()
        .declaration(row)
        .ifPresent(declaration -> out.println("Claim: " + declaration.paper().claim()));
    for (Figure figure : run.outcome().figures()) {
      out.println();
      out.print(renderer.render(figure));
    }
    out.println();
    out.print(renderer.render(checks(run.entry())));
    out.println();
    out.println(verdict(run.entry()));
  }

  private static Figure.Table checks(Entry entry) {
    List<List<Object>> rows = new ArrayList<>();
    for (Check check : entry.checks()) {
      boolean reported = check.relation() == Check.Relation.REPORTED;
      rows.add(
          List.of(
              check.name(),
              check.measured(),
              reported ? "" : check.relation().sign(),
              check.bound(),
              reported ? "" : check.holds()));
    }
    return new Figure.Table("", List.of("check", "measured", "", "bound", "holds"), rows);
  }

  private static String verdict(Entry entry) {
    String run =
        String.format(
            Locale.ROOT,
            "%s run, %d %s, %.2f minutes",
            entry.size(),
            entry.seeds().size(),
            entry.seeds().size() == 1 ? "seed" : "seeds",
            entry.minutes());
    return entry.holds() ? "All checks hold (" + run + ")." : "Not all checks hold (" + run + ").";
  }

  private void keep(Catalog catalog, Entry entry) throws IOException {
    House house = workplace.house().get();
    Ledger ledger = house.ledger();
    Path file = ledger.write(entry);
    new MethodsPage(catalog, ledger).write(house);
    spec.commandLine().getErr().println("recorded in " + file);
  }
}
