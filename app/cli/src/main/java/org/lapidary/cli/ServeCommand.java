package org.lapidary.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.lapidary.io.Home;
import org.lapidary.workbench.Bench;
import org.lapidary.workbench.Workbench;
import org.lapidary.workbench.features.FeaturePages;
import org.lapidary.workbench.features.Making;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lapidary serve}. */
@Command(
    name = "serve",
    description = {
      "The workbench: methods, runs, models, features and reports as pages, on this machine.",
      "It reads only what lies in the folders named here; the folder it is started in if none is.",
      "With MODEL it also runs that model over a text, trains a sparse dictionary for each block and",
      "indexes it, if none is there yet; the feature pages fill as it goes."
    },
    footer = {
      "",
      "Examples:",
      "  lapidary serve",
      "  lapidary serve ./my-model --text book.txt",
      "  lapidary serve --folder ./models --folder ./assays --port 8080"
    })
final class ServeCommand implements Callable<Integer> {
  private final Workplace workplace;

  @Spec CommandSpec spec = CommandSpec.create();

  @Parameters(
      arity = "0..1",
      paramLabel = "MODEL",
      description = "A Hugging Face folder or a llama2.c .bin file whose features to show.")
  @Nullable Path model;

  @Option(
      names = "--text",
      paramLabel = "FILE",
      description = "Text to find the features of MODEL on; without it the model writes its own.")
  @Nullable Path text;

  @Option(
      names = "--layers",
      paramLabel = "LIST",
      defaultValue = "all",
      description = "Blocks of MODEL that get a dictionary, as 0,2,5; all if not given.")
  String layers = "all";

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "1000",
      description = "Of training each of them; ${DEFAULT-VALUE} if not given.")
  int steps;

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
    List<Path> shown = new ArrayList<>(folders);
    if (model != null) {
      if (!Files.exists(model)) {
        throw new ParameterException(spec.commandLine(), "there is no model at " + model);
      }
      Path real = model.toRealPath();
      shown.add(Files.isDirectory(real) ? real : real.resolveSibling(""));
    } else if (text != null) {
      throw new ParameterException(spec.commandLine(), "--text goes with a MODEL");
    }
    if (folders.isEmpty()) {
      shown.addFirst(Path.of("").toAbsolutePath());
    }
    Bench bench =
        Bench.open(
            workplace.catalog().get(),
            workplace.house().get(),
            Home.path(),
            shown,
            ServeCommand::command,
            fault -> fault.printStackTrace(err));
    try (Workbench workbench = Workbench.start(host, port, bench, FeaturePages::new)) {
      out.println("The workbench is at " + workbench.address());
      workbench
          .token()
          .ifPresent(token ->
              out.println("From elsewhere, once: " + workbench.address() + "?token=" + token));
      if (model != null) {
        out.println(features(bench, model, workbench.address()));
      }
      out.println("Ctrl-C ends it.");
      out.flush();
      new CountDownLatch(1).await();
    }
    return Main.OK;
  }

  /** Has the features of a model made, if they are not there, and says where they are. */
  private String features(Bench bench, Path given, URI address) throws IOException {
    Path real = given.toRealPath();
    String page =
        address
            + "features?model="
            + URLEncoder.encode(bench.folders().name(real), StandardCharsets.UTF_8);
    if (Making.there(bench, real)) {
      return "Features of %s are at %s".formatted(given, page);
    }
    Path file = text == null ? null : text.toRealPath();
    Making.start(bench, new Making.Order(real, file, layers, "transcoder", steps));
    return "Features of %s are being found; they come at %s".formatted(given, page);
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
