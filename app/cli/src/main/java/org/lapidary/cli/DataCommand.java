package org.lapidary.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.lapidary.data.DatasetInfo;
import org.lapidary.data.Datasets;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lapidary data}. */
@Command(
    name = "data",
    description = "Lists the data sets, or fetches one with its checksum verified.",
    subcommands = {DataCommand.Get.class},
    footer = {"", "Examples:", "  lapidary data", "  lapidary data get mnist"})
final class DataCommand implements Callable<Integer> {
  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    for (DatasetInfo info : Datasets.known()) {
      out.printf(
          "%-18s %s%n",
          info.name(), Datasets.find(info.name()).map(Path::toString).orElse("not here"));
    }
    out.flush();
    return Main.OK;
  }

  /** {@code lapidary data get}. */
  @Command(
      name = "get",
      description = "Fetches a data set from its public address.",
      footer = {"", "Example:", "  lapidary data get mnist"})
  static final class Get implements Callable<Integer> {
    @Spec CommandSpec spec = CommandSpec.create();

    @Parameters(paramLabel = "NAME", description = "One of lapidary data.")
    String name = "";

    @Override
    public Integer call() {
      Path folder = Datasets.get(name);
      spec.commandLine().getOut().println(folder);
      spec.commandLine().getOut().flush();
      return Main.OK;
    }
  }
}
