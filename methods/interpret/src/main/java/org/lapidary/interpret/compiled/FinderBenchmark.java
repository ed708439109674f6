package org.lapidary.interpret.compiled;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lapidary.evidence.Figure;
import org.lapidary.interpret.attribution.AttributionPatching;
import org.lapidary.interpret.circuit.Circuit;
import org.lapidary.interpret.circuit.CircuitSearch;
import org.lapidary.interpret.circuit.FrozenPass;
import org.lapidary.interpret.circuit.PathPatching;
import org.lapidary.interpret.compiled.GroundTruth.Agreement;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.interpret.transcoder.Transcoder;
import org.lapidary.nn.Model;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Finders of circuits against circuits that are known: precision and recall of what each finds over
 * several pairs of prompts whose last outputs differ. What is the same in both prompts of every
 * pair, such as positions, no finder that compares them can see.
 *
 * <ul>
 *   <li>direct paths: {@link PathPatching#edges}, every path tested by running the model;
 *   <li>attribution patching: the first order of patching each part, which cannot say what it
 *       reads;
 *   <li>frozen search: {@link CircuitSearch} on the logit of the right value, with attention held.
 * </ul>
 *
 * @param pairs of prompts
 * @param share of the metric's difference from which on something counts as found
 */
public record FinderBenchmark(int pairs, double share) {

  /** 16 pairs, one hundredth. */
  public static FinderBenchmark defaults() {
    return new FinderBenchmark(16, 0.01);
  }

  public FinderBenchmark {
    if (pairs < 1 || !(share > 0 && share < 1)) {
      throw new IllegalArgumentException(
          "at least 1 pair and a share in 0 to 1 are needed, were %d and %s"
              .formatted(pairs, share));
    }
  }

  /** What finds circuits. */
  public enum Finder {
    DIRECT_PATHS("direct paths"),
    ATTRIBUTION_PATCHING("attribution patching"),
    FROZEN_SEARCH("frozen search");

    private final String words;

    Finder(String words) {
      this.words = words;
    }
  }

  /** How a finder did on a program. */
  public record Row(String program, Finder finder, Agreement agreement) {}

  /** Two sequences as long as the program takes, and the metric that tells their outputs apart. */
  private record Pair(int[] clean, int[] other, double[] direction) {
    Tensor difference(Tensor logits) {
      Tensor last = logits.select(0, 0).select(0, -1);
      return last.mul(Tensor.of(direction).to(DType.FLOAT32)).sum();
    }

    double metric(Tensor logits) {
      try (Scope scope = Scope.open()) {
        return difference(logits).item();
      }
    }
  }

  /** All finders on one program. */
  public List<Row> run(Program program, Rng rng) {
    Compiled compiled = Compiled.of(program);
    List<Pair> drawn = draw(compiled, rng);
    List<Row> rows = new ArrayList<>();
    for (Finder finder : Finder.values()) {
      List<Circuit> circuits = drawn.stream().map(p -> find(finder, compiled, p)).toList();
      rows.add(new Row(program.name(), finder, compiled.truth().precisionRecall(circuits)));
    }
    return rows;
  }

  /** As a table. */
  public static Figure.Table table(List<Row> rows) {
    return new Figure.Table(
        "Circuits found in compiled programs",
        List.of("program", "finder", "parts, precision", "recall", "links, precision", "recall"),
        rows.stream()
            .<List<Object>>map(r ->
                List.of(
                    r.program(),
                    r.finder().words,
                    r.agreement().parts().precision(),
                    r.agreement().parts().recall(),
                    r.agreement().links().precision(),
                    r.agreement().links().recall()))
            .toList());
  }

  private List<Pair> draw(Compiled compiled, Rng rng) {
    Program program = compiled.program();
    List<Pair> drawn = new ArrayList<>();
    for (int tries = 0; drawn.size() < pairs; tries++) {
      if (tries > 1000 * pairs) {
        throw new IllegalArgumentException(
            "the output of '%s' hardly ever differs at the last position"
                .formatted(program.name()));
      }
      int[] clean = sequence(program, rng);
      int[] other = sequence(program, rng);
      double a = program.run(clean)[clean.length - 1];
      double b = program.run(other)[other.length - 1];
      if (a != b && (program.numerical() || (a >= 0 && b >= 0))) {
        double[] direction = new double[compiled.model().decoder().config().vocab()];
        if (program.numerical()) {
          direction[0] = 1;
        } else {
          direction[(int) a] = 1;
          direction[(int) b] = -1;
        }
        drawn.add(new Pair(compiled.prompt(clean), compiled.prompt(other), direction));
      }
    }
    return drawn;
  }

  private static int[] sequence(Program program, Rng rng) {
    int[] tokens = new int[program.length()];
    for (int i = 0; i < tokens.length; i++) {
      tokens[i] = rng.nextInt(program.alphabet().size());
    }
    return tokens;
  }

  private Circuit find(Finder finder, Compiled compiled, Pair pair) {
    Model model = compiled.model();
    int end = pair.clean.length - 1;
    try (Scope scope = Scope.open()) {
      return switch (finder) {
        case DIRECT_PATHS -> {
          PathPatching patching =
              PathPatching.of(model, new int[][] {pair.clean}, new int[][] {pair.other}, true);
          double difference = pair.metric(patching.other()) - pair.metric(patching.clean());
          yield patching.edges(pair::metric, share * Math.abs(difference), end);
        }
        case ATTRIBUTION_PATCHING -> {
          Circuit all =
              AttributionPatching.defaults()
                  .of(model, pair.clean, pair.other, pair::difference)
                  .circuit(Integer.MAX_VALUE, end);
          yield above(all, share * Math.abs(all.total()));
        }
        case FROZEN_SEARCH -> {
          Map<Integer, Dictionary> neurons = new HashMap<>();
          for (int l = 0; l < model.decoder().blocks().size(); l++) {
            neurons.put(l, Transcoder.neurons(model, l));
          }
          FrozenPass pass = FrozenPass.of(model, neurons, pair.clean);
          Circuit all = CircuitSearch.defaults().search(pass, pass.logits(pair.direction, end));
          yield above(all, share * Math.abs(all.total()));
        }
      };
    }
  }

  /** The edges of some attribution, and what they join. */
  private static Circuit above(Circuit circuit, double threshold) {
    List<Circuit.Edge> edges =
        circuit.edges().stream().filter(e -> Math.abs(e.attribution()) > threshold).toList();
    Set<Circuit.Node> nodes = new LinkedHashSet<>(List.of(circuit.root()));
    edges.forEach(e -> {
      nodes.add(e.from());
      nodes.add(e.to());
    });
    return new Circuit(circuit.root(), List.copyOf(nodes), edges, circuit.total(), circuit.kept());
  }
}
