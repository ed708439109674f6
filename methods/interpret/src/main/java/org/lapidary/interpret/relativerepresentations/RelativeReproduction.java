package org.lapidary.interpret.relativerepresentations;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.lapidary.data.Images;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Reproduction;
import org.lapidary.interpret.fixtures.ConvEncoder;
import org.lapidary.interpret.fixtures.Dense;
import org.lapidary.interpret.fixtures.Dense.Nonlinearity;
import org.lapidary.interpret.fixtures.DigitCnn;
import org.lapidary.interpret.fixtures.Fit;
import org.lapidary.interpret.similarity.Similarity;
import org.lapidary.nn.Layer;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.Classification;

/**
 * Classifiers of MNIST (dense and convolutional encoders) and autoencoders of several seeds, with
 * decoders on absolute and on relative codes: every encoder with every decoder.
 */
public final class RelativeReproduction implements Reproduction {
  private static final int PIXELS = 784;
  private static final int CLASSES = 10;
  private static final Rng ANCHORS = new Rng(71);

  /** How much is done. */
  private record Work(int images, int tested, int anchors, Fit fit, Fit autoencoder) {
    static final Work FULL =
        new Work(40_000, 1000, 128, new Fit(2, 64, 2e-3), new Fit(4, 64, 2e-3));
    static final Work SMOKE = new Work(4096, 300, 64, new Fit(2, 32, 3e-3), new Fit(1, 64, 2e-3));
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
    setting.progress().begin("relative representations", 2);
    try (Scope scope = Scope.open()) {
      Classification train = DigitCnn.standardised(Images.Part.TRAIN, work.images);
      Classification test = DigitCnn.standardised(Images.Part.TEST, work.tested);
      Tensor anchors = drawn(train, work, 0);
      Tensor others = drawn(train, work, 1);
      classifiers(setting, work, train, test, anchors, others, checks, figures);
      setting.progress().step(1, "classifiers");
      autoencoders(setting, work, train, test, anchors, checks, figures);
      setting.progress().step(2, "autoencoders");
    }
    setting.progress().end();
    return new Outcome(checks, figures);
  }

  private static Tensor drawn(Classification train, Work work, long label) {
    int[] rows = Anchors.RANDOM.choose(train.inputs(), work.anchors, ANCHORS.fork(label));
    return train.inputs().indexSelect(0, Tensor.of(rows));
  }

  // ---- classifiers ----

  private static void classifiers(
      Setting setting,
      Work work,
      Classification train,
      Classification test,
      Tensor anchors,
      Tensor others,
      List<Check> checks,
      List<Figure> figures) {
    List<Communicating> relative = new ArrayList<>();
    List<Communicating> absolute = new ArrayList<>();
    List<String> names = new ArrayList<>();
    for (boolean convolutional : new boolean[] {false, true}) {
      for (long seed : setting.seeds()) {
        names.add((convolutional ? "conv " : "dense ") + seed);
        relative.add(
            classifier(
                Communicating.relative(
                    encoder(convolutional),
                    new Dense(Nonlinearity.RELU, work.anchors, CLASSES),
                    anchors,
                    true),
                work,
                train,
                seed));
        absolute.add(
            classifier(
                Communicating.absolute(
                    encoder(convolutional), new Dense(Nonlinearity.RELU, 64, CLASSES)),
                work,
                train,
                seed));
      }
    }
    double[][] r = Communicating.stitch(relative, test::accuracy);
    double[][] a = Communicating.stitch(absolute, test::accuracy);
    double[][] unmatched = new double[relative.size()][relative.size()];
    for (int i = 0; i < unmatched.length; i++) {
      for (int j = 0; j < unmatched.length; j++) {
        unmatched[i][j] = test.accuracy(relative.get(i).into(relative.get(j), others));
      }
    }
    figures.add(matrix("Accuracy of encoders with decoders, relative codes", names, r));
    figures.add(matrix("Accuracy of encoders with decoders, absolute codes", names, a));
    figures.add(
        new Figure.Table(
            "Classifiers: accuracy",
            List.of("codes", "own decoder", "another's, mean", "another's, least"),
            List.of(
                row("relative", r),
                row("absolute", a),
                row("relative, anchors not shared", unmatched))));
    if (!setting.full()) {
      checks.add(
          Check.atLeast(
              "classifiers stitched: relative minus absolute codes", apart(r) - apart(a), 0.1));
      return;
    }
    checks.add(Check.atLeast("classifiers stitched: accuracy, relative codes", apart(r), 0.85));
    checks.add(
        Check.atLeast(
            "classifiers stitched over own decoder, relative codes", apart(r) / own(r), 0.9));
    checks.add(Check.atMost("classifiers stitched: accuracy, absolute codes", apart(a), 0.35));
    checks.add(
        Check.atMost(
            "own decoder: accuracy lost, relative against absolute codes", own(a) - own(r), 0.02));
    checks.add(
        Check.atMost("classifiers stitched: accuracy, anchors not shared", apart(unmatched), 0.35));
  }

  private static Layer encoder(boolean convolutional) {
    return convolutional
        ? new ConvEncoder(1, 64, 16, 32)
        : new Dense(Nonlinearity.RELU, PIXELS, 256, 64);
  }

  private static Communicating classifier(
      Communicating network, Work work, Classification train, long seed) {
    return work.fit.classify(network, network::forward, train, "encoder, classes", seed);
  }

  // ---- autoencoders ----

  private static void autoencoders(
      Setting setting,
      Work work,
      Classification train,
      Classification test,
      Tensor anchors,
      List<Check> checks,
      List<Figure> figures) {
    List<Communicating> relative = new ArrayList<>();
    List<Communicating> absolute = new ArrayList<>();
    List<String> names = new ArrayList<>();
    for (long seed : setting.seeds()) {
      names.add("seed " + seed);
      relative.add(
          autoencoder(
              Communicating.relative(
                  new Dense(Nonlinearity.TANH, PIXELS, 128, 32),
                  new Dense(Nonlinearity.RELU, work.anchors, 128, PIXELS),
                  anchors,
                  false),
              work,
              train,
              seed));
      absolute.add(
          autoencoder(
              Communicating.absolute(
                  new Dense(Nonlinearity.TANH, PIXELS, 128, 32),
                  new Dense(Nonlinearity.RELU, 32, 128, PIXELS)),
              work,
              train,
              seed));
    }
    double[][] r = Communicating.stitch(relative, f -> error(f, test.inputs()));
    double[][] a = Communicating.stitch(absolute, f -> error(f, test.inputs()));
    figures.add(matrix("Error of autoencoders stitched, relative codes", names, r));
    figures.add(matrix("Error of autoencoders stitched, absolute codes", names, a));
    figures.add(
        new Figure.Table(
            "Autoencoders: mean square error",
            List.of("codes", "own decoder", "another's, mean", "another's, least"),
            List.of(row("relative", r), row("absolute", a))));
    if (setting.full()) {
      checks.add(
          Check.atMost("autoencoders stitched: error over own, relative", apart(r) / own(r), 2));
      checks.add(
          Check.atLeast("autoencoders stitched: error over own, absolute", apart(a) / own(a), 3));
      agreement(setting, work, absolute, test, checks, figures);
    }
  }

  private static Communicating autoencoder(
      Communicating network, Work work, Classification train, long seed) {
    return work.autoencoder.fit(
        network,
        train,
        "encoder, mean square error",
        seed,
        (rows, rng) -> {
          Tensor x = train.inputs().indexSelect(0, rows).flatten(1, -1);
          return network.forward(x).sub(x).square().mean();
        });
  }

  private static double error(UnaryOperator<Tensor> network, Tensor images) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      return network.apply(images).sub(images.flatten(1, -1)).square().mean().item();
    }
  }

  /** The embeddings of networks that know nothing of anchors, compared after the fact. */
  private static void agreement(
      Setting setting,
      Work work,
      List<Communicating> absolute,
      Classification test,
      List<Check> checks,
      List<Figure> figures) {
    List<List<Object>> rows = new ArrayList<>();
    double gain = 0;
    double rank = 0;
    int pairs = 0;
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      List<Tensor> codes = absolute.stream().map(m -> m.embed(test.inputs())).toList();
      int[] anchors = Anchors.RANDOM.choose(codes.getFirst(), work.anchors, ANCHORS.fork(2));
      RelativeSimilarity similarity =
          new RelativeSimilarity(RelativeProjection.defaults(), anchors, 10);
      for (int i = 0; i < codes.size(); i++) {
        for (int j = i + 1; j < codes.size(); j++, pairs++) {
          LatentAgreement before = LatentAgreement.of(codes.get(i), codes.get(j), 10);
          LatentAgreement after = similarity.compare(codes.get(i), codes.get(j));
          Similarity.Null chance =
              similarity.againstChance(codes.get(i), codes.get(j), 20, new Rng(pairs));
          rows.add(row(i + " and " + j, "absolute", before, Double.NaN));
          rows.add(row(i + " and " + j, "relative", after, chance.mean()));
          gain += after.jaccard() - before.jaccard();
          rank += after.reciprocalRank();
        }
      }
    }
    checks.add(
        Check.atLeast(
            "embeddings of two seeds: overlap of neighbours, relative minus absolute",
            gain / pairs,
            0.2));
    checks.add(
        Check.atLeast(
            "embeddings of two seeds: reciprocal rank of the counterpart, relative",
            rank / pairs,
            0.5));
    figures.add(
        new Figure.Table(
            "Embeddings of autoencoders of two seeds, %d images".formatted(test.count()),
            List.of("seeds", "codes", "Jaccard at 10", "by chance", "reciprocal rank", "cosine"),
            rows));
  }

  private static List<Object> row(
      String seeds, String codes, LatentAgreement found, double chance) {
    return List.of(
        seeds,
        codes,
        found.jaccard(),
        Double.isNaN(chance) ? "" : (Object) chance,
        found.reciprocalRank(),
        found.cosine());
  }

  // ---- matrices ----

  private static double own(double[][] m) {
    double sum = 0;
    for (int i = 0; i < m.length; i++) {
      sum += m[i][i];
    }
    return sum / m.length;
  }

  /** The mean off the diagonal; the only value where there is nothing else. */
  private static double apart(double[][] m) {
    double all = Arrays.stream(m).flatMapToDouble(Arrays::stream).sum();
    int n = m.length;
    return n == 1 ? m[0][0] : (all - own(m) * n) / (n * (n - 1));
  }

  private static List<Object> row(String codes, double[][] m) {
    double least = Double.MAX_VALUE;
    for (int i = 0; i < m.length; i++) {
      for (int j = 0; j < m.length; j++) {
        least = i == j && m.length > 1 ? least : Math.min(least, m[i][j]);
      }
    }
    return List.of(codes, own(m), apart(m), least);
  }

  private static Figure matrix(String title, List<String> names, double[][] m) {
    return new Figure.Heatmap(title, "decoder", "encoder", names, names, m);
  }
}
