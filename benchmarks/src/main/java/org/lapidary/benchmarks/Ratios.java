package org.lapidary.benchmarks;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Runs the benchmarks and prints, for each, both sides and their ratio as a Markdown table. A side
 * is the median of all iterations, with the least and the most behind it.
 *
 * <p>Arguments: names of benchmark classes; without any, all of them run.
 */
public final class Ratios {
  /** What the others of its class and size are measured against. */
  private static final List<String> PEERS = List.of("float32", "dense", "plain", "raw");

  private Ratios() {}

  public static void main(String[] args) throws RunnerException {
    List<String> names =
        args.length > 0
            ? Arrays.asList(args)
            : List.of(
                "PackedFormats",
                "LazyNeurons",
                "OptimizerStep",
                "Facade",
                "DictionaryStep",
                "Attribution");
    for (String name : names) {
      OptionsBuilder options = new OptionsBuilder();
      options.include("\\." + name + "\\.").verbosity(VerboseMode.SILENT).shouldFailOnError(true);
      print(name, new Runner(options).run());
    }
  }

  private record Side(String size, String what, double[] micros) {
    double median() {
      return micros[micros.length / 2];
    }

    String range() {
      return "%.2f (%.2f to %.2f)".formatted(median(), micros[0], micros[micros.length - 1]);
    }
  }

  private static void print(String name, Collection<RunResult> results) {
    Map<String, Side> peers = new LinkedHashMap<>();
    List<Side> others = new ArrayList<>();
    for (RunResult result : results) {
      Side side = side(result);
      if (PEERS.contains(side.what)) {
        peers.put(side.size, side);
      } else {
        others.add(side);
      }
    }
    System.out.println("\n" + name + ", microseconds: median (least to most)\n");
    System.out.println("| size | peer | | measured | | peer / measured |");
    System.out.println("| --- | --- | --- | --- | --- | --- |");
    for (Side side : others) {
      Side peer = peers.get(side.size);
      System.out.printf(
          "| %s | %s | %s | %s | %s | %.2f |%n",
          side.size,
          peer.what,
          peer.range(),
          side.what,
          side.range(),
          peer.median() / side.median());
    }
  }

  private static Side side(RunResult result) {
    String size = "";
    String what = result.getPrimaryResult().getLabel();
    for (String key : result.getParams().getParamsKeys()) {
      if (key.equals("format")) {
        what = result.getParams().getParam(key);
      } else {
        size = result.getParams().getParam(key);
      }
    }
    double[] micros =
        result.getBenchmarkResults().stream()
            .map(BenchmarkResult::getIterationResults)
            .flatMap(Collection::stream)
            .map(IterationResult::getPrimaryResult)
            .mapToDouble(r -> r.getScore())
            .sorted()
            .toArray();
    return new Side(size, what, micros);
  }
}
