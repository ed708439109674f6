package org.lapidary.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The program behind {@code ./lapidary}. */
@Command(
    name = "lapidary",
    description = "Takes neural networks apart, cuts them down, and shows what changed.",
    synopsisSubcommandLabel = "COMMAND",
    commandListHeading = "%nCommands:%n",
    footer = {
      "",
      "Examples:",
      "  lapidary methods --area compress",
      "  lapidary reproduce dsnot --size smoke",
      "",
      "lapidary COMMAND --help says more about a command."
    })
public final class Main implements Runnable {
  /** Everything went well. */
  static final int OK = 0;

  /** Something failed, or a check does not hold. */
  static final int FAILURE = 1;

  /** The command line was wrong. */
  static final int USAGE = 2;

  /** Stopped by the user, as shells count it. */
  static final int STOPPED = 130;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "Show this help.")
  boolean help;

  @Option(
      names = "--stacktrace",
      scope = ScopeType.INHERIT,
      description = "Where an error came from, in full; so does LAPIDARY_DEBUG=1.")
  boolean stacktrace;

  @Spec CommandSpec spec = CommandSpec.create();

  public static void main(String[] args) {
    restoreStandardError();
    Workplace workplace = Workplace.find();
    Interrupt.endAtOnce(workplace.recording()::stopped);
    int status;
    try {
      status = commandLine(workplace).execute(args);
    } catch (Throwable e) { // an Error: picocli hands on only exceptions
      status = Faults.show(e, new PrintWriter(System.err, true), Faults.wantsTrace(args));
    }
    System.out.flush();
    System.exit(status);
  }

  /** All commands. A new one is one class and one line here. */
  static CommandLine commandLine(Workplace workplace) {
    List<Object> commands =
        List.of(
            new AssayCommand(workplace),
            new InfoCommand(workplace),
            new DiffCommand(workplace),
            new GenerateCommand(),
            new CaptureCommand(),
            interpret(workplace),
            new CompressCommand(workplace),
            new ConvertCommand(workplace),
            new TrainCommand(workplace),
            new ServeCommand(workplace),
            new DataCommand(),
            new MethodsCommand(workplace),
            new ReproduceCommand(workplace),
            runs(workplace),
            new CompareCommand(workplace),
            new VersionCommand());
    CommandLine line = new CommandLine(new Main());
    commands.forEach(line::addSubcommand);
    for (CommandLine one : line.getSubcommands().values()) {
      headings(one);
    }
    headings(line);
    line.setExecutionStrategy(workplace.recording());
    line.setUsageHelpWidth(Math.clamp(workplace.terminal().columns(), 80, 110));
    line.setUsageHelpAutoWidth(false);
    line.setColorScheme(
        CommandLine.Help.defaultColorScheme(
            workplace.terminal().renderer().colour()
                ? CommandLine.Help.Ansi.ON
                : CommandLine.Help.Ansi.OFF));
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setParameterExceptionHandler(
        (e, args) -> Faults.usage(e, e.getCommandLine().getErr(), Faults.wantsTrace(args)));
    line.setExecutionExceptionHandler((e, command, parsed) ->
        Faults.show(
            e, command.getErr(), Faults.wantsTrace(parsed.originalArgs().toArray(String[]::new))));
    return line;
  }

  private static CommandLine interpret(Workplace workplace) {
    InterpretCommand parent = new InterpretCommand(workplace);
    CommandLine line = new CommandLine(parent);
    line.addSubcommand(new InterpretCommand.Features(parent));
    line.addSubcommand(new InterpretCommand.CircuitView(parent));
    line.addSubcommand(new InterpretCommand.Attribute(parent));
    line.addSubcommand(new InterpretCommand.Probe(parent));
    line.addSubcommand(new InterpretCommand.Compare(parent));
    line.addSubcommand(new InterpretCommand.Depth(parent));
    line.addSubcommand(new InterpretCommand.Steer(parent));
    line.addSubcommand(new InterpretCommand.Sparsity(parent));
    line.getSubcommands().values().forEach(Main::headings);
    return line;
  }

  private static CommandLine runs(Workplace workplace) {
    CommandLine line = new CommandLine(new RunsCommand(workplace));
    line.addSubcommand(new RunsCommand.Show(workplace));
    line.addSubcommand(new RunsCommand.Export(workplace));
    line.getSubcommands().values().forEach(Main::headings);
    return line;
  }

  private static void headings(CommandLine line) {
    line.getCommandSpec()
        .usageMessage()
        .descriptionHeading("%n")
        .parameterListHeading("%n")
        .optionListHeading("%nOptions:%n")
        .sortOptions(false);
  }

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }

  /**
   * The JVM itself warns on standard error that the Vector API is an incubator module. The launcher
   * filters that line out of descriptor 2 and hands the real standard error over under the number
   * in {@code lapidary.stderr}, so that what we say passes through no filter.
   */
  private static void restoreStandardError() {
    Integer number = Integer.getInteger("lapidary.stderr");
    if (number == null) {
      return;
    }
    try {
      var constructor = FileDescriptor.class.getDeclaredConstructor(int.class);
      constructor.setAccessible(true);
      Charset charset = Charset.forName(System.getProperty("stderr.encoding", "UTF-8"));
      System.setErr(
          new PrintStream(new FileOutputStream(constructor.newInstance(number)), true, charset));
    } catch (ReflectiveOperationException | RuntimeException e) {
      // Descriptor 2 with the filter behind it does as well.
      System.err.println("lapidary: standard error stays filtered: " + e);
    }
  }
}
