package org.lapidary.benchmarks;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Training steps here and in DJL, in processes of their own that take turns, so that what else the
 * machine does falls on both. Prints both sides and the ratio of each pair. Arguments: the folder
 * with DJL's jars and its benchmark, the number of pairs.
 */
public final class Pairs {
  private Pairs() {}

  private record Work(String name, int warm, int steps) {}

  public static void main(String[] args) throws IOException, InterruptedException {
    String djl = args[0];
    int pairs = args.length > 1 ? Integer.parseInt(args[1]) : 5;
    System.out.println("| network | DJL ms | Lapidary ms | Lapidary / DJL (least to most) |");
    System.out.println("| --- | --- | --- | --- |");
    for (Work work : List.of(new Work("mlp", 100, 400), new Work("decoder", 8, 25))) {
      List<Double> theirs = new ArrayList<>();
      List<Double> ours = new ArrayList<>();
      List<Double> ratios = new ArrayList<>();
      for (int i = 0; i < pairs; i++) {
        double peer = median(djl, "org.lapidary.benchmarks.djl.DjlTrainingStep", work);
        double own =
            median(
                System.getProperty("java.class.path"),
                "org.lapidary.benchmarks.TrainingStep",
                work);
        theirs.add(peer);
        ours.add(own);
        ratios.add(own / peer);
      }
      System.out.printf(
          Locale.ROOT,
          "| %s | %.2f | %.2f | %s |%n",
          work.name,
          middle(theirs),
          middle(ours),
          range(ratios));
    }
  }

  private static double middle(List<Double> values) {
    return values.stream().sorted().toList().get(values.size() / 2);
  }

  private static String range(List<Double> values) {
    List<Double> sorted = values.stream().sorted().toList();
    return String.format(
        Locale.ROOT, "%.2f (%.2f to %.2f)", middle(values), sorted.getFirst(), sorted.getLast());
  }

  /** The median milliseconds of a step in a process of its own. */
  private static double median(String classPath, String main, Work work)
      throws IOException, InterruptedException {
    List<String> command =
        List.of(
            System.getProperty("java.home") + File.separator + "bin" + File.separator + "java",
            "--add-modules",
            "jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-cp",
            classPath,
            main,
            work.name,
            "" + work.warm,
            "" + work.steps);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("OMP_WAIT_POLICY", "PASSIVE"); // both sides alike
    builder.redirectError(ProcessBuilder.Redirect.DISCARD);
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(main + " ended with " + process.exitValue() + "; run it by hand");
    }
    System.err.println(main + " " + work.name + " " + out.strip());
    return Double.parseDouble(out.strip().lines().toList().getLast().split(" ")[2]);
  }
}
