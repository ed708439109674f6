package org.lapidary.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.lapidary.io.Home;
import org.lapidary.workbench.Bench;
import org.lapidary.workbench.Workbench;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lapidary serve}. */
@Command(
    name = "serve",
    description = {
      "The workbench: methods, runs, models, features and reports as pages, on this machine.",
      "It reads only what lies in the folders named here; the folder it is started in if none is."
    },
    footer = {
      "",
      "Examples:",
      "  lapidary serve",
      "  lapidary serve --folder ./models --folder ./assays --port 8080"
    })
final class ServeCommand implements Callable<Integer> {
  private final Workplace workplace;

  @Spec CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--folder",
      paramLabel = "DIR",
      description = "A folder with models and reports; may be repeated.")
  List<Path> folders = new ArrayList<>();

  @Option(
      names = "--host",
      defaultValue = "localhost",
      description = "Where to listen; anything but this machine's own name needs a token.")
  String host = "localhost";

  @Option(names = "--port", defaultValue = "7878", description = "0 for any that is free.")
  int port;

  ServeCommand(Workplace workplace) {
    this.workplace = workplace;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    Bench bench =
        Bench.open(
            workplace.catalog().get(),
            workplace.house().get(),
            Home.path(),
            folders.isEmpty() ? List.of(Path.of("").toAbsolutePath()) : folders,
            ServeCommand::command,
            fault -> fault.printStackTrace(err));
    try (Workbench workbench = Workbench.start(host, port, bench)) {
      out.println("The workbench is at " + workbench.address());
      workbench
          .token()
          .ifPresent(token ->
              out.println("From elsewhere, once: " + workbench.address() + "?token=" + token));
      out.println("Ctrl-C ends it.");
      out.flush();
      new CountDownLatch(1).await();
    }
    return Main.OK;
  }

  /** This program again, in a Java machine of its own that was started like this one. */
  static ProcessBuilder command(List<String> arguments) {
    List<String> words = new ArrayList<>();
    words.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    for (String flag : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      // These speak of this process' own terminal.
      if (!flag.startsWith("-Dlapidary.stderr")
          && !flag.startsWith("-Dlapidary.terminal")
          && !flag.startsWith("-Dlapidary.columns")) {
        words.add(flag);
      }
    }
    words.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    words.addAll(arguments);
    return new ProcessBuilder(words);
  }
}
