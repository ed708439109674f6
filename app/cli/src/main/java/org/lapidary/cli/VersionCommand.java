package org.lapidary.cli;

import java.util.Map;
import java.util.concurrent.Callable;
import org.lapidary.catalog.Machine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code lapidary version}. */
@Command(
    name = "version",
    description = "Prints the versions of Lapidary, Java and libtorch's binding.",
    footer = {"", "Example:", "  lapidary version"})
final class VersionCommand implements Callable<Integer> {
  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    Map<String, String> versions = Machine.versions();
    spec.commandLine()
        .getOut()
        .printf(
            "lapidary %s (Java %s, pytorch %s)%n",
            versions.get("lapidary"), versions.get("java"), versions.get("pytorch"));
    return Main.OK;
  }
}
