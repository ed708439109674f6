package org.lapidary.interpret.diffroar;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongFunction;
import java.util.function.ToDoubleFunction;
import org.lapidary.data.Datasets;
import org.lapidary.data.Images;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Reproduction;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.Classification;
import org.lapidary.train.Sgd;
import org.lapidary.train.Shuffle;
import org.lapidary.train.Trainer;

/**
 * Standard and adversarially trained models on coordinates of which one holds the label, on
 * BlockMNIST and on CIFAR-10 in grey; random and perfect attributions as controls.
 */
public final class DiffRoarReproduction implements Reproduction {
  private static final int D = 20;
  private static final double ETA = 0.1;
  private static final double SHARE = 0.2;
  private static final double[] SHARES = {0.1, 0.3, 0.5};
  private static final int HIDDEN = 256;

  @Override
  public List<String> data() {
    return List.of("mnist", "cifar10");
  }

  /** What both kinds of training gave. */
  private record Both(double standard, double robust) {}

  /** A network on coordinates: how often the largest score is at the label's. */
  private record Found(double accuracy, double gradient, double timesInput) {}

  @Override
  public Outcome run(Setting setting) {
    List<Check> checks = new ArrayList<>();
    List<Figure> figures = new ArrayList<>();
    coordinates(setting, checks, figures);
    blocks(setting, checks, figures);
    if (setting.full()) {
      audit(setting, checks, figures);
    }
    return new Outcome(checks, figures);
  }

  private static void coordinates(Setting setting, List<Check> checks, List<Figure> figures) {
    List<Found> standard = new ArrayList<>();
    List<Found> robust = new ArrayList<>();
    List<List<Object>> rows = new ArrayList<>();
    for (long seed : setting.seeds()) {
      for (boolean against : new boolean[] {false, true}) {
        Found found = coordinates(against, setting.full() ? 4000 : 1000, seed);
        (against ? robust : standard).add(found);
        rows.add(
            List.of(
                against ? "adversarial" : "standard",
                seed,
                found.accuracy,
                found.gradient,
                found.timesInput));
      }
    }
    figures.add(
        new Figure.Table(
            "One coordinate of 20 holds the label: share of examples whose largest score is there",
            List.of("training", "seed", "accuracy", "gradient", "gradient times input"),
            rows));
    checks.add(
        Check.atMost(
            "coordinates: standard network's largest gradient at the label's, share",
            mean(standard, Found::gradient),
            0.15));
    checks.add(
        Check.atLeast(
            "coordinates: standard network's largest gradient times input at the label's, share",
            mean(standard, Found::timesInput),
            0.95));
    if (setting.full()) {
      checks.add(
          Check.atLeast(
              "coordinates: share of the largest gradients at the label's, adversarial over standard",
              mean(robust, Found::gradient)
                  / Math.max(mean(standard, Found::gradient), 1.0 / D / D),
              3));
    }
  }

  private static Found coordinates(boolean against, int steps, long seed) {
    try (Scope scope = Scope.open()) {
      Rng rng = new Rng(seed).fork(50);
      Coordinates train = Coordinates.draw(4000, D, ETA, rng.fork(0));
      Coordinates test = Coordinates.draw(2000, D, ETA, rng.fork(1));
      SmallNet net = SmallNet.dense(D, 200, 2);
      net.initialise(rng.fork(2));
      RobustTraining attack =
          new RobustTraining(RobustTraining.Norm.L2, against ? 0.5 : 0, 5, 1, 100, 0.1);
      Shuffle shuffle = new Shuffle(4000, 100, seed);
      try (Sgd sgd = new Sgd(Trainer.parameters(net), new Sgd.Settings(0, 0, false))) {
        new Trainer(
                net,
                sgd,
                (step, r) -> {
                  int[] chosen = shuffle.at(step);
                  Tensor index = Tensor.of(chosen, chosen.length);
                  Tensor x = train.data().inputs().indexSelect(0, index);
                  Tensor y = train.data().labels().indexSelect(0, index);
                  return net.forward(attack.worst(net, x, y)).crossEntropy(y);
                },
                Trainer.Settings.of(
                    against ? steps / 2 : steps, org.lapidary.train.Schedule.constant(0.1), seed))
            .run(org.lapidary.evidence.Progress.silent());
      }
      net.requiresGrad(false);
      return new Found(
          test.data().accuracy(net::forward),
          test.found(DiffRoar.scores(net, Attribution.gradient(), test.data())),
          test.found(DiffRoar.scores(net, Attribution.gradientTimesInput(), test.data())));
    }
  }

  private static void blocks(Setting setting, List<Check> checks, List<Figure> figures) {
    Images train =
        Images.mnist(Datasets.get("mnist"), Images.Part.TRAIN)
            .first(setting.full() ? 12_000 : 1000);
    Images test =
        Images.mnist(Datasets.get("mnist"), Images.Part.TEST).first(setting.full() ? 2000 : 500);
    List<List<Object>> rows = new ArrayList<>();
    List<Double> accuracies = new ArrayList<>();
    List<Both> leaks = new ArrayList<>();
    List<Double> top = new ArrayList<>();
    RobustTraining plain = RobustTraining.standard(6, 64, 3e-3);
    RobustTraining robust =
        plain.forEpochs(9).against(RobustTraining.Norm.L2, 2, setting.full() ? 5 : 2);
    for (long seed : setting.seeds()) {
      for (boolean dense : setting.full() ? new boolean[] {true, false} : new boolean[] {true}) {
        LongFunction<SmallNet> fresh = s -> blockNet(dense, 2, s);
        String name = dense ? "MLP" : "CNN";
        try (Scope scope = Scope.open()) {
          Rng rng = new Rng(seed).fork(51);
          BlockMnist seen = BlockMnist.of(train, BlockMnist.Labels.HALVES, false, rng.fork(0));
          BlockMnist asked = BlockMnist.of(test, BlockMnist.Labels.HALVES, false, rng.fork(1));
          double[] standard = leak(fresh.apply(seed), plain, seen, asked, seed);
          double[] strong = leak(fresh.apply(seed), robust, seen, asked, seed);
          accuracies.add(standard[0]);
          leaks.add(new Both(standard[1], strong[1]));
          rows.add(List.of("random place", name, "standard", seed, standard[0], standard[1]));
          rows.add(List.of("random place", name, "adversarial", seed, strong[0], strong[1]));
          BlockMnist seenTop = BlockMnist.of(train, BlockMnist.Labels.HALVES, true, rng.fork(2));
          BlockMnist askedTop = BlockMnist.of(test, BlockMnist.Labels.HALVES, true, rng.fork(3));
          double[] control = leak(fresh.apply(seed), plain, seenTop, askedTop, seed);
          top.add(control[1]);
          rows.add(List.of("digit on top", name, "standard", seed, control[0], control[1]));
        }
      }
    }
    figures.add(
        new Figure.Table(
            "BlockMNIST: share of the top fifth of gradient pixels in the block without information",
            List.of("blocks", "model", "training", "seed", "accuracy", "share"),
            rows));
    if (!setting.full()) {
      return;
    }
    checks.add(
        Check.atLeast("BlockMNIST: accuracy of standard models", mean(accuracies, a -> a), 0.93));
    checks.add(
        Check.atLeast(
            "BlockMNIST: share of the top gradients in the null block, standard",
            mean(leaks, Both::standard),
            0.25));
    checks.add(
        Check.atMost(
            "BlockMNIST: share of the top gradients in the null block, adversarial over standard",
            mean(leaks, Both::robust) / mean(leaks, Both::standard),
            0.5));
    checks.add(
        Check.atMost(
            "BlockMNIST with the digit on top: share of the top gradients in the null block, standard",
            mean(top, t -> t),
            0.15));
    oracle(train, test, setting.seeds().getFirst(), checks);
  }

  /** Accuracy and leakage after training. */
  private static double[] leak(
      SmallNet net, RobustTraining training, BlockMnist train, BlockMnist test, long seed) {
    training.train(net, train.data(), seed);
    Tensor scores = DiffRoar.scores(net, Attribution.gradient(), test.data());
    return new double[] {test.data().accuracy(net::forward), test.leakage(scores, SHARE)};
  }

  private static SmallNet blockNet(boolean dense, int classes, long seed) {
    SmallNet net =
        dense
            ? SmallNet.dense(56 * 28, HIDDEN, classes)
            : SmallNet.convolutional(56, 28, 64, classes);
    net.initialise(new Rng(seed).fork(52));
    return net;
  }

  /** An attribution that knows the block of the digit. */
  private static void oracle(Images train, Images test, long seed, List<Check> checks) {
    for (BlockMnist.Labels labels : BlockMnist.Labels.values()) {
      try (Scope scope = Scope.open()) {
        Rng rng = new Rng(seed).fork(53);
        BlockMnist seen = BlockMnist.of(train, labels, false, rng.fork(0));
        BlockMnist asked = BlockMnist.of(test, labels, false, rng.fork(1));
        int classes = labels == BlockMnist.Labels.DIGITS ? 10 : 2;
        DiffRoar roar =
            new DiffRoar(new double[] {0.5}, 1, 0, RobustTraining.standard(3, 64, 2e-3));
        double difference =
            DiffRoar.mean(
                roar.of(
                    seen.truth(),
                    asked.truth(),
                    s -> blockNet(true, classes, s),
                    seen.data(),
                    asked.data(),
                    seed));
        checks.add(
            Check.atLeast(
                "BlockMNIST, %d classes: DiffROAR(0.5) of the digit's block".formatted(classes),
                difference,
                classes == 10 ? 0.75 : 0.35));
      }
    }
  }

  private static void audit(Setting setting, List<Check> checks, List<Figure> figures) {
    Classification train = grey(Images.Part.TRAIN, 6000);
    Classification test = grey(Images.Part.TEST, 2000);
    long seed = setting.seeds().getFirst();
    LongFunction<SmallNet> fresh =
        s -> {
          SmallNet net = SmallNet.dense(32 * 32, HIDDEN, 10);
          net.initialise(new Rng(s).fork(54));
          return net;
        };
    RobustTraining plain = RobustTraining.standard(5, 64, 1e-3);
    DiffRoar roar = new DiffRoar(SHARES, 2, 0, plain);
    List<List<Object>> rows = new ArrayList<>();
    double[] means = new double[2];
    for (int k = 0; k < 2; k++) {
      RobustTraining training =
          k == 0 ? plain : plain.forEpochs(10).against(RobustTraining.Norm.L2, 1, 5);
      SmallNet model = fresh.apply(seed);
      training.train(model, train, seed);
      List<DiffRoar.Point> points =
          roar.of(model, Attribution.gradient(), fresh, train, test, seed);
      means[k] = DiffRoar.mean(points);
      rows(k == 0 ? "standard" : "adversarial", model, points, test, rows);
    }
    DiffRoar three = new DiffRoar(new double[] {0.5}, 3, 0, plain);
    List<DiffRoar.Point> random =
        three.of(fresh.apply(seed), Attribution.random(9), fresh, train, test, seed);
    rows("random scores", fresh.apply(seed), random, test, rows);
    checks.add(
        Check.atMost("random scores: |DiffROAR(0.5)|", Math.abs(DiffRoar.mean(random)), 0.03));
    checks.add(
        Check.atLeast(
            "CIFAR-10 in grey: mean DiffROAR, adversarial minus standard",
            means[1] - means[0],
            0.03));
    checks.add(Check.reported("CIFAR-10 in grey: mean DiffROAR, standard", means[0]));
    figures.add(
        new Figure.Table(
            "DiffROAR on CIFAR-10 in grey",
            List.of("scores", "model's accuracy", "share kept", "top", "bottom", "DiffROAR"),
            rows));
  }

  private static void rows(
      String name,
      SmallNet model,
      List<DiffRoar.Point> points,
      Classification test,
      List<List<Object>> rows) {
    double accuracy = test.accuracy(model::forward);
    for (DiffRoar.Point p : points) {
      rows.add(
          List.of(
              name,
              accuracy,
              p.share(),
              p.top().toString(),
              p.bottom().toString(),
              p.difference()));
    }
  }

  /** The mean over colours, [n, 1, 32, 32], centred. */
  private static Classification grey(Images.Part part, int count) {
    Images images = Images.cifar10(Datasets.get("cifar10"), part).first(count);
    Tensor x =
        Tensor.of(images.toFloats(), images.count(), 3, 32, 32).mean(true, 1).sub(0.5).mul(2);
    return Classification.of(x.contiguous(), images.labels());
  }

  private static <T> double mean(List<T> all, ToDoubleFunction<T> what) {
    return all.stream().mapToDouble(what).average().orElseThrow();
  }
}
