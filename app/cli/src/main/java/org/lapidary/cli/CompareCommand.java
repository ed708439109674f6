package org.lapidary.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.lapidary.catalog.runs.Run;
import org.lapidary.catalog.runs.RunComparison;
import org.lapidary.catalog.runs.RunStore;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lapidary compare}. */
@Command(
    name = "compare",
    description = "Puts runs side by side, what differs first.",
    footer = {"", "Example:", "  lapidary compare 20261121-165312 20261121-170102"})
final class CompareCommand implements Callable<Integer> {
  private final Workplace workplace;

  @Spec CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "RUN",
      arity = "2..*",
      description = "Ids, or beginnings of them; lapidary runs lists them.")
  List<String> ids = List.of();

  @Option(names = "--json", description = "As JSON.")
  boolean json;

  CompareCommand(Workplace workplace) {
    this.workplace = workplace;
  }

  @Override
  public Integer call() {
    List<Run> runs = new ArrayList<>();
    try (RunStore store = workplace.runs()) {
      ids.forEach(id -> runs.add(store.run(id)));
    }
    workplace.show(spec.commandLine().getOut(), RunComparison.of(runs), json);
    return Main.OK;
  }
}
