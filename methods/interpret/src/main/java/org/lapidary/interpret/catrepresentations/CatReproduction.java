package org.lapidary.interpret.catrepresentations;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.lapidary.data.Images;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Estimate;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Reproduction;
import org.lapidary.interpret.fixtures.ConvEncoder;
import org.lapidary.interpret.fixtures.DigitCnn;
import org.lapidary.interpret.fixtures.Fit;
import org.lapidary.interpret.fixtures.Headed;
import org.lapidary.interpret.fixtures.Rectified;
import org.lapidary.interpret.probe.LinearReadout;
import org.lapidary.interpret.probe.SoftmaxProbe;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Linear;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.Classification;

/**
 * Networks learn the digits 0 to 4; their features serve for the digits 5 to 9 and for all digits
 * transposed, from few labels: one network, five side by side, one of five's size, one trained five
 * times as long, five distilled into one.
 */
public final class CatReproduction implements Reproduction {
  private static final int NETWORKS = 5;
  private static final int KNOWN = 5;
  private static final int WIDTH = 32;
  private static final int STUDENT = 64;

  /** Channels at which one network with 160 features has the parameters of five with 32. */
  private static final Integer[] WIDE = {18, 36};

  private static final Integer[] NARROW = {16, 32};

  /** How much is done. */
  private record Work(int images, int other, int transposed, Fit fit, int longer, Fit distil) {
    static final Work FULL =
        new Work(10_000, 100, 50, new Fit(3, 64, 2e-3), 5, new Fit(8, 64, 1e-3));
    static final Work SMOKE = new Work(600, 10, 5, new Fit(1, 32, 2e-3), 2, new Fit(3, 32, 2e-3));

    Fit fitLonger() {
      return new Fit(longer * fit.epochs(), fit.batch(), fit.rate());
    }
  }

  /** Labelled examples to fit on and to test on. */
  private record Split(Classification train, Classification test, int classes) {}

  /** Accuracies of a probe. */
  private record Scores(
      double known, double other, double transposed, double oneShot, double fiveShot) {
    double transfer() {
      return (other + transposed) / 2;
    }
  }

  @Override
  public List<String> data() {
    return List.of("mnist");
  }

  @Override
  public Outcome run(Setting setting) {
    Work work = setting.full() ? Work.FULL : Work.SMOKE;
    Map<String, List<Scores>> found = new LinkedHashMap<>();
    List<Double> explained = new ArrayList<>();
    List<List<Object>> tuning = new ArrayList<>();
    setting.progress().begin("CAT", setting.seeds().size());
    int done = 0;
    for (long seed : setting.seeds()) {
      try (Scope scope = Scope.open()) {
        run(work, seed, found, explained, tuning);
      }
      setting.progress().step(++done, "seed " + seed);
    }
    setting.progress().end();
    return new Outcome(
        checks(setting, found, explained),
        List.of(
            probes(found),
            new Figure.Table(
                "Digits 5 to 9 with all weights trained on: accuracy",
                List.of(
                    "seed", "one, plain", "one, two-stage", "CAT5, two-stage", "each, then CAT5"),
                tuning)));
  }

  private static void run(
      Work work,
      long seed,
      Map<String, List<Scores>> found,
      List<Double> explained,
      List<List<Object>> tuning) {
    Classification train = DigitCnn.standardised(Images.Part.TRAIN, 60_000);
    Classification test = DigitCnn.standardised(Images.Part.TEST, 3_000);
    Rng rng = new Rng(seed).fork(40);
    Split known =
        new Split(
            some(train, 0, KNOWN, work.images / KNOWN, rng.fork(0)),
            some(test, 0, KNOWN, 3_000, rng.fork(1)),
            KNOWN);
    Split other =
        new Split(
            some(train, KNOWN, 10, work.other, rng.fork(2)),
            some(test, KNOWN, 10, 3_000, rng.fork(3)),
            10 - KNOWN);
    Split turned =
        new Split(
            transposed(some(train, 0, 10, work.transposed, rng.fork(4))),
            transposed(some(test, 0, 10, 3_000, rng.fork(5))),
            10);
    List<Headed> networks = new ArrayList<>();
    for (int i = 0; i < NETWORKS; i++) {
      networks.add(trained(work.fit, known, NARROW, WIDTH, seed * 100 + i));
    }
    List<Layer> phi = networks.stream().map(Headed::encoder).toList();
    Cat cat = Cat.of(phi);
    Layer one = phi.getFirst();
    Headed wide = trained(work.fit, known, WIDE, NETWORKS * WIDTH, seed * 100 + 50);
    Headed longer = trained(work.fitLonger(), known, NARROW, WIDTH, seed * 100 + 60);
    Layer student =
        new Distillation(work.distil)
            .distill(
                cat, new ConvEncoder(1, STUDENT, NARROW), STUDENT, known.train, seed * 100 + 70);
    Cat copies = Cat.of(Collections.nCopies(NETWORKS, one));

    Probes probes = new Probes(known, other, turned, rng.fork(6));
    add(found, "one network", probes.of(one));
    add(found, "one network, 5 times over", probes.of(copies));
    add(found, "one network, trained 5 times longer", probes.of(longer.encoder()));
    add(found, "one wide network", probes.of(wide.encoder()));
    add(found, "CAT5", probes.of(cat));
    add(found, "CAT5, 32 principal components", probes.components(cat, WIDTH));
    add(found, "DISTILL5", probes.of(student));
    add(found, "five networks' logits, mean", probes.ensemble(networks));
    Tensor a = Distillation.features((UnaryLayer) phi.get(0), turned.test.inputs());
    for (int j = 1; j < NETWORKS; j++) {
      explained.add(
          LinearReadout.explained(
              a, Distillation.features((UnaryLayer) phi.get(j), turned.test.inputs())));
    }
    tuning.add(tuned(work, phi, cat, other, seed));
  }

  private static void add(Map<String, List<Scores>> found, String name, Scores scores) {
    found.computeIfAbsent(name, n -> new ArrayList<>()).add(scores);
  }

  private static List<Object> tuned(Work work, List<Layer> phi, Cat cat, Split task, long seed) {
    Finetuning tuning = new Finetuning(new Fit(20, 25, 1e-2), new Fit(10, 25, 5e-4));
    int width = NETWORKS * WIDTH;
    Layer one = phi.getFirst();
    Classification train = task.train;
    Cat each = tuning.each(phi, WIDTH, train, task.classes, seed);
    Tensor features = Distillation.features(each, train.inputs());
    SoftmaxProbe head =
        SoftmaxProbe.selected(features, train.labels(), task.classes, new Rng(seed).fork(41));
    return List.of(
        seed,
        task.test.accuracy(tuning.plain(one, WIDTH, train, task.classes, seed)::forward),
        task.test.accuracy(tuning.twoStage(one, WIDTH, train, task.classes, seed)::forward),
        task.test.accuracy(tuning.twoStage(cat, width, train, task.classes, seed)::forward),
        head.accuracy(Distillation.features(each, task.test.inputs()), task.test.labels()));
  }

  // ---- data and networks ----

  /** Examples of the classes from - to - 1, counted from 0, so many of each. */
  private static Classification some(Classification all, int from, int to, int each, Rng rng) {
    int[] labels = all.labels().toInts();
    int[] left = new int[10];
    java.util.Arrays.fill(left, each);
    List<Integer> rows = new ArrayList<>();
    for (int row : rng.permutation(labels.length)) {
      if (labels[row] >= from && labels[row] < to && left[labels[row]]-- > 0) {
        rows.add(row);
      }
    }
    Tensor index = Tensor.of(rows.stream().mapToInt(Integer::intValue).toArray());
    return new Classification(
        all.inputs().indexSelect(0, index), all.labels().indexSelect(0, index).sub(from));
  }

  private static Classification transposed(Classification images) {
    return new Classification(images.inputs().transpose(2, 3).contiguous(), images.labels());
  }

  private static Rectified network(Integer[] channels, int width) {
    return new Rectified(new ConvEncoder(1, width, channels));
  }

  private static Headed trained(Fit fit, Split task, Integer[] channels, int width, long seed) {
    Headed network = new Headed(network(channels, width), new Linear(width, task.classes, true));
    return fit.classify(network, network::forward, task.train, "ReLU features", seed);
  }

  // ---- probes ----

  /** Linear probes of the three tasks. */
  private record Probes(Split known, Split other, Split turned, Rng rng) {

    Scores of(Layer layer) {
      UnaryLayer network = (UnaryLayer) layer;
      return scores(x -> Distillation.features(network, x));
    }

    Scores scores(java.util.function.UnaryOperator<Tensor> features) {
      try (Scope scope = Scope.open()) {
        Tensor seen = features.apply(other.test.inputs());
        int[] labels = other.test.labels().toInts();
        return new Scores(
            probe(features, known),
            probe(features, other),
            probe(features, turned),
            new FewShot(1, 100).accuracy(seen, labels, rng.fork(2)),
            new FewShot(5, 100).accuracy(seen, labels, rng.fork(3)));
      }
    }

    /** Projected to the first principal components of what it was trained on. */
    Scores components(Cat cat, int kept) {
      try (Scope scope = Scope.open()) {
        Tensor x = Distillation.features(cat, known.train.inputs()).to(DType.FLOAT64);
        Tensor centred = x.sub(x.mean(true, 0));
        Linalg.Eigh eigh = Linalg.eigh(centred.t().matmul(centred));
        long d = x.size(1);
        Tensor basis = eigh.vectors().slice(1, d - kept, d).to(DType.FLOAT32);
        return scores(i -> Distillation.features(cat, i).matmul(basis));
      }
    }

    /** The networks' own answers on what they know; not for other tasks. */
    Scores ensemble(List<Headed> networks) {
      double known0 =
          known.test.accuracy(x -> {
            Tensor sum = networks.getFirst().forward(x);
            for (Headed network : networks.subList(1, networks.size())) {
              sum = sum.add(network.forward(x));
            }
            return sum;
          });
      return new Scores(known0, Double.NaN, Double.NaN, Double.NaN, Double.NaN);
    }

    private double probe(java.util.function.UnaryOperator<Tensor> features, Split task) {
      try (Scope scope = Scope.open();
          var ignored = Autograd.noGrad()) {
        SoftmaxProbe probe =
            SoftmaxProbe.selected(
                features.apply(task.train.inputs()),
                task.train.labels(),
                task.classes,
                rng.fork(1));
        return probe.accuracy(features.apply(task.test.inputs()), task.test.labels());
      }
    }
  }

  private static double mean(
      Map<String, List<Scores>> found, String name, ToDoubleFunction<Scores> what) {
    return estimate(found.getOrDefault(name, List.of()), what).mean();
  }

  private static Estimate estimate(List<Scores> scores, ToDoubleFunction<Scores> what) {
    return Estimate.of(scores.stream().mapToDouble(what).toArray());
  }

  private static List<Check> checks(
      Setting setting, Map<String, List<Scores>> found, List<Double> explained) {
    double cat = mean(found, "CAT5", Scores::transfer);
    double one = mean(found, "one network", Scores::transfer);
    double wide = mean(found, "one wide network", Scores::transfer);
    double student = mean(found, "DISTILL5", Scores::transfer);
    List<Check> checks = new ArrayList<>();
    checks.add(
        Check.atLeast(
            "other tasks: accuracy of CAT5 minus one network",
            cat - one,
            setting.full() ? 0.02 : -0.1));
    if (!setting.full()) {
      return checks;
    }
    checks.add(
        Check.atLeast("other tasks: accuracy of CAT5 minus one wide network", cat - wide, 0.005));
    checks.add(
        Check.atMost(
            "the task trained on: accuracy, CAT5 apart from one wide network",
            Math.abs(
                mean(found, "CAT5", Scores::known)
                    - mean(found, "one wide network", Scores::known)),
            0.01));
    checks.add(
        Check.atLeast("other tasks: accuracy of DISTILL5 minus one network", student - one, 0.005));
    checks.add(
        Check.atMost(
            "other tasks: accuracy of one network 5 times over minus once",
            mean(found, "one network, 5 times over", Scores::transfer) - one,
            0.003));
    checks.add(
        Check.atMost(
            "share of one network's features that another's say, most",
            explained.stream().mapToDouble(e -> e).max().orElseThrow(),
            0.9));
    return checks;
  }

  private static Figure probes(Map<String, List<Scores>> found) {
    List<List<Object>> rows = new ArrayList<>();
    found.forEach((name, scores) ->
        rows.add(
            List.of(
                name,
                estimate(scores, Scores::known).toString(),
                estimate(scores, Scores::other).toString(),
                estimate(scores, Scores::transposed).toString(),
                mean(found, name, Scores::transfer),
                mean(found, name, Scores::oneShot),
                mean(found, name, Scores::fiveShot))));
    return new Figure.Table(
        "Accuracy of linear probes, and of class means from 1 and 5 examples; mean over seeds",
        List.of(
            "features",
            "digits 0-4 (trained on)",
            "digits 5-9",
            "digits transposed",
            "both others",
            "digits 5-9, 1 shot",
            "digits 5-9, 5 shots"),
        rows);
  }
}
