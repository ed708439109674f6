package org.lapidary.interpret.dictionary;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.AdamW;

/** The parameters of a dictionary in training, for scaled activations. */
final class Weights implements AutoCloseable {
  /** A reader that is drawn anew has this share of the other readers' mean norm. */
  private static final double NEW_READER = 0.2;

  private final Activation start;
  private final List<Tensor> vectors = new ArrayList<>();
  private final Tensor encoder;
  private final Tensor encoderBias;
  private final Tensor decoder;
  private final Tensor decoderBias;

  /**
   * Directions drawn at random; readers start along the directions where the widths agree, which
   * for an autoencoder makes every feature reconstruct what it reads.
   */
  Weights(DictionaryTrainer.Settings settings, Scaling scaling, Rng rng) {
    int n = settings.features();
    long dIn = scaling.meanIn().elements();
    long dOut = scaling.meanOut().elements();
    start = settings.activation();
    try (Scope scope = Scope.open()) {
      decoder = leaf(unit(rng.normal(1, n, dOut)));
      encoder = leaf(dIn == dOut ? decoder : unit(rng.normal(1, n, dIn)));
      encoderBias = leaf(Tensor.zeros(n));
      decoderBias = leaf(Tensor.zeros(dOut));
      for (Tensor vector : trained(start)) {
        vectors.add(leaf(vector));
      }
    }
  }

  /** What is trained of an activation: thresholds as their logarithms. */
  private static List<Tensor> trained(Activation activation) {
    return activation instanceof Activation.JumpRelu jump
        ? List.of(jump.threshold().log())
        : List.copyOf(activation.vectors().values());
  }

  private static Tensor leaf(Tensor initial) {
    return initial.copy().unscoped();
  }

  private static Tensor unit(Tensor rows) {
    return rows.div(rows.norm(true, 1).maximum(1e-12));
  }

  List<Tensor> tensors() {
    List<Tensor> all = new ArrayList<>(List.of(encoder, encoderBias, decoder, decoderBias));
    all.addAll(vectors);
    return all;
  }

  /** The activation with what it holds now; its vectors may be views of the parameters. */
  Activation activation() {
    return start instanceof Activation.JumpRelu
        ? new Activation.JumpRelu(vectors.getFirst().exp())
        : start.with(vectors);
  }

  /** W_enc [features, dIn]. */
  Tensor encoder() {
    return encoder;
  }

  /** W_dec [features, dOut]. */
  Tensor decoder() {
    return decoder;
  }

  /** b_dec [dOut]. */
  Tensor decoderBias() {
    return decoderBias;
  }

  Tensor preActivations(Tensor x) {
    return x.linear(encoder, encoderBias);
  }

  Tensor encode(Tensor x) {
    return activation().apply(preActivations(x), x, encoder);
  }

  Tensor decode(Tensor z) {
    return z.matmul(decoder).add(decoderBias);
  }

  /** Takes from the decoder's gradient what would change the norms of its rows. */
  List<Tensor> project(List<Tensor> gradients) {
    Tensor g = gradients.get(2);
    Tensor projected = g.sub(decoder.mul(g.mul(decoder).sum(true, 1)));
    List<Tensor> all = new ArrayList<>(gradients);
    all.set(2, projected);
    return all;
  }

  /** Gives every row of the decoder the norm 1. */
  void normalise() {
    write(decoder, unit(decoder));
  }

  private static void write(Tensor to, Tensor from) {
    MemorySegment.copy(from.contiguous().segment(), 0, to.segment(), 0, to.segment().byteSize());
  }

  /**
   * Draws the features that did not fire anew, at tokens of a batch chosen with a probability that
   * grows with the square of their error.
   *
   * @return how many
   */
  int resample(boolean[] fired, Pairs pairs, Tensor z, AdamW adam, Rng rng) {
    List<Integer> dead = new ArrayList<>();
    for (int i = 0; i < fired.length; i++) {
      if (!fired[i]) {
        dead.add(i);
      }
    }
    if (dead.isEmpty()) {
      return 0;
    }
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor residual = pairs.output().sub(decode(z));
      double[] cumulative = residual.square().sum(false, 1).square().toDoubles();
      for (int t = 1; t < cumulative.length; t++) {
        cumulative[t] += cumulative[t - 1];
      }
      double norm = readerNorm(fired);
      boolean same = pairs.input() == pairs.output();
      Map<String, Tensor> state = adam.state();
      List<Tensor> beginnings = trained(start);
      for (int feature : dead) {
        int token = draw(cumulative, rng);
        Tensor direction = unit(residual.slice(0, token, token + 1));
        Tensor reader = same ? direction : unit(pairs.input().slice(0, token, token + 1));
        writeRow(encoder, feature, reader.mul(NEW_READER * norm));
        writeRow(decoder, feature, direction);
        writeRow(encoderBias, feature, Tensor.zeros(1, 1));
        for (int v = 0; v < vectors.size(); v++) {
          Tensor first = beginnings.get(v).slice(0, feature, feature + 1);
          writeRow(vectors.get(v), feature, first);
        }
        for (String moment : List.of("m.", "v.")) {
          for (int p = 0; p < 4 + vectors.size(); p++) {
            if (p != 3) { // all but the decoder's bias have a row per feature
              Tensor row = Objects.requireNonNull(state.get(moment + p));
              writeRow(row, feature, Tensor.zeros(1, row.elements() / fired.length));
            }
          }
        }
      }
    }
    return dead.size();
  }

  /** The mean norm of the readers of features that fire; 1 if none does. */
  private double readerNorm(boolean[] fired) {
    float[] norms = encoder.norm(false, 1).toFloats();
    double sum = 0;
    int count = 0;
    for (int i = 0; i < fired.length; i++) {
      if (fired[i]) {
        sum += norms[i];
        count++;
      }
    }
    return count == 0 ? 1 : sum / count;
  }

  private static int draw(double[] cumulative, Rng rng) {
    double at = rng.nextDouble() * cumulative[cumulative.length - 1];
    int found = java.util.Arrays.binarySearch(cumulative, at);
    return Math.min(found < 0 ? -found - 1 : found, cumulative.length - 1);
  }

  /** Row {@code row} of a matrix, or element {@code row} of a vector. */
  private static void writeRow(Tensor to, int row, Tensor values) {
    float[] numbers = values.toFloats();
    MemorySegment.copy(
        numbers,
        0,
        to.segment(),
        ValueLayout.JAVA_FLOAT,
        (long) row * numbers.length * Float.BYTES,
        numbers.length);
  }

  /**
   * For activations as they are: with s = scaleOut and z = s z', W_enc = s W'/scaleIn, b_enc = s
   * (b' - W' meanIn / scaleIn), W_dec = W'_dec and b_dec = s b'_dec + meanOut. Thresholds and the
   * biases of a gated dictionary grow by s as well, and what the mean adds to its pre-activations
   * is moved into the biases of its two paths.
   */
  Dictionary dictionary(Scaling scaling) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      double s = scaling.scaleOut();
      Tensor reader = encoder.mul(s / scaling.scaleIn());
      Tensor bias = encoderBias.mul(s).sub(scaling.meanIn().linear(reader, null));
      Tensor outBias = decoderBias.mul(s).add(scaling.meanOut());
      Activation activation =
          switch (activation()) {
            case Activation.JumpRelu jump -> new Activation.JumpRelu(jump.threshold().mul(s));
            case Activation.Gated gated ->
                new Activation.Gated(
                        gated.gateBias().mul(s), gated.logScale(), gated.magnitudeBias().mul(s))
                    .shifted(bias);
            case Activation other -> other;
          };
      activation.vectors().values().forEach(scope::keep);
      boolean inside = activation instanceof Activation.Gated;
      return new Dictionary(
          scope.keep(reader),
          inside ? scope.keep(bias.mul(0)) : scope.keep(bias),
          decoder.copy(),
          scope.keep(outBias),
          activation,
          "",
          "");
    }
  }

  @Override
  public void close() {
    tensors().forEach(Tensor::close);
  }
}
