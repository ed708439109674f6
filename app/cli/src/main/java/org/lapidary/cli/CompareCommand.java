package org.lapidary.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lapidary.assay.compare.Comparison;
import org.lapidary.assay.compare.ComparisonReport;
import org.lapidary.assay.compare.ComparisonTask;
import org.lapidary.assay.compare.ComparisonTasks;
import org.lapidary.assay.compare.Question;
import org.lapidary.catalog.runs.Run;
import org.lapidary.catalog.runs.RunComparison;
import org.lapidary.catalog.runs.RunStore;
import org.lapidary.evidence.Progress;
import org.lapidary.io.AtomicFiles;
import org.lapidary.io.model.Models;
import org.lapidary.nn.Model;
import org.lapidary.report.HtmlReport;
import org.lapidary.report.JsonRenderer;
import org.lapidary.report.Report;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lapidary compare}. */
@Command(
    name = "compare",
    description = {
      "Puts runs side by side, what differs first; or, with --task, runs methods on the same model,",
      "texts, seeds and budgets, and shows quality against size and speed."
    },
    footer = {
      "",
      "Examples:",
      "  lapidary compare 20261121-165312 20261121-170102",
      "  lapidary compare --task compress --model ./my-model --text sample.txt",
      "  lapidary compare --task compress --model ./my-model --methods slim,gptq,wanda --budgets 0.3,4bits --out ./compared"
    })
final class CompareCommand implements Callable<Integer>, Recorded {
  private final Workplace workplace;

  @Spec CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "RUN",
      arity = "0..*",
      description = "Ids, or beginnings of them; lapidary runs lists them.")
  List<String> ids = List.of();

  @Option(
      names = "--task",
      paramLabel = "TASK",
      description = "What methods are compared on: compress, dictionaries, optimizers or mixers.")
  @Nullable String task;

  @Option(
      names = "--model",
      paramLabel = "MODEL",
      description = "A Hugging Face folder or a llama2.c .bin file.")
  @Nullable Path path;

  @Option(
      names = "--text",
      paramLabel = "FILE",
      description =
          "Text to calibrate and measure on (UTF-8); without it the model writes its own.")
  @Nullable Path text;

  @Option(
      names = "--methods",
      paramLabel = "ID",
      split = ",",
      description = "With commas between them; all of the task if not given.")
  List<String> methods = List.of();

  @Option(
      names = "--budgets",
      paramLabel = "SIZE",
      split = ",",
      description = "With commas between them; those of the task if not given.")
  List<String> budgets = List.of();

  @Option(
      names = "--seeds",
      paramLabel = "N",
      defaultValue = "1",
      description = "Seeds for methods with chance in them; ${DEFAULT-VALUE} if not given.")
  int seeds = 1;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "A setting of the task; may be repeated.")
  Map<String, String> settings = new LinkedHashMap<>();

  @Option(names = "--json", description = "As JSON.")
  boolean json;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Also write report.html and report.json into this folder.")
  @Nullable Path out;

  CompareCommand(Workplace workplace) {
    this.workplace = workplace;
  }

  /** Reading runs is not recorded, running methods is. */
  @Override
  public boolean records() {
    return task != null;
  }

  @Override
  public Integer call() {
    Report report = task == null ? runs() : methods(task);
    workplace.show(spec.commandLine().getOut(), report, json);
    Path folder = out;
    if (folder != null) {
      write(report, folder);
      spec.commandLine().getErr().println("written to " + folder.resolve("report.html"));
    }
    return Main.OK;
  }

  private Report runs() {
    if (ids.size() < 2) {
      throw new ParameterException(
          spec.commandLine(),
          "give two runs or more (lapidary runs lists them), or a task to compare methods on: --task "
              + String.join(
                  " or ", ComparisonTasks.all().stream().map(ComparisonTask::id).toList()));
    }
    List<Run> runs = new ArrayList<>();
    try (RunStore store = workplace.runs()) {
      ids.forEach(id -> runs.add(store.run(id)));
    }
    return RunComparison.of(runs);
  }

  private Report methods(String name) {
    if (!ids.isEmpty()) {
      throw new ParameterException(spec.commandLine(), "give runs or --task, not both");
    }
    ComparisonTask chosen = asked(() -> ComparisonTasks.of(name));
    List<Double> sizes = asked(() -> budgets.stream().map(chosen::budget).toList());
    Path given = path;
    if (chosen.needsModel() && given == null) {
      throw new ParameterException(
          spec.commandLine(), "give the model that the methods work on: --model MODEL");
    }
    Model model = given == null ? null : Models.load(given);
    Question question =
        asked(() -> Question.about(chosen, model, text, methods, sizes, seeds, settings));
    Progress progress = workplace.progress();
    BusyMachine.warn(System.err);
    return ComparisonReport.of(
        Comparison.run(chosen, question, progress), given == null ? "a text" : given.toString());
  }

  /** What is wrong in the words of the command line is said as such. */
  private <T> T asked(Supplier<T> question) {
    try {
      return question.get();
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  private static void write(Report report, Path folder) {
    try {
      Files.createDirectories(folder);
      HtmlReport.write(report, folder.resolve("report.html"));
      AtomicFiles.writeText(
          folder.resolve("report.json"), JsonRenderer.render(report).toPrettyString());
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write the report: " + e.getMessage(), e);
    }
  }
}
