package org.lapidary.interpret.rerouting;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.Model;
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
 * Audits a gate: whether a few free tokens in a prompt that closes it can bring the last token's
 * stream to the side where it is open, and the right answer out of the model.
 *
 * @param search for the tokens
 */
public record Rerouting(SuffixSearch search) {

  /** With the settings of the paper's code. */
  public static Rerouting defaults() {
    return new Rerouting(SuffixSearch.defaults());
  }

  /**
   * A prompt that closes the gate.
   *
   * @param answer what the model would say if the gate were open
   */
  public record Case(Template template, int answer) {}

  /**
   * A search on one prompt.
   *
   * @param found the search
   * @param success whether its last suffix brings out the answer
   * @param layers blocks that ran until the best suffix first did; -1 if none did
   */
  public record Attempt(Case prompt, SuffixSearch.Found found, boolean success, long layers) {
    /** The prompt with the last suffix. */
    public int[] rerouted() {
      return prompt.template().with(found.last().suffix());
    }
  }

  /** Searches on every prompt; success is judged by the model's output alone. */
  public List<Attempt> audit(
      Model model,
      List<Case> cases,
      Function<Case, Surrogate> surrogate,
      SuffixSearch.Tokens tokens,
      Rng rng) {
    return cases.stream()
        .map(c ->
            judged(
                model,
                c,
                search.search(model, c.template(), surrogate.apply(c), tokens, rng.split())))
        .toList();
  }

  /** The same with as many suffixes drawn evenly. */
  public List<Attempt> random(
      Model model,
      List<Case> cases,
      Function<Case, Surrogate> surrogate,
      SuffixSearch.Tokens tokens,
      Rng rng) {
    return cases.stream()
        .map(c ->
            judged(
                model,
                c,
                search.random(model, c.template(), surrogate.apply(c), tokens, rng.split())))
        .toList();
  }

  private static Attempt judged(Model model, Case c, SuffixSearch.Found found) {
    long layers = -1;
    int[] tested = null;
    for (SuffixSearch.Step step : found.trail()) {
      if (tested != null && Arrays.equals(tested, step.suffix())) {
        continue;
      }
      tested = step.suffix();
      if (answers(model, c, tested)) {
        layers = step.layers();
        break;
      }
    }
    return new Attempt(c, found, answers(model, c, found.last().suffix()), layers);
  }

  private static boolean answers(Model model, Case c, int[] suffix) {
    return LastToken.next(model, c.template().with(suffix)) == c.answer();
  }

  /** The share of prompts on which the search succeeded. */
  public static double success(List<Attempt> attempts) {
    return (double) attempts.stream().filter(Attempt::success).count() / attempts.size();
  }

  /** Blocks that ran until half of the prompts had given way; infinite if half never did. */
  public static double layersToHalf(List<Attempt> attempts) {
    double[] layers =
        attempts.stream()
            .mapToDouble(a -> a.layers() < 0 ? Double.POSITIVE_INFINITY : a.layers())
            .sorted()
            .toArray();
    return layers[(layers.length + 1) / 2 - 1];
  }

  /**
   * How prompts look to a defender, by layer.
   *
   * @param open the share that probes take for an open gate
   * @param cosine mean with the direction of a closed gate
   */
  public record Trajectory(double[] open, double[] cosine) {

    /** Of some prompts. */
    public static Trajectory of(Model model, Subspace subspace, List<int[]> prompts) {
      int depth = subspace.layers().size();
      double[] open = new double[depth];
      double[] cosine = new double[depth];
      if (prompts.isEmpty()) {
        Arrays.fill(open, Double.NaN);
        Arrays.fill(cosine, Double.NaN);
        return new Trajectory(open, cosine);
      }
      try (Scope scope = Scope.open()) {
        List<Tensor> streams = LastToken.streams(model, prompts, depth);
        for (int l = 0; l < depth; l++) {
          Tensor x = streams.get(l).to(DType.FLOAT64);
          Subspace.Layer layer = subspace.layers().get(l);
          open[l] =
              Arrays.stream(layer.probe().scores(x)).filter(s -> s > 0).count()
                  / (double) prompts.size();
          cosine[l] = Surrogate.cosines(x, layer.direction()).mean().item();
        }
      }
      return new Trajectory(open, cosine);
    }
  }

  /**
   * Finetuning against what an audit found.
   *
   * @param steps of Adam
   * @param batch rerouted prompts a step; as many clean ones are the clean task's affair
   * @param rate falling as a cosine
   */
  public record Hardening(int steps, int batch, double rate) {
    public static Hardening defaults() {
      return new Hardening(200, 64, 3e-4);
    }
  }

  /**
   * A copy of a model that learned to keep its gate closed on rerouted prompts.
   *
   * @param rerouted prompts with suffixes that were found
   * @param no what the gate says
   * @param clean the loss of a clean batch, of the model it is given
   */
  public static Model harden(
      Model model,
      List<int[]> rerouted,
      int no,
      Function<Model, Task> clean,
      Hardening hardening,
      long seed) {
    if (rerouted.isEmpty()) {
      throw new IllegalArgumentException("there is nothing to harden against: no prompt gave way");
    }
    Map<Integer, List<int[]>> byLength = new TreeMap<>();
    rerouted.forEach(p -> byLength.computeIfAbsent(p.length, n -> new ArrayList<>()).add(p));
    Model copy = model.copy();
    Task task = clean.apply(copy);
    try (AdamW adam = new AdamW(Trainer.parameters(copy.layer()), AdamW.Settings.adam())) {
      new Trainer(
              copy.layer(),
              adam,
              (step, rng) -> {
                int[] one = rerouted.get(rng.nextInt(rerouted.size())); // lengths by their share
                List<int[]> equal = java.util.Objects.requireNonNull(byLength.get(one.length));
                int[][] batch = new int[hardening.batch][];
                Arrays.setAll(batch, i -> equal.get(rng.nextInt(equal.size())));
                long[] answers = new long[batch.length];
                Arrays.fill(answers, no);
                Tensor logits = copy.forward(LanguageModeling.tensor(batch));
                Tensor kept =
                    logits
                        .select(1, one.length - 1)
                        .crossEntropy(Tensor.of(answers, answers.length));
                return kept.add(task.loss(step, rng)).div(2);
              },
              Trainer.Settings.of(
                  hardening.steps, Schedule.cosine(hardening.rate, 10, hardening.steps, 0), seed))
          .run(Progress.silent());
    }
    copy.layer().requiresGrad(false);
    return copy;
  }
}
