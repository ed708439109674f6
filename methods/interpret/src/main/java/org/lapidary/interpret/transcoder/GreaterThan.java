package org.lapidary.interpret.transcoder;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;
import java.util.stream.IntStream;
import org.lapidary.evidence.Progress;
import org.lapidary.interpret.circuit.Circuit;
import org.lapidary.interpret.circuit.Contribution;
import org.lapidary.interpret.circuit.FrozenPass;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.interpret.dictionary.DictionaryTrainer;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Intervention;
import org.lapidary.nn.Model;
import org.lapidary.nn.Parameter;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.AdamW;
import org.lapidary.train.LanguageModeling;
import org.lapidary.train.Schedule;
import org.lapidary.train.Task;
import org.lapidary.train.Trainer;

/**
 * A one-layer transformer that has learnt to go on with a greater number: the prompt [a, SEP] is
 * followed by every number above a with equal probability, for a and targets from 0 to 49. A layer
 * whose heads are wide solves most of it by attention alone; this one has a single head of width 3,
 * so that there is something for the MLP to do.
 */
record GreaterThan(Model model) {
  private static final int NUMBERS = 50;
  private static final int SEPARATOR = NUMBERS;
  private static final int PROMPTS = NUMBERS - 1;
  private static final int HEAD = 3;

  static GreaterThan train(long seed, long steps) {
    DecoderConfig config = config();
    Model model = Model.random(config, new Rng(seed));
    Tensor target = targets();
    drawReaders(model, seed);
    Task task =
        (step, rng) -> {
          Tensor last = model.forward(LanguageModeling.tensor(prompts())).select(1, 1);
          return last.logSoftmax(-1).mul(target).sum().div(-PROMPTS);
        };
    try (AdamW adam = new AdamW(Trainer.parameters(model.layer()), AdamW.Settings.adam())) {
      Schedule schedule = Schedule.cosine(1e-3, 50, steps, 0);
      new Trainer(model.layer(), adam, task, Trainer.Settings.of(steps, schedule, seed))
          .run(Progress.silent());
    }
    model.layer().requiresGrad(false);
    return new GreaterThan(model);
  }

  /** One narrow head, so that it takes the MLP to compare numbers. */
  private static DecoderConfig config() {
    DecoderConfig plain = DecoderConfig.gpt(NUMBERS + 1, 64, 1, 1, 2, "relu");
    return new DecoderConfig(
        plain.family(),
        plain.vocab(),
        plain.dModel(),
        plain.layers(),
        1,
        1,
        HEAD,
        plain.dMlp(),
        plain.context(),
        plain.norm(),
        plain.epsilon(),
        plain.placement(),
        plain.mixer(),
        plain.mlp(),
        plain.activation(),
        plain.positions(),
        null,
        plain.biases(),
        plain.extras(),
        plain.tied());
  }

  /** The MLP's first matrix starts with the deviation 1 / sqrt(64), lest attention do it all. */
  private static void drawReaders(Model model, long seed) {
    Parameter in = model.layer().parameterAt("blocks.0.mlp.in.weight");
    in.set(new Rng(seed).fork(1).normal(1.0 / 8, in.tensor().size(0), in.tensor().size(1)));
  }

  static int[][] prompts() {
    return IntStream.range(0, PROMPTS)
        .mapToObj(a -> new int[] {a, SEPARATOR})
        .toArray(int[][]::new);
  }

  /** What should follow each prompt, [prompt, vocab]. */
  private static Tensor targets() {
    float[] p = new float[PROMPTS * (NUMBERS + 1)];
    for (int a = 0; a < PROMPTS; a++) {
      for (int y = a + 1; y < NUMBERS; y++) {
        p[a * (NUMBERS + 1) + y] = 1f / (NUMBERS - 1 - a);
      }
    }
    return Tensor.of(p, PROMPTS, NUMBERS + 1).unscoped();
  }

  /** A transcoder of the MLP. */
  Dictionary transcoder(int features, double lambda, long steps, long seed) {
    DictionaryTrainer.Settings settings =
        DictionaryTrainer.Settings.defaults(features)
            .withLambda(lambda)
            .withSteps(steps)
            .withBatch(256)
            .withSeed(seed);
    return new Transcoder(settings, 1 << 12)
        .train(model, 0, prompts(), Progress.silent())
        .dictionary();
  }

  /** The MLP itself, for which every neuron is a feature. */
  Dictionary neurons() {
    return Transcoder.neurons(model, 0);
  }

  /** Mean over prompts of each feature's attribution to the mean logit above a less that below. */
  double[] attributions(Dictionary dictionary) {
    double[] mean = new double[dictionary.features()];
    Model swapped = Transcoder.swap(model, Map.of(0, dictionary));
    for (int a = 0; a < PROMPTS; a++) {
      double[] direction = new double[NUMBERS + 1];
      for (int y = 0; y < NUMBERS; y++) {
        direction[y] = y > a ? 1.0 / (NUMBERS - 1 - a) : -1.0 / (a + 1);
      }
      FrozenPass pass = FrozenPass.of(swapped, new int[] {a, SEPARATOR});
      for (Contribution c : pass.contributions(pass.logits(direction, 1))) {
        if (c.source().kind() == Circuit.Kind.FEATURE) {
          mean[c.source().index()] += c.attribution() / PROMPTS;
        }
      }
    }
    return mean;
  }

  /** The features of largest mean attribution. */
  int[] strongest(Dictionary dictionary, int count) {
    double[] attributions = attributions(dictionary);
    return IntStream.range(0, attributions.length)
        .boxed()
        .sorted(Comparator.comparingDouble(i -> -attributions[i]))
        .limit(count)
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /**
   * The mean over prompts of p(y > a) - p(y <= a) with the dictionary in the MLP's place, all but
   * some features held at their mean over the prompts.
   */
  double keptDifference(Dictionary dictionary, int[] kept) {
    Model swapped = Transcoder.swap(model, Map.of(0, dictionary));
    boolean[] keep = new boolean[dictionary.features()];
    Arrays.stream(kept).forEach(i -> keep[i] = true);
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor mask = Tensor.of(keep);
      Intervention others =
          new Intervention(
              "blocks.0.mlp.hook_post",
              (path, z) -> {
                long[] shape = z.shape().toArray();
                return Tensor.where(mask.expand(shape), z, z.mean(true, 0).expand(shape));
              });
      Tensor tokens = LanguageModeling.tensor(prompts());
      return difference(swapped.with(others).forward(tokens));
    }
  }

  /** The same figure for the model as it is. */
  double difference() {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      return difference(model.forward(LanguageModeling.tensor(prompts())));
    }
  }

  private static double difference(Tensor logits) {
    double[] p = logits.select(1, 1).softmax(-1).to(DType.FLOAT64).toDoubles();
    double sum = 0;
    for (int a = 0; a < PROMPTS; a++) {
      for (int y = 0; y < NUMBERS; y++) {
        sum += (y > a ? 1 : -1) * p[a * (NUMBERS + 1) + y];
      }
    }
    return sum / PROMPTS;
  }
}
