package org.lapidary.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Sends real signals to a real process. */
@DisabledOnOs(OS.WINDOWS)
class InterruptTest {
  /** Works until it is asked to stop; or, with an argument, does not listen. */
  static final class Worker {
    public static void main(String[] args) throws Exception {
      Interrupt interrupt = Interrupt.listen(System.out);
      System.out.println("working");
      while (!interrupt.getAsBoolean() || args.length > 0) {
        Thread.sleep(5);
      }
      System.out.println("kept");
      System.exit(3);
    }
  }

  private static Process start(String... args) throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            Worker.class.getName());
    builder.command().addAll(java.util.List.of(args));
    return builder.redirectErrorStream(true).start();
  }

  private static void interrupt(Process process) throws Exception {
    Process kill = new ProcessBuilder("kill", "-INT", String.valueOf(process.pid())).start();
    assertThat(kill.waitFor()).isZero();
  }

  @Test
  void theFirstCtrlCAsksAndTheWorkIsKept() throws Exception {
    Process process = start();
    try (BufferedReader out = process.inputReader()) {
      assertThat(out.readLine()).isEqualTo("working");
      interrupt(process);
      assertThat(out.lines()).anyMatch(line -> line.contains("stopping")).contains("kept");
    }
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(3);
  }

  @Test
  void theSecondCtrlCEnds() throws Exception {
    Process process = start("deaf");
    try (BufferedReader out = process.inputReader()) {
      assertThat(out.readLine()).isEqualTo("working");
      interrupt(process);
      String line = out.readLine();
      while (!line.contains("stopping")) {
        line = out.readLine();
      }
      interrupt(process);
      assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(process.exitValue()).isEqualTo(Main.STOPPED);
  }
}
