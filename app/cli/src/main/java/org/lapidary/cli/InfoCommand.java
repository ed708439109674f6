package org.lapidary.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.lapidary.assay.Reports;
import org.lapidary.io.model.Models;
import org.lapidary.nn.Model;
import org.lapidary.report.JsonRenderer;
import org.lapidary.report.Report;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lapidary info}. */
@Command(
    name = "info",
    description = "Says what a model is: settings, parameters, work and bytes per token.",
    footer = {"", "Example:", "  lapidary info ./my-model"})
final class InfoCommand implements Callable<Integer> {
  private final Workplace workplace;

  @Spec CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "MODEL", description = "A Hugging Face folder or a llama2.c .bin file.")
  Path path = Path.of("");

  @Option(names = "--json", description = "As JSON.")
  boolean json;

  InfoCommand(Workplace workplace) {
    this.workplace = workplace;
  }

  @Override
  public Integer call() {
    Model model = Models.load(path);
    Report report = new Report("Model " + path, List.of(Reports.anatomy(model)));
    PrintWriter out = spec.commandLine().getOut();
    out.println(
        json
            ? JsonRenderer.render(report).toPrettyString()
            : workplace.terminal().renderer().render(report));
    out.flush();
    return Main.OK;
  }
}
