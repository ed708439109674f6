package org.lapidary.interpret.dictionary;

import java.util.Locale;
import org.lapidary.evidence.Progress;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.AdamW;

/**
 * Trains a dictionary on pairs (x, y) with Adam:
 *
 * <p>mean over tokens of ||y - W_dec^T z - b_dec||^2 + lambda ||z||_1, with z = activation(W_enc x
 * + b_enc).
 *
 * <p>x and y are first centred and scaled by the statistics of a first batch, so that their mean
 * squares per coordinate are 1 and one lambda means the same at every site; the dictionary that is
 * returned works on the activations as they are. Rows of the decoder have unit norm throughout: the
 * gradient is projected orthogonal to them and they are rescaled after each step. Features that did
 * not fire for long are drawn anew at tokens that are badly reconstructed (Bricken et al., 2023,
 * "Towards Monosemanticity", appendix): the reader becomes the token's input, the direction its
 * residual. A step costs one product of the batch with the encoder; all else goes with the number
 * of features that fire, see {@link Gradients}.
 */
public record DictionaryTrainer(Settings settings) {

  /** What is drawn when nothing else is said: enough tokens to measure means and scales. */
  private static final int FIRST_BATCH = 4096;

  /** Steps between two looks at L0. */
  private static final int LOOK = 5;

  /**
   * How to train.
   *
   * @param features how many features
   * @param activation of the features; an L1 penalty is applied with {@link Activation.Relu} only
   * @param lambda weight of the L1 penalty; where {@code targetL0} is set, its first value
   * @param targetL0 lambda is steered so that so many features fire per token; 0 leaves it
   * @param steps of Adam
   * @param batch tokens a step
   * @param learningRate the highest; it falls linearly to 0 over the last fifth of the steps
   * @param rateWarmup steps over which the learning rate rises
   * @param lambdaWarmup steps over which lambda rises
   * @param resampleEvery steps between resamplings of features that have not fired since the last,
   *     up to three fifths of the training; 0 for never
   * @param seed of the parameters and the batches
   */
  public record Settings(
      int features,
      Activation activation,
      double lambda,
      double targetL0,
      long steps,
      int batch,
      double learningRate,
      long rateWarmup,
      long lambdaWarmup,
      long resampleEvery,
      long seed) {

    /** ReLU with an L1 penalty, 2000 batches of 1024 tokens at 5e-3. */
    public static Settings defaults(int features) {
      return new Settings(
          features, new Activation.Relu(), 0.3, 0, 2000, 1024, 5e-3, 100, 400, 400, 0);
    }

    /**
     * @throws IllegalArgumentException naming the setting that lies outside its range
     */
    public Settings {
      atLeast("features", features, 1);
      atLeast("lambda", lambda, 0);
      atLeast("targetL0", targetL0, 0);
      atLeast("steps", steps, 0);
      atLeast("batch", batch, 1);
      atLeast("learningRate", learningRate, 0);
      atLeast("rateWarmup", rateWarmup, 0);
      atLeast("lambdaWarmup", lambdaWarmup, 0);
      atLeast("resampleEvery", resampleEvery, 0);
      if (activation instanceof Activation.TopK top && top.k() > features) {
        throw new IllegalArgumentException(
            "k is %d and the dictionary has only %d features; choose k from 1 to %d"
                .formatted(top.k(), features, features));
      }
      if (targetL0 > features) {
        throw new IllegalArgumentException(
            "targetL0 is %s and the dictionary has only %d features".formatted(targetL0, features));
      }
      if (targetL0 > 0 && lambda == 0) {
        throw new IllegalArgumentException(
            "targetL0 steers lambda and cannot start from 0; give a lambda above 0");
      }
    }

    private static void atLeast(String name, double value, double least) {
      if (!(value >= least) || Double.isInfinite(value)) {
        throw new IllegalArgumentException(
            "%s must be a number from %s, was %s".formatted(name, least, value));
      }
    }

    public Settings withActivation(Activation other) {
      return new Settings(
          features,
          other,
          lambda,
          targetL0,
          steps,
          batch,
          learningRate,
          rateWarmup,
          lambdaWarmup,
          resampleEvery,
          seed);
    }

    public Settings withLambda(double other) {
      return new Settings(
          features,
          activation,
          other,
          targetL0,
          steps,
          batch,
          learningRate,
          rateWarmup,
          lambdaWarmup,
          resampleEvery,
          seed);
    }

    public Settings withTargetL0(double other) {
      return new Settings(
          features,
          activation,
          lambda,
          other,
          steps,
          batch,
          learningRate,
          rateWarmup,
          lambdaWarmup,
          resampleEvery,
          seed);
    }

    /** With warm-ups and resampling at the same shares of the training. */
    public Settings withSteps(long other) {
      return new Settings(
          features,
          activation,
          lambda,
          targetL0,
          other,
          batch,
          learningRate,
          scaled(rateWarmup, other),
          scaled(lambdaWarmup, other),
          scaled(resampleEvery, other),
          seed);
    }

    private long scaled(long duration, long other) {
      return duration == 0 || steps == 0 ? duration : Math.max(1, duration * other / steps);
    }

    public Settings withBatch(int other) {
      return new Settings(
          features,
          activation,
          lambda,
          targetL0,
          steps,
          other,
          learningRate,
          rateWarmup,
          lambdaWarmup,
          resampleEvery,
          seed);
    }

    public Settings withLearningRate(double other) {
      return new Settings(
          features,
          activation,
          lambda,
          targetL0,
          steps,
          batch,
          other,
          rateWarmup,
          lambdaWarmup,
          resampleEvery,
          seed);
    }

    public Settings withResampleEvery(long other) {
      return new Settings(
          features,
          activation,
          lambda,
          targetL0,
          steps,
          batch,
          learningRate,
          rateWarmup,
          lambdaWarmup,
          other,
          seed);
    }

    public Settings withSeed(long other) {
      return new Settings(
          features,
          activation,
          lambda,
          targetL0,
          steps,
          batch,
          learningRate,
          rateWarmup,
          lambdaWarmup,
          resampleEvery,
          other);
    }

    double rateAt(long step) {
      double rise = rateWarmup == 0 ? 1 : Math.min(1, (step + 1.0) / rateWarmup);
      double fall = Math.min(1, 5.0 * (steps - step) / Math.max(1, steps));
      return learningRate * Math.min(rise, fall);
    }

    double lambdaShareAt(long step) {
      return lambdaWarmup == 0 ? 1 : Math.min(1, (step + 1.0) / lambdaWarmup);
    }

    boolean resamplesAfter(long step) {
      return resampleEvery > 0 && (step + 1) % resampleEvery == 0 && step + 1 <= steps * 3 / 5;
    }
  }

  /**
   * A trained dictionary and how the training went.
   *
   * @param lambda at the end; 0 for top-k
   * @param losses of every step, in the scaled coordinates
   * @param resampled how many features were drawn anew
   * @param steps taken; fewer than asked for if the progress said stop
   */
  public record Trained(
      Dictionary dictionary, double lambda, double[] losses, int resampled, long steps) {}

  /** Trains a dictionary that names no sites. */
  public Trained train(PairSource source, Progress progress) {
    return train(source, "", "", progress);
  }

  /**
   * Trains a dictionary.
   *
   * @param inputSite where the inputs come from, for the dictionary to know
   * @param outputSite where the outputs come from
   * @throws IllegalArgumentException if the activations are not finite or all the same
   * @throws IllegalStateException if the loss becomes infinite or NaN
   */
  public Trained train(PairSource source, String inputSite, String outputSite, Progress progress) {
    Rng root = new Rng(settings.seed());
    Scaling scaling;
    try (Scope scope = Scope.open()) {
      scaling = Scaling.of(source.next(FIRST_BATCH, root.fork(-1)));
    }
    double[] losses = new double[Math.toIntExact(settings.steps())];
    int resampled = 0;
    double lambda = settings.activation() instanceof Activation.Relu ? settings.lambda() : 0;
    long step = 0;
    progress.begin("training a dictionary of " + settings.features(), settings.steps());
    try (Weights weights = new Weights(settings, scaling, root.fork(-2));
        AdamW adam = new AdamW(weights.tensors(), AdamW.Settings.adam())) {
      boolean[] fired = new boolean[settings.features()];
      for (; step < settings.steps() && !progress.stopped(); step++) {
        try (Scope scope = Scope.open();
            var ignored = Autograd.noGrad()) {
          Rng rng = root.fork(step);
          Pairs pairs = scaling.apply(source.next(settings.batch(), rng));
          Tensor z = weights.encode(pairs.input());
          Gradients gradients =
              Gradients.of(weights, pairs, z, lambda * settings.lambdaShareAt(step));
          losses[(int) step] = gradients.loss();
          if (!Double.isFinite(losses[(int) step])) {
            throw new IllegalStateException(
                "the loss at step %d is %s; lower the learning rate, or look for bad values in the activations"
                    .formatted(step, losses[(int) step]));
          }
          for (int i = 0; i < fired.length; i++) {
            fired[i] |= gradients.fired()[i];
          }
          adam.step(weights.project(gradients.parameters()), settings.rateAt(step));
          weights.normalise();
          if (step % LOOK == 0) {
            double l0 = gradients.l0();
            lambda = steer(lambda, l0, step);
            progress.step(
                step + 1, String.format(Locale.ROOT, "loss %.3f, L0 %.1f", losses[(int) step], l0));
          }
          if (settings.resamplesAfter(step)) {
            resampled += weights.resample(fired, pairs, z, adam, rng.fork(1));
            fired = new boolean[settings.features()];
          }
        }
      }
      double[] taken = java.util.Arrays.copyOf(losses, (int) step);
      Dictionary dictionary = weights.dictionary(scaling).at(inputSite, outputSite);
      return new Trained(dictionary, lambda, taken, resampled, step);
    } finally {
      progress.end();
    }
  }

  /** Moves lambda by at most a few percent towards the L0 that is wanted. */
  private double steer(double lambda, double l0, long step) {
    if (settings.targetL0() == 0 || lambda == 0 || step < settings.lambdaWarmup()) {
      return lambda;
    }
    double off = Math.log(Math.max(l0, 0.01) / settings.targetL0());
    return lambda * Math.exp(0.05 * Math.clamp(off, -1, 1));
  }
}
