package org.lapidary.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.lapidary.assay.Corpus;
import org.lapidary.assay.ModelDiff;
import org.lapidary.assay.Reports;
import org.lapidary.io.model.Models;
import org.lapidary.nn.Model;
import org.lapidary.report.Report;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lapidary diff}. */
@Command(
    name = "diff",
    description = {
      "Compares two models by structure, weights, activations at every site and outputs, on the same tokens.",
      "Ends with 0 if they are the same up to rounding, with 1 if not."
    },
    footer = {"", "Example:", "  lapidary diff ./original ./slimmed --text sample.txt"})
final class DiffCommand implements Callable<Integer>, Recorded {
  private final Workplace workplace;

  @Spec CommandSpec spec = CommandSpec.create();

  @Parameters(index = "0", paramLabel = "A", description = "The first model.")
  Path first = Path.of("");

  @Parameters(index = "1", paramLabel = "B", description = "The second model.")
  Path second = Path.of("");

  @Option(
      names = "--text",
      paramLabel = "FILE",
      description = "Text that both read; without it the first model writes its own.")
  @Nullable Path text;

  @Option(names = "--seed", defaultValue = "0", description = "Of the self-written text.")
  long seed;

  @Option(names = "--json", description = "As JSON.")
  boolean json;

  DiffCommand(Workplace workplace) {
    this.workplace = workplace;
  }

  @Override
  public Integer call() {
    Model a = Models.load(first);
    Model b = Models.load(second);
    Corpus corpus = Corpus.of(a, text, 32, 128, seed);
    ModelDiff diff = ModelDiff.of(a, b, corpus.heldOut());
    Report report =
        new Report(
            "%s against %s".formatted(second, first),
            corpus.source(),
            List.of(Reports.diff("diff", "What separates them", diff)));
    workplace.show(spec.commandLine().getOut(), report, json);
    return diff.same() ? Main.OK : Main.FAILURE;
  }
}
