package org.lapidary.workbench;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A server in a Java machine of its own, started as the launcher starts it, with a small heap. */
final class ServerProcess implements AutoCloseable {
  private final Process process;
  final URI address;

  /** Runs the main method of a class, which prints its address and serves until its input ends. */
  ServerProcess(Class<?> main, Path folder) throws IOException {
    List<String> words =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx400m",
            "-Xmn64m",
            "-XX:+UseSerialGC",
            "--add-modules",
            "jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            main.getName(),
            folder.toString());
    process = new ProcessBuilder(words).redirectError(Redirect.INHERIT).start();
    BufferedReader out = process.inputReader();
    address = URI.create(out.readLine());
  }

  /** Bytes of memory that it has, mapped files included. */
  double resident() throws IOException {
    return Files.readAllLines(Path.of("/proc/%d/status".formatted(process.pid()))).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToDouble(line -> 1024 * Double.parseDouble(line.replaceAll("\\D", "")))
        .findFirst()
        .orElseThrow();
  }

  @Override
  public void close() {
    process.destroy();
  }
}
