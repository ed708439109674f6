package org.lapidary.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.lapidary.catalog.runs.Beginning;
import org.lapidary.catalog.runs.RunLog;
import org.lapidary.catalog.runs.RunStatus;
import org.lapidary.io.Home;
import picocli.CommandLine;
import picocli.CommandLine.ExecutionException;
import picocli.CommandLine.IExecutionStrategy;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.RunLast;

/**
 * Keeps a run of every command that is {@link Recorded}: what it was given is read off its options,
 * how it ended off its exit status or its exception. Commands themselves only hand over what they
 * show ({@link Workplace#show}) and report to {@link Workplace#progress}.
 */
final class Recording implements IExecutionStrategy {
  /** Options that name what is written; they are looked at when the command is over. */
  private static final Set<String> WRITTEN = Set.of("--out", "--save", "--index", "--logits");

  private final @Nullable Path home;
  private final Consumer<String> warn;
  private volatile RunLog log = RunLog.off();

  private Recording(@Nullable Path home, Consumer<String> warn) {
    this.home = home;
    this.warn = warn;
  }

  /** Keeps nothing. */
  static Recording off() {
    return new Recording(null, message -> {});
  }

  /** Keeps runs in this data folder. */
  static Recording in(Path home, Consumer<String> warn) {
    return new Recording(home, warn);
  }

  /** As the environment says: {@code LAPIDARY_RUNS=off} keeps nothing. */
  static Recording find() {
    return "off".equalsIgnoreCase(System.getenv("LAPIDARY_RUNS"))
        ? off()
        : in(Home.path(), message -> System.err.println("lapidary: " + message));
  }

  /** The data folder that runs are kept in, also where they are looked for. */
  Path home() {
    return home == null ? Home.path() : home;
  }

  /** Of the command that runs now; takes and forgets if it is not recorded. */
  RunLog log() {
    return log;
  }

  /** The process is about to end because it was told to. */
  void stopped() {
    log.endAtOnce(RunStatus.STOPPED);
  }

  @Override
  public int execute(ParseResult parsed) {
    List<CommandLine> lines = parsed.asCommandLineList();
    Path folder = home;
    boolean asks =
        lines.stream().anyMatch(l -> l.isUsageHelpRequested() || l.isVersionHelpRequested());
    if (folder == null
        || asks
        || !(lines.getLast().getCommand() instanceof Recorded command && command.records())) {
      return new RunLast().execute(parsed);
    }
    RunLog run = RunLog.begin(folder, beginning(lines, parsed.originalArgs()), warn);
    log = run;
    try {
      int status = new RunLast().execute(parsed);
      written(lines, run);
      run.end(status == Main.STOPPED ? RunStatus.STOPPED : RunStatus.OK, null);
      return status;
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      written(lines, run);
      run.end(
          cause instanceof CancellationException ? RunStatus.STOPPED : RunStatus.FAILED,
          Faults.sentence(cause));
      throw e;
    } catch (ParameterException e) { // found only now, but nothing has been computed
      run.discard();
      throw e;
    } catch (Error e) {
      run.end(RunStatus.FAILED, Faults.sentence(e));
      throw e;
    } finally {
      run.close();
      log = RunLog.off();
    }
  }

  private static Beginning beginning(List<CommandLine> lines, List<String> argv) {
    List<String> names = new ArrayList<>();
    Map<String, String> settings = new LinkedHashMap<>();
    Set<Path> reads = new LinkedHashSet<>();
    List<Long> seeds = new ArrayList<>();
    String model = "";
    for (CommandLine line : lines.subList(1, lines.size())) {
      names.add(line.getCommandName());
      for (ArgSpec arg : arguments(line)) {
        Object value = arg.getValue();
        String name = name(arg);
        if (value == null || settings.containsKey(name)) {
          continue;
        }
        settings.put(name, value.toString());
        if (name.equals("--seed") && value instanceof Long seed) {
          seeds.add(seed);
        }
        if (!WRITTEN.contains(name)) {
          paths(value).stream().filter(Files::exists).forEach(reads::add);
        }
        if (model.isEmpty() && value instanceof Path path && isModel(arg)) {
          model = path.toString();
        }
      }
    }
    return new Beginning(String.join(" ", names), argv, model, settings, seeds, List.copyOf(reads));
  }

  private static boolean isModel(ArgSpec arg) {
    return arg instanceof PositionalParamSpec || name(arg).equals("--model");
  }

  /** Options and parameters of a command, without those that only ask for help. */
  private static Set<ArgSpec> arguments(CommandLine line) {
    Set<ArgSpec> all = new LinkedHashSet<>(line.getCommandSpec().positionalParameters());
    for (OptionSpec option : line.getCommandSpec().options()) {
      if (!option.inherited() && !option.usageHelp()) {
        all.add(option);
      }
    }
    return all;
  }

  private static String name(ArgSpec arg) {
    return arg instanceof OptionSpec option ? option.longestName() : arg.paramLabel();
  }

  private static List<Path> paths(Object value) {
    return switch (value) {
      case Path path -> List.of(path);
      case List<?> list ->
          list.stream().filter(Path.class::isInstance).map(Path.class::cast).toList();
      default -> List.of();
    };
  }

  private static void written(List<CommandLine> lines, RunLog run) {
    for (CommandLine line : lines) {
      for (ArgSpec arg : arguments(line)) {
        if (WRITTEN.contains(name(arg))
            && arg.getValue() instanceof Path path
            && Files.exists(path)) {
          run.artifact(name(arg).substring(2), path);
        }
      }
    }
  }
}
