package org.lapidary.interpret.linearinterpreter;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.data.Datasets;
import org.lapidary.data.Images;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Progress;
import org.lapidary.evidence.Reproduction;
import org.lapidary.nn.Layer;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.AdamW;
import org.lapidary.train.Classification;
import org.lapidary.train.Schedule;
import org.lapidary.train.Trainer;

/**
 * Classifiers of MNIST with and without their biases, and a super-resolution network whose filters
 * are compared with the edges of the image.
 */
public final class LinearInterpreterReproduction implements Reproduction {
  private static final int SIDE = 28;
  private static final int EDGES = 16;
  private static final double ISOTROPIC = 1e-4;

  @Override
  public List<String> data() {
    return List.of("mnist");
  }

  /** A classifier: test accuracy, the same without r, and |r_c| / (|r_c| + |(F x)_c|). */
  private record Voted(double accuracy, double without, double biasRatio) {}

  /** A doubling of images: PSNR in dB, and E cos 2 (orientation of rows - of edges). */
  private record Doubled(double psnr, double bicubic, double aligned, double bicubicAligned) {}

  @Override
  public Outcome run(Setting setting) {
    boolean full = setting.full();
    Images train =
        Images.mnist(Datasets.get("mnist"), Images.Part.TRAIN).first(full ? 60_000 : 1000);
    Images test = Images.mnist(Datasets.get("mnist"), Images.Part.TEST).first(full ? 2000 : 100);
    List<Check> checks = new ArrayList<>();
    List<List<Object>> votes = new ArrayList<>();
    List<List<Object>> doubles = new ArrayList<>();
    List<Voted> normed = new ArrayList<>();
    List<Doubled> doubled = new ArrayList<>();
    double identity = 0;
    Tensor trainPixels = pixels(train);
    Tensor testPixels = pixels(test);
    List<Figure> figures = new ArrayList<>();
    for (long seed : setting.seeds()) {
      for (boolean withNorm : new boolean[] {true, false}) {
        SmallClassifier model = classifier(withNorm, trainPixels, train.labels(), seed);
        Voted found = voted(model, testPixels, test.labels());
        identity = Math.max(identity, identity(model, testPixels));
        votes.add(
            List.of(
                withNorm ? "batch norm" : "no norm",
                seed,
                found.accuracy,
                found.without,
                found.biasRatio));
        if (withNorm) {
          normed.add(found);
          if (figures.isEmpty()) {
            figures.add(images(model, testPixels.slice(0, 0, 1)));
          }
        }
      }
      SuperResolution net = superResolution(trainPixels, full ? 1500 : 60, seed);
      identity = Math.max(identity, identity(net, small(testPixels)));
      Doubled d = doubled(net, testPixels, full ? 150 : 5);
      doubled.add(d);
      doubles.add(List.of(seed, d.psnr, d.bicubic, d.aligned, d.bicubicAligned));
    }
    checks.add(
        Check.atMost("||F x + r - y|| over ||y||, most of 6 images a network", identity, 1e-5));
    if (full) {
      checks.add(
          Check.atLeast(
              "classifier with batch norm: accuracy lost without r, points",
              100 * mean(normed, v -> v.accuracy - v.without),
              5));
      checks.add(
          Check.reported(
              "classifier with batch norm: mean bias ratio", mean(normed, Voted::biasRatio)));
      checks.add(
          Check.greater(
              "super-resolution: PSNR minus that of bicubic interpolation, dB",
              mean(doubled, d -> d.psnr - d.bicubic),
              0.5));
      checks.add(
          Check.atLeast(
              "super-resolution: cos 2 (orientation of rows minus edge's), mean",
              mean(doubled, Doubled::aligned),
              0.3));
      checks.add(
          Check.atMost(
              "bicubic interpolation: |cos 2 (orientation of rows minus edge's), mean|",
              Math.abs(mean(doubled, Doubled::bicubicAligned)),
              0.05));
    }
    figures.add(
        new Figure.Table(
            "Classifiers of MNIST",
            List.of("model", "seed", "accuracy", "accuracy without r", "bias ratio"),
            votes));
    figures.add(
        new Figure.Table(
            "Super-resolution, 28 pixels from 14",
            List.of(
                "seed",
                "PSNR, dB",
                "of bicubic interpolation",
                "rows along edges",
                "of bicubic interpolation"),
            doubles));
    return new Outcome(checks, figures);
  }

  private static Tensor pixels(Images images) {
    return Tensor.of(images.toFloats(), images.count(), 1, SIDE, SIDE);
  }

  private static SmallClassifier classifier(boolean normed, Tensor x, int[] labels, long seed) {
    SmallClassifier model = new SmallClassifier(normed);
    model.initialise(new Rng(seed).fork(60));
    Classification data = Classification.of(x, labels);
    long steps = data.count() / 100;
    train(model, data.task(model::forward, 100, seed), steps, 2e-3, seed);
    return model;
  }

  private static void train(
      Layer model, org.lapidary.train.Task task, long steps, double rate, long seed) {
    try (AdamW adam = new AdamW(Trainer.parameters(model), AdamW.Settings.adam())) {
      new Trainer(
              model,
              adam,
              task,
              Trainer.Settings.of(steps, Schedule.cosine(rate, 0, steps, 0), seed))
          .run(Progress.silent());
    }
    model.requiresGrad(false);
  }

  private static Voted voted(SmallClassifier model, Tensor x, int[] labels) {
    double right = 0;
    double without = 0;
    double ratio = 0;
    int n = labels.length;
    for (int from = 0; from < n; from += 100) {
      int to = Math.min(n, from + 100);
      try (Scope scope = Scope.open();
          var ignored = Autograd.noGrad()) {
        Tensor batch = x.slice(0, from, to);
        Tensor y = model.forward(batch);
        Tensor r = LinearScope.residuals(model, batch);
        Tensor votes = y.sub(r);
        Tensor target = Tensor.of(java.util.Arrays.copyOfRange(labels, from, to), to - from);
        right += y.argmax(1).eq(target).to(DType.FLOAT32).sum().item();
        without += votes.argmax(1).eq(target).to(DType.FLOAT32).sum().item();
        Tensor c = y.argmax(1).unsqueeze(1);
        Tensor bias = r.gather(1, c).abs();
        ratio += bias.div(bias.add(votes.gather(1, c).abs())).sum().item();
      }
    }
    return new Voted(right / n, without / n, ratio / n);
  }

  private static <M extends Layer & UnaryLayer> double identity(M model, Tensor images) {
    double most = 0;
    for (int i = 0; i < 6; i++) {
      try (Scope scope = Scope.open()) {
        Tensor x = images.slice(0, i, i + 1).contiguous();
        LinearScope frozen = LinearScope.attach(model, x);
        Tensor again = frozen.forward(x).add(frozen.residual());
        double norm = frozen.output().square().sum().sqrt().item();
        most = Math.max(most, again.sub(frozen.output()).square().sum().sqrt().item() / norm);
      }
    }
    return most;
  }

  private static Figure images(SmallClassifier model, Tensor x) {
    try (Scope scope = Scope.open()) {
      LinearScope frozen = LinearScope.attach(model, x.contiguous());
      List<Figure.Image> all = new ArrayList<>();
      all.add(new Figure.Image("image", grey(x)));
      int best = (int) frozen.output().argmax(1).item();
      all.add(new Figure.Image("votes for " + best, grey(frozen.votes(best))));
      int other = (best + 1) % 10;
      all.add(new Figure.Image("votes for " + other, grey(frozen.votes(other))));
      return new Figure.Images("Pixels' votes", all);
    }
  }

  /** Values scaled to 0 .. 1. */
  private static double[][] grey(Tensor x) {
    double[] flat = x.toDoubles();
    double low = java.util.Arrays.stream(flat).min().orElseThrow();
    double high = java.util.Arrays.stream(flat).max().orElseThrow();
    double[][] rows = new double[SIDE][SIDE];
    for (int i = 0; i < flat.length; i++) {
      rows[i / SIDE][i % SIDE] = high == low ? 0 : (flat[i] - low) / (high - low);
    }
    return rows;
  }

  private static Tensor small(Tensor x) {
    return x.avgPool2d(2, 2, 0);
  }

  private static SuperResolution superResolution(Tensor x, long steps, long seed) {
    SuperResolution net = new SuperResolution();
    net.initialise(new Rng(seed).fork(61));
    int n = (int) x.size(0);
    train(
        net,
        (step, rng) -> {
          Tensor rows = Tensor.of(rng.ints(32, 0, n).asLongStream().toArray());
          Tensor large = x.indexSelect(0, rows);
          return net.forward(small(large)).sub(large).square().mean();
        },
        steps,
        3e-3,
        seed);
    return net;
  }

  private static Doubled doubled(SuperResolution net, Tensor test, int images) {
    Bicubic bicubic = new Bicubic(SIDE / 2);
    double ownError;
    double cubicError;
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      ownError = net.forward(small(test)).sub(test).square().mean().item();
      cubicError = bicubic.forward(small(test)).sub(test).square().mean().item();
    }
    double own = 0;
    double cubic = 0;
    for (int i = 0; i < images; i++) {
      try (Scope scope = Scope.open()) {
        Tensor large = test.slice(0, i, i + 1).contiguous();
        Tensor x = small(large).contiguous();
        List<Edge> edges = edges(large);
        own += aligned(LinearScope.attach(net, x), edges) / images;
        cubic += aligned(LinearScope.attach(bicubic, x), edges) / images;
      }
    }
    return new Doubled(psnr(ownError), psnr(cubicError), own, cubic);
  }

  private static double psnr(double meanSquare) {
    return -10 * Math.log10(meanSquare);
  }

  /** A pixel where the image changes much, and the direction in which it does. */
  private record Edge(int row, int column, double orientation, double strength) {}

  /** The strongest edges at least 6 pixels from the border. */
  private static List<Edge> edges(Tensor image) {
    double[] v = image.toDoubles();
    List<Edge> all = new ArrayList<>();
    for (int r = 6; r < SIDE - 6; r++) {
      for (int c = 6; c < SIDE - 6; c++) {
        double dx = 0;
        double dy = 0;
        for (int k = -1; k <= 1; k++) { // Sobel
          int weight = k == 0 ? 2 : 1;
          dx += weight * (v[(r + k) * SIDE + c + 1] - v[(r + k) * SIDE + c - 1]);
          dy += weight * (v[(r + 1) * SIDE + c + k] - v[(r - 1) * SIDE + c + k]);
        }
        all.add(new Edge(r, c, Math.atan2(dy, dx), Math.hypot(dx, dy)));
      }
    }
    all.sort(java.util.Comparator.comparingDouble(e -> -e.strength));
    return all.subList(0, EDGES);
  }

  private static double aligned(LinearScope frozen, List<Edge> edges) {
    float[] units = new float[edges.size() * SIDE * SIDE];
    for (int e = 0; e < edges.size(); e++) {
      units[(e * SIDE + edges.get(e).row) * SIDE + edges.get(e).column] = 1;
    }
    int half = SIDE / 2;
    double[] rows = frozen.adjoint(Tensor.of(units, edges.size(), 1, SIDE, SIDE)).toDoubles();
    double sum = 0;
    for (int e = 0; e < edges.size(); e++) {
      double[][] filter = new double[half][half];
      for (int i = 0; i < half * half; i++) {
        filter[i / half][i % half] = rows[e * half * half + i];
      }
      FilterShape shape = FilterShape.of(filter);
      // a filter that changes alike in all directions has no orientation, and none of an edge's
      sum +=
          shape.anisotropy() < ISOTROPIC
              ? 0
              : Math.cos(2 * (shape.orientation() - edges.get(e).orientation));
    }
    return sum / edges.size();
  }

  private static <T> double mean(List<T> all, java.util.function.ToDoubleFunction<T> what) {
    return all.stream().mapToDouble(what).average().orElseThrow();
  }
}
