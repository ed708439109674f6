package org.lapidary.interpret.convergentlearning;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.lapidary.data.Images;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Correlation;
import org.lapidary.evidence.Estimate;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Reproduction;
import org.lapidary.interpret.fixtures.ConvEncoder;
import org.lapidary.interpret.fixtures.DigitCnn;
import org.lapidary.interpret.fixtures.Fit;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.Classification;

/**
 * Pairs of convolutional networks (16 and 32 channels) that learn MNIST from different seeds, and
 * an untrained one, on test images: one-to-one, few-to-one and many-to-many.
 */
public final class ConvergentLearningReproduction implements Reproduction {
  private static final int FEW = 4;

  /** How much is done. */
  private record Work(int images, int tested, Fit fit) {
    static final Work FULL = new Work(40_000, 1000, new Fit(2, 64, 3e-3));
    static final Work SMOKE = new Work(1024, 100, new Fit(1, 32, 3e-3));
  }

  /** One layer of a pair. */
  private record Pair(
      double bipartite,
      double semi,
      double untrained,
      double few,
      double full,
      double shuffled,
      double needed) {
    List<Object> row(long seed, int layer) {
      return List.of(
          seed, layer, bipartite, semi, untrained, few, full, few / full, shuffled, needed);
    }
  }

  @Override
  public List<String> data() {
    return List.of("mnist");
  }

  @Override
  public Outcome run(Setting setting) {
    Work work = setting.full() ? Work.FULL : Work.SMOKE;
    List<Check> checks = new ArrayList<>();
    List<Figure> figures = new ArrayList<>();
    List<List<Object>> rows = new ArrayList<>();
    List<List<Pair>> layers = List.of(new ArrayList<>(), new ArrayList<>());
    setting.progress().begin("convergent learning", setting.seeds().size());
    int done = 0;
    for (long seed : setting.seeds()) {
      try (Scope scope = Scope.open()) {
        Classification train = DigitCnn.standardised(Images.Part.TRAIN, work.images);
        Tensor test = DigitCnn.standardised(Images.Part.TEST, work.tested).inputs();
        ConvEncoder a = trained(work, train, 2 * seed);
        ConvEncoder b = trained(work, train, 2 * seed + 1);
        ConvEncoder untrained = new ConvEncoder(1, 10, 16, 32);
        untrained.initialise(new Rng(seed).fork(5));
        for (int layer = 0; layer < 2; layer++) {
          Tensor unitsA = units(a, test, layer);
          Tensor unitsB = units(b, test, layer);
          Pair pair = measure(unitsA, unitsB, units(untrained, test, layer), new Rng(seed).fork(6));
          layers.get(layer).add(pair);
          rows.add(pair.row(seed, layer + 1));
          if (seed == setting.seeds().getFirst()) {
            figures.addAll(draw(unitsA, unitsB, layer + 1, new Rng(seed).fork(7)));
          }
        }
      }
      setting.progress().step(++done, "seed " + seed);
    }
    setting.progress().end();
    checks(setting, layers.getFirst(), layers.getLast(), checks);
    figures.addFirst(
        new Figure.Table(
            "Units of two networks: mean correlations, and R2 of units of B from units of A",
            List.of(
                "seed",
                "layer",
                "bipartite",
                "semi",
                "bipartite, B untrained",
                "R2, 4 units",
                "R2, all units",
                "ratio",
                "R2, samples shuffled",
                "units for 90% of R2"),
            rows));
    return new Outcome(checks, figures);
  }

  private static void checks(
      Setting setting, List<Pair> first, List<Pair> second, List<Check> checks) {
    double gap = mean(first.stream().mapToDouble(p -> p.semi - p.bipartite).toArray());
    List<Pair> all = new ArrayList<>(first);
    all.addAll(second);
    checks.add(
        Check.atLeast(
            "semi minus bipartite matching, least",
            all.stream().mapToDouble(p -> p.semi - p.bipartite).min().orElseThrow(),
            0));
    checks.add(Check.reported("layer 1: semi minus bipartite matching", gap));
    checks.add(
        Check.atMost(
            "samples shuffled: R2 of all units, most",
            all.stream().mapToDouble(Pair::shuffled).max().orElseThrow(),
            0.05));
    if (!setting.full()) {
      return;
    }
    checks.add(
        Check.atLeast(
            "layer 1: bipartite matching, trained with trained minus trained with untrained",
            mean(first.stream().mapToDouble(p -> p.bipartite - p.untrained).toArray()),
            0.1));
    checks.add(
        Check.atLeast(
            "layer 1: R2 of at most 4 units over R2 of all",
            mean(first.stream().mapToDouble(p -> p.few / p.full).toArray()),
            0.7));
    checks.add(
        Check.reported(
            "bipartite matching, layer 2 minus layer 1",
            mean(second.stream().mapToDouble(Pair::bipartite).toArray())
                - mean(first.stream().mapToDouble(Pair::bipartite).toArray())));
  }

  private static double mean(double[] values) {
    return Estimate.of(values).mean();
  }

  private static ConvEncoder trained(Work work, Classification train, long seed) {
    ConvEncoder network = new ConvEncoder(1, 10, 16, 32);
    return work.fit.classify(network, network::forward, train, "ConvEncoder", seed);
  }

  private static Tensor units(ConvEncoder network, Tensor images, int layer) {
    try (var ignored = Autograd.noGrad()) {
      return UnitCorrelations.units(network.maps(images).get(layer));
    }
  }

  private static Pair measure(Tensor a, Tensor b, Tensor untrained, Rng rng) {
    UnitCorrelations pair = UnitCorrelations.of(a, b);
    Tensor order = Tensor.of(rng.permutation((int) a.size(0)));
    UnitCorrelations chance = UnitCorrelations.of(a.indexSelect(0, order), b);
    return new Pair(
        Matching.Kind.BIPARTITE.match(pair.between()).mean(),
        Matching.Kind.SEMI.match(pair.between()).mean(),
        Matching.Kind.BIPARTITE.between(a, untrained),
        explained(pair, u -> SparsePrediction.few(pair, u, FEW).explained(pair, u)),
        explained(pair, u -> SparsePrediction.full(pair, u).explained(pair, u)),
        explained(chance, u -> SparsePrediction.full(chance, u).explained(chance, u)),
        explained(pair, u -> SparsePrediction.needed(pair, u, 0.9)));
  }

  /** The mean over the units of B that vary. */
  private static double explained(
      UnitCorrelations of, java.util.function.IntToDoubleFunction byUnit) {
    return IntStream.range(0, of.withinB().length)
        .filter(u -> of.withinB()[u][u] > 0)
        .mapToDouble(byUnit)
        .average()
        .orElse(Double.NaN);
  }

  // ---- figures ----

  private static List<Figure> draw(Tensor a, Tensor b, int layer, Rng rng) {
    UnitCorrelations pair = UnitCorrelations.of(a, b);
    Matching one = Matching.Kind.BIPARTITE.match(pair.between());
    Matching semi = Matching.Kind.SEMI.match(pair.between());
    double[] places = IntStream.range(0, one.partner().length).asDoubleStream().toArray();
    List<Figure> figures = new ArrayList<>();
    figures.add(
        new Figure.Lines(
            "Layer %d: correlation of matched units, sorted".formatted(layer),
            "unit",
            "correlation",
            List.of(
                new Figure.Series("semi", places, semi.sorted()),
                new Figure.Series("bipartite", places, one.sorted()))));
    Integer[] order = IntStream.range(0, places.length).boxed().toArray(Integer[]::new);
    Arrays.sort(order, (i, j) -> Double.compare(one.correlation()[j], one.correlation()[i]));
    double[][] sorted = new double[order.length][order.length];
    List<String> rows = new ArrayList<>();
    List<String> columns = new ArrayList<>();
    for (int i = 0; i < order.length; i++) {
      rows.add("A" + order[i]);
      columns.add("B" + one.partner()[order[i]]);
      for (int j = 0; j < order.length; j++) {
        sorted[i][j] = pair.between()[order[i]][one.partner()[order[j]]];
      }
    }
    figures.add(
        new Figure.Heatmap(
            "Layer %d: correlations, B in the order of its partners".formatted(layer),
            "units of B",
            "units of A",
            columns,
            rows,
            sorted));
    figures.add(groups(pair, one, layer, rng));
    return figures;
  }

  /** Groups of a quarter as many as units, with the subspaces that they share. */
  private static Figure groups(UnitCorrelations pair, Matching one, int layer, Rng rng) {
    int k = pair.between().length / 4;
    SharedSubspaces shared = SharedSubspaces.of(pair, k, rng);
    List<List<Object>> rows = new ArrayList<>();
    for (int g = 0; g < k; g++) {
      int group = g;
      double[] canonical = shared.canonical(pair, g);
      double matched =
          IntStream.range(0, one.partner().length)
              .filter(i -> shared.ofA()[i] == group)
              .mapToDouble(i -> one.correlation()[i])
              .average()
              .orElse(0);
      rows.add(
          List.of(
              g,
              Arrays.stream(shared.ofA()).filter(x -> x == group).count(),
              Arrays.stream(shared.ofB()).filter(x -> x == group).count(),
              matched,
              Arrays.stream(canonical).average().orElse(0)));
    }
    double rho = Correlation.spearman(pair.meanA(), one.correlation());
    return new Figure.Table(
        "Layer %d: groups; mean activation and matched correlation go together with Spearman's rho %.2f"
            .formatted(layer, rho),
        List.of(
            "group", "units of A", "units of B", "matched correlation", "canonical correlation"),
        rows);
  }
}
