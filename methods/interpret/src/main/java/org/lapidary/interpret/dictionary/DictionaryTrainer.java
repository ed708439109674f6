package org.lapidary.interpret.dictionary;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
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
 * of features that fire, see {@link Gradients}. Gated and JumpReLU dictionaries have the losses and
 * the penalties of their papers, written out there.
 *
 * @param checkpoint where the state is kept, so that a run that was stopped or killed goes on from
 *     it and ends with the same bits as one that was not; null for nowhere
 * @param every steps between checkpoints; 0 for one at the end or where the run is stopped
 */
public record DictionaryTrainer(Settings settings, @Nullable Path checkpoint, long every) {

  /** What is drawn when nothing else is said: enough tokens to measure means and scales. */
  private static final int FIRST_BATCH = 4096;

  /** Steps between two looks at L0. */
  private static final int LOOK = 5;

  /** Without checkpoints. */
  public DictionaryTrainer(Settings settings) {
    this(settings, null, 0);
  }

  /** Keeps its state in a file, and goes on from there if it exists. */
  public DictionaryTrainer withCheckpoint(Path file, long steps) {
    if (steps < 0) {
      throw new IllegalArgumentException(
          "the steps between checkpoints must be at least 0, were " + steps);
    }
    return new DictionaryTrainer(settings, file, steps);
  }

  /**
   * How to train.
   *
   * @param features how many features
   * @param activation of the features, where it begins; top-k is trained without a penalty
   * @param lambda weight of the penalty: L1 for ReLU and gated, L0 for JumpReLU; where {@code
   *     targetL0} is set, its first value
   * @param targetL0 lambda is steered so that so many features fire per token; 0 leaves it
   * @param steps of Adam
   * @param batch tokens a step
   * @param learningRate the highest; it falls linearly to 0 over the last fifth of the steps
   * @param rateWarmup steps over which the learning rate rises
   * @param lambdaWarmup steps over which lambda rises
   * @param resampleEvery steps between resamplings of features that have not fired since the last,
   *     up to three fifths of the training; 0 for never
   * @param bandwidth width of the kernel that estimates the gradients of JumpReLU's thresholds, in
   *     the scaled coordinates
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
      double bandwidth,
      long seed) {

    /** ReLU with an L1 penalty, 2000 batches of 1024 tokens at 5e-3. */
    public static Settings defaults(int features) {
      return new Settings(
          features, new Activation.Relu(), 0.3, 0, 2000, 1024, 5e-3, 100, 400, 400, 0.1, 0);
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
      atLeast("bandwidth", bandwidth, Double.MIN_NORMAL);
      if (activation instanceof Activation.JumpRelu jump && !(jump.threshold().min().item() > 0)) {
        throw new IllegalArgumentException(
            "the thresholds of JumpReLU are trained as logarithms and must begin above 0, the least was "
                + jump.threshold().min().item());
      }
      activation.check(features);
      if (activation instanceof Activation.Choice) {
        throw new IllegalArgumentException(
            "a codebook is trained with its model, not on activations; choose another activation");
      }
      if (activation instanceof Activation.Experts) {
        throw new IllegalArgumentException(
            "a mixture of experts is trained with its model, not on activations; choose another activation");
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
          bandwidth,
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
          bandwidth,
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
          bandwidth,
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
          bandwidth,
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
          bandwidth,
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
          bandwidth,
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
          bandwidth,
          seed);
    }

    public Settings withBandwidth(double other) {
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
          bandwidth,
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
   * @throws org.lapidary.io.FormatException if the checkpoint is of a run with other settings
   */
  public Trained train(PairSource source, String inputSite, String outputSite, Progress progress) {
    Rng root = new Rng(settings.seed());
    DictionaryCheckpoint kept =
        checkpoint == null ? null : new DictionaryCheckpoint(checkpoint, settings);
    boolean resumes = checkpoint != null && Files.exists(checkpoint);
    Scaling scaling = resumes && kept != null ? kept.scaling() : scaling(source, root);
    double[] losses = new double[Math.toIntExact(settings.steps())];
    int resampled = 0;
    double lambda = settings.activation() instanceof Activation.TopK ? 0 : settings.lambda();
    long step = 0;
    progress.begin("training a dictionary of " + settings.features(), settings.steps());
    try (Weights weights = new Weights(settings, scaling, root.fork(-2));
        AdamW adam = new AdamW(weights.tensors(), AdamW.Settings.adam())) {
      boolean[] fired = new boolean[settings.features()];
      if (resumes && kept != null) {
        try (Scope scope = Scope.open()) {
          DictionaryCheckpoint.State state = kept.load(weights, adam, source);
          step = state.step();
          System.arraycopy(state.losses(), 0, losses, 0, state.losses().length);
          lambda = state.lambda();
          fired = state.fired();
          resampled = state.resampled();
        }
      }
      while (step < settings.steps() && !progress.stopped()) {
        try (Scope scope = Scope.open();
            var ignored = Autograd.noGrad()) {
          Rng rng = root.fork(step);
          Pairs pairs = scaling.apply(source.next(settings.batch(), rng));
          Tensor pre = weights.preActivations(pairs.input());
          Tensor z = weights.activation().apply(pre, pairs.input(), weights.encoder());
          Gradients gradients =
              Gradients.of(
                  weights,
                  pairs,
                  pre,
                  z,
                  lambda * settings.lambdaShareAt(step),
                  settings.bandwidth());
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
          step++;
          if (kept != null && every > 0 && step % every == 0) {
            kept.save(
                scaling, weights, adam, source, state(losses, step, lambda, fired, resampled));
          }
        }
      }
      if (kept != null) {
        try (Scope scope = Scope.open()) {
          kept.save(scaling, weights, adam, source, state(losses, step, lambda, fired, resampled));
        }
      }
      Dictionary dictionary = weights.dictionary(scaling).at(inputSite, outputSite);
      return new Trained(dictionary, lambda, Arrays.copyOf(losses, (int) step), resampled, step);
    } finally {
      progress.end();
    }
  }

  private static Scaling scaling(PairSource source, Rng root) {
    try (Scope scope = Scope.open()) {
      return Scaling.of(source.next(FIRST_BATCH, root.fork(-1)));
    }
  }

  private static DictionaryCheckpoint.State state(
      double[] losses, long step, double lambda, boolean[] fired, int resampled) {
    return new DictionaryCheckpoint.State(
        Arrays.copyOf(losses, (int) step), lambda, fired, resampled);
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
