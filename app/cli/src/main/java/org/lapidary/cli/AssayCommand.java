package org.lapidary.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.lapidary.assay.Assay;
import org.lapidary.assay.AssaySettings;
import org.lapidary.assay.CostEstimate;
import org.lapidary.assay.Effort;
import org.lapidary.compress.slim.Budget;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.Model;
import org.lapidary.report.Block;
import org.lapidary.report.Report;
import org.lapidary.report.Section;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lapidary assay}. */
@Command(
    name = "assay",
    description = {
      "Opens a trained language model, looks inside, slims it to a budget, and shows what changed.",
      "Without MODEL it trains a small model on a generated language first."
    },
    footer = {
      "",
      "Examples:",
      "  lapidary assay",
      "  lapidary assay ./my-model --budget 4.0bits --text sample.txt --out ./my-assay",
      "  lapidary assay ./my-model --max-loss-increase 1%% --dry-run"
    })
final class AssayCommand implements Callable<Integer>, Recorded {
  private final Workplace workplace;

  @Spec CommandSpec spec = CommandSpec.create();

  @Parameters(
      arity = "0..1",
      paramLabel = "MODEL",
      description = "A Hugging Face folder or a llama2.c .bin file.")
  @Nullable Path model;

  @Option(
      names = "--text",
      paramLabel = "FILE",
      description = "Text to measure on (UTF-8); without it the model writes its own.")
  @Nullable Path text;

  @Option(
      names = "--budget",
      paramLabel = "SIZE",
      description =
          "Bits a weight (3.0bits) or share of the float32 size (0.3x); 4.5bits if not given.")
  @Nullable String budget;

  @Option(
      names = "--max-loss-increase",
      paramLabel = "SHARE",
      description =
          "Instead of --budget: as small as the loss rising by at most this (1%%) allows.")
  @Nullable String increase;

  @Option(names = "--prompt", paramLabel = "TEXT", description = "The text whose circuit is drawn.")
  @Nullable String prompt;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "assay",
      description = "Folder to write; ${DEFAULT-VALUE} if not given.")
  Path out = Path.of("assay");

  @Option(names = "--seed", defaultValue = "0", description = "Of everything random.")
  long seed;

  @Option(
      names = "--max-memory",
      paramLabel = "SIZE",
      description = "Resident memory to stay under, such as 2GB or 800MB.")
  @Nullable String memory;

  @Option(
      names = "--quick",
      description = "A first look in a fraction of the time: less text, shorter trainings.")
  boolean quick;

  @Option(names = "--dry-run", description = "Print the estimate of time and memory, and stop.")
  boolean dryRun;

  AssayCommand(Workplace workplace) {
    this.workplace = workplace;
  }

  @Override
  public boolean records() {
    return !dryRun;
  }

  @Override
  public Integer call() {
    AssaySettings settings =
        new AssaySettings(
            model,
            text,
            budget(),
            prompt,
            out,
            seed,
            memory == null ? 0 : bytes(memory),
            quick ? Effort.quick() : Effort.standard());
    Progress progress = workplace.progress();
    BusyMachine.warn(System.err);
    Assay assay = new Assay(settings, progress).telling(workplace.log()::section);
    PrintWriter print = spec.commandLine().getOut();
    if (model == null && dryRun) {
      print.println(
          "The built-in model is trained first, which takes about 90 seconds on two cores.");
      print.flush();
    }
    Model opened = assay.model();
    print.println("Estimate: " + CostEstimate.of(opened, settings) + ".");
    print.flush();
    if (dryRun) {
      return Main.OK;
    }
    Report report = assay.run(opened);
    workplace.log().section(report.sections().getLast()); // the others are there already
    print.println(workplace.terminal().renderer().render(summary(report)));
    print.println("Report  " + out.resolve("report.html"));
    print.println("Figures " + out.resolve("report.json"));
    print.println("Model   " + out.resolve("model"));
    print.flush();
    return Main.OK;
  }

  /** What stands out; the rest is in the report. */
  private static Report summary(Report report) {
    List<Section> sections = new ArrayList<>();
    for (Section section : report.sections()) {
      List<Block> blocks =
          section.blocks().stream()
              .filter(b ->
                  b instanceof Block.KeyValues
                      || b instanceof Block.Text
                      || b instanceof Block.Warning)
              .toList();
      if (!blocks.isEmpty()) {
        sections.add(new Section(section.id(), section.title(), blocks));
      }
    }
    return new Report(report.title(), report.subtitle(), sections);
  }

  private Budget budget() {
    if (budget != null && increase != null) {
      throw new ParameterException(
          spec.commandLine(), "give --budget or --max-loss-increase, not both");
    }
    try {
      if (increase != null) {
        return Budget.parseLossIncrease(increase);
      }
      return Budget.parse(budget == null ? "4.5bits" : budget);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  private long bytes(String size) {
    var m = java.util.regex.Pattern.compile("(?i)([0-9.]+)\\s*(GB|MB)").matcher(size.strip());
    if (!m.matches()) {
      throw new ParameterException(
          spec.commandLine(),
          "the size '%s' is not understood; write for example 2GB or 800MB".formatted(size));
    }
    try {
      return (long)
          (Double.parseDouble(m.group(1)) * (m.group(2).equalsIgnoreCase("GB") ? 1e9 : 1e6));
    } catch (NumberFormatException e) {
      throw new ParameterException(
          spec.commandLine(), "the size '" + size + "' is not a number", e);
    }
  }
}
