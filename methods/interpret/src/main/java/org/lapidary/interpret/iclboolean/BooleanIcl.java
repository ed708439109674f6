package org.lapidary.interpret.iclboolean;

import java.util.List;
import org.lapidary.evidence.Progress;
import org.lapidary.interpret.incontext.InContextModel;
import org.lapidary.interpret.incontext.InContextTraining;
import org.lapidary.interpret.tasks.BooleanPrompts;
import org.lapidary.interpret.tasks.LabelledPoints;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;

/**
 * A sequence model that learns Boolean functions in context.
 *
 * @param prompts what it sees
 * @param taught the share of sequences that begin with a {@linkplain Teaching teaching sequence}
 * @param training how it is trained
 */
public record BooleanIcl(BooleanPrompts prompts, double taught, InContextTraining training) {

  public BooleanIcl {
    if (!(taught >= 0 && taught <= 1)) {
      throw new IllegalArgumentException(
          "the share of taught sequences is from 0 to 1, was " + taught);
    }
    if (taught > 0 && !(prompts.functions() instanceof BooleanPrompts.Functions.Conjunction)) {
      throw new IllegalArgumentException(
          "only conjunctions are taught, was asked for " + prompts.functions());
    }
  }

  /** Adam at 3e-3 with 64 sequences a step. */
  public static InContextTraining training(long steps) {
    return new InContextTraining(steps, 64, 3e-3, InContextTraining.Loss.LOGISTIC);
  }

  /** The trained model, from the fixtures if it is there. */
  public InContextModel train(InContextModel.Body body, long seed, Progress progress) {
    InContextModel model =
        InContextModel.random(prompts.dimensions(), prompts.points(), body, new Rng(seed).fork(0));
    training.trained(model, this::draw, prompts + ", taught " + taught, seed, progress);
    return model;
  }

  private LabelledPoints draw(int count, Rng rng) {
    BooleanPrompts.Sequence[] all = new BooleanPrompts.Sequence[count];
    for (int i = 0; i < count; i++) {
      BooleanPrompts.Sequence s = prompts.sequence(rng);
      all[i] = taught > 0 && rng.nextDouble() < taught ? Teaching.before(s) : s;
    }
    return BooleanPrompts.tensors(all);
  }

  /** Whether a model is right: [sequence][point]. */
  public static boolean[][] right(InContextModel model, List<BooleanPrompts.Sequence> sequences) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      LabelledPoints p = BooleanPrompts.tensors(sequences.toArray(BooleanPrompts.Sequence[]::new));
      boolean[] flat = model.forward(p).mul(p.y()).gt(0).toBooleans();
      int m = (int) p.count();
      boolean[][] right = new boolean[sequences.size()][m];
      for (int s = 0; s < right.length; s++) {
        System.arraycopy(flat, s * m, right[s], 0, m);
      }
      return right;
    }
  }

  /** The share of sequences in which a model is right, by point. */
  public static double[] accuracy(InContextModel model, List<BooleanPrompts.Sequence> sequences) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      LabelledPoints p = BooleanPrompts.tensors(sequences.toArray(BooleanPrompts.Sequence[]::new));
      return model.forward(p).mul(p.y()).gt(0).to(DType.FLOAT64).mean(false, 0).toDoubles();
    }
  }
}
