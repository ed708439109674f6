package org.lapidary.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.lapidary.catalog.runs.Filter;
import org.lapidary.catalog.runs.Run;
import org.lapidary.catalog.runs.RunJson;
import org.lapidary.catalog.runs.RunProgress;
import org.lapidary.catalog.runs.RunReport;
import org.lapidary.catalog.runs.RunStatus;
import org.lapidary.catalog.runs.RunStore;
import org.lapidary.catalog.runs.RunSummary;
import org.lapidary.evidence.Figure;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code lapidary runs}. */
@Command(
    name = "runs",
    description = {
      "Lists the runs that are kept of every command that computes, the newest first.",
      "LAPIDARY_RUNS=off keeps none; they lie in the data folder (LAPIDARY_HOME)."
    },
    footer = {
      "",
      "Examples:",
      "  lapidary runs --command train --status ok",
      "  lapidary runs show 20261121-165312",
      "  lapidary runs export --parquet ./runs"
    })
final class RunsCommand implements Callable<Integer> {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm", Locale.ROOT);

  private final Workplace workplace;

  @Spec CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--filter",
      paramLabel = "TEXT",
      description = "Only those whose id, command line or model holds this text.")
  @Nullable String text;

  @Option(
      names = "--status",
      paramLabel = "STATUS",
      converter = StatusConverter.class,
      description = "Only these: running, ok, failed, stopped or interrupted.")
  @Nullable RunStatus status;

  @Option(names = "--command", paramLabel = "NAME", description = "Only this command.")
  @Nullable String command;

  @Option(
      names = "--last",
      paramLabel = "N",
      defaultValue = "50",
      description = "At most so many; ${DEFAULT-VALUE} if not given, 0 for all.")
  int last = 50;

  @Option(names = "--json", description = "As JSON.")
  boolean json;

  RunsCommand(Workplace workplace) {
    this.workplace = workplace;
  }

  @Override
  public Integer call() {
    if (last < 0) {
      throw new ParameterException(spec.commandLine(), "--last is 0 or more, not " + last);
    }
    Filter filter = filter();
    try (RunStore store = workplace.runs()) {
      List<RunSummary> runs = store.list(last == 0 ? filter : filter.withPage(last, 0));
      PrintWriter out = spec.commandLine().getOut();
      if (json) {
        ArrayNode array = JsonNodeFactory.instance.arrayNode();
        runs.forEach(run -> array.add(RunJson.node(run)));
        out.println(array.toPrettyString());
      } else {
        out.print(text(runs, runs.size() < last || last == 0 ? runs.size() : store.count(filter)));
      }
      out.flush();
    }
    return Main.OK;
  }

  private String text(List<RunSummary> runs, long all) {
    if (runs.isEmpty()) {
      return "No runs%s.%n".formatted(Filter.all().equals(filter()) ? " yet" : " like that");
    }
    List<List<Object>> rows = new ArrayList<>();
    for (RunSummary run : runs) {
      RunProgress progress = run.progress();
      rows.add(
          List.of(
              run.id(),
              run.command(),
              run.model(),
              run.status().word(),
              TIME.format(run.start().atZone(ZoneId.systemDefault())),
              RunReport.took(run.duration()),
              progress == null || run.status() == RunStatus.OK ? "" : RunReport.words(progress)));
    }
    String table =
        workplace
            .terminal()
            .listRenderer()
            .render(
                new Figure.Table(
                    "",
                    List.of("id", "command", "model", "status", "began", "took", "came to"),
                    rows));
    return all > runs.size()
        ? "%s%n%d of %d runs; --last 0 lists all.%n".formatted(table, runs.size(), all)
        : table;
  }

  private Filter filter() {
    return Filter.all().withText(text).withStatus(status).withCommand(command);
  }

  private static final class StatusConverter implements ITypeConverter<RunStatus> {
    @Override
    public RunStatus convert(String value) {
      try {
        return RunStatus.of(value);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(String.valueOf(e.getMessage()));
      }
    }
  }

  /** {@code lapidary runs show}. */
  @Command(
      name = "show",
      description = "Shows all that is kept of a run.",
      footer = {"", "Example:", "  lapidary runs show 20261121-165312"})
  static final class Show implements Callable<Integer> {
    private final Workplace workplace;

    @Spec CommandSpec spec = CommandSpec.create();

    @Parameters(paramLabel = "ID", description = "Of the run, or the beginning of it.")
    String id = "";

    @Option(names = "--json", description = "As JSON.")
    boolean json;

    Show(Workplace workplace) {
      this.workplace = workplace;
    }

    @Override
    public Integer call() {
      try (RunStore store = workplace.runs()) {
        Run run = store.run(id);
        PrintWriter out = spec.commandLine().getOut();
        out.println(
            json
                ? RunJson.node(run).toPrettyString()
                : workplace.terminal().renderer().render(RunReport.of(run)));
        out.flush();
      }
      return Main.OK;
    }
  }

  /** {@code lapidary runs export}. */
  @Command(
      name = "export",
      description = {
        "Writes all runs that are over as Parquet files, for other tools to read:",
        "runs, metrics, outputs, artifacts and logs, joined by the id of the run."
      },
      footer = {"", "Example:", "  lapidary runs export --parquet ./runs"})
  static final class Export implements Callable<Integer> {
    private final Workplace workplace;

    @Spec CommandSpec spec = CommandSpec.create();

    @Option(
        names = "--parquet",
        paramLabel = "DIR",
        required = true,
        description = "The folder to write them into.")
    Path folder = Path.of("");

    Export(Workplace workplace) {
      this.workplace = workplace;
    }

    @Override
    public Integer call() {
      try (RunStore store = workplace.runs()) {
        PrintWriter out = spec.commandLine().getOut();
        store.exportParquet(folder).forEach(file -> out.println("wrote " + file));
        out.flush();
      }
      return Main.OK;
    }
  }
}
