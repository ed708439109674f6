package org.lapidary.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.lapidary.nn.Nearest;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Errors as one clear sentence. */
final class Faults {
  private Faults() {}

  /** Whether the user wants to see where errors come from, even if the command line is wrong. */
  static boolean wantsTrace(String[] args) {
    return Arrays.asList(args).contains("--stacktrace")
        || !System.getenv().getOrDefault("LAPIDARY_DEBUG", "").isEmpty();
  }

  /** Says what went wrong and returns the exit status. */
  static int show(Throwable fault, PrintWriter err, boolean trace) {
    err.println("lapidary: " + sentence(fault));
    if (trace) {
      fault.printStackTrace(err);
    }
    err.flush();
    return fault instanceof CancellationException ? Main.STOPPED : Main.FAILURE;
  }

  /** Says what is wrong with the command line and returns the exit status. */
  static int usage(ParameterException fault, PrintWriter err, boolean trace) {
    CommandLine command = fault.getCommandLine();
    String name = command.getCommandSpec().qualifiedName();
    err.println(name + ": " + usageSentence(fault, command));
    if (!(fault.getCause() instanceof TypeConversionException)) {
      err.println("See " + name + " --help.");
    }
    if (trace) {
      fault.printStackTrace(err);
    }
    err.flush();
    return Main.USAGE;
  }

  private static String usageSentence(ParameterException fault, CommandLine command) {
    if (fault instanceof UnmatchedArgumentException unmatched
        && !unmatched.getUnmatched().isEmpty()) {
      String typed = unmatched.getUnmatched().getFirst();
      if (typed.startsWith("-")) {
        List<String> options = new ArrayList<>();
        for (OptionSpec option : command.getCommandSpec().options()) {
          options.addAll(Arrays.asList(option.names()));
        }
        options.removeIf(option -> !option.startsWith("--"));
        String option = typed.contains("=") ? typed.substring(0, typed.indexOf('=')) : typed;
        return Nearest.sentence("option", option, options);
      }
      if (!command.getSubcommands().isEmpty()) {
        return Nearest.sentence("command", typed, command.getSubcommands().keySet());
      }
      return "'%s' is one argument too many".formatted(typed);
    }
    if (fault.getCause() instanceof TypeConversionException conversion) {
      return message(conversion);
    }
    String text = message(fault);
    return fault instanceof MissingParameterException
        ? Character.toLowerCase(text.charAt(0)) + text.substring(1)
        : text;
  }

  /** What went wrong, for someone who has never seen the code. */
  static String sentence(Throwable fault) {
    return switch (fault) {
      case UncheckedIOException e when e.getCause() != null ->
          own(e) ? e.getMessage() + ": " + sentence(e.getCause()) : sentence(e.getCause());
      case NoSuchFileException e -> "there is no file " + e.getFile();
      case FileAlreadyExistsException e -> e.getFile() + " exists already";
      case AccessDeniedException e -> "no permission to read or write " + e.getFile();
      case NotDirectoryException e -> e.getFile() + " is not a folder";
      case DirectoryNotEmptyException e -> "the folder " + e.getFile() + " is not empty";
      case FileSystemException e when e.getReason() != null -> e.getFile() + ": " + e.getReason();
      case OutOfMemoryError e ->
          "out of memory (%s); give the JVM more with LAPIDARY_JAVA_OPTS=-Xmx8g, or make the job smaller"
              .formatted(message(e));
      case StackOverflowError e -> "the input is nested too deeply";
      case IOException e -> message(e);
      case RuntimeException e when fromUser(e) -> message(e);
      default ->
          "%s: %s (a fault of Lapidary; --stacktrace shows where)"
              .formatted(fault.getClass().getSimpleName(), message(fault));
    };
  }

  /** Exceptions that our own code throws with a sentence for the user. */
  private static boolean fromUser(RuntimeException e) {
    return e instanceof IllegalArgumentException
        || e instanceof IllegalStateException
        || e instanceof CancellationException
        || e.getClass().getName().startsWith("org.lapidary.");
  }

  /** Whether the message says more than that of the cause. */
  private static boolean own(UncheckedIOException e) {
    return e.getMessage() != null && !e.getMessage().equals(String.valueOf(e.getCause()));
  }

  private static String message(Throwable e) {
    String message = e.getMessage();
    return message == null || message.isBlank() ? e.getClass().getSimpleName() : message;
  }
}
