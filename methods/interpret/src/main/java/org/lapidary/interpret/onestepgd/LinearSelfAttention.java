package org.lapidary.interpret.onestepgd;

import org.lapidary.evidence.Progress;
import org.lapidary.interpret.tasks.RegressionPrompts;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Parameter;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.AdamW;
import org.lapidary.train.Schedule;
import org.lapidary.train.Trainer;

/**
 * yhat = p^T G M v_q with G = sum_i v_i v_i^T, v_i = (x_i, y_i), v_q = (x_q, 0). Of M only the
 * first d columns are kept, since the query's last entry is 0.
 */
public final class LinearSelfAttention extends Layer {
  private static final double DEVIATION = 0.1;
  private static final double RATE = 1e-2;
  private static final int BATCH = 1024;

  private final int d;
  private final Parameter p;
  private final Parameter m;

  /** For inputs of d dimensions; zero until drawn or set. */
  public LinearSelfAttention(int d) {
    this.d = d;
    this.p = parameter("p", Tensor.zeros(d + 1));
    this.m = parameter("m", Tensor.zeros(d + 1, d));
  }

  /**
   * One step of gradient descent from 0: yhat = x_q^T A^T sum_i y_i x_i.
   *
   * @param a A [d, d]
   */
  public static LinearSelfAttention gradientStep(Tensor a) {
    int d = (int) a.size(0);
    LinearSelfAttention layer = new LinearSelfAttention(d);
    layer.p.set(Tensor.concat(0, Tensor.zeros(d), Tensor.ones(1)));
    layer.m.set(Tensor.concat(0, a, Tensor.zeros(1, d)));
    return layer;
  }

  /** Trains a layer on fresh prompts in every step, with Adam (1e-2, falling to 0 as a cosine). */
  public static LinearSelfAttention trained(
      RegressionPrompts prompts, long steps, long seed, Progress progress) {
    LinearSelfAttention layer = new LinearSelfAttention(prompts.dimensions());
    layer.initialise(new Rng(seed).fork(0));
    try (AdamW adam = new AdamW(Trainer.parameters(layer), AdamW.Settings.adam())) {
      new Trainer(
              layer,
              adam,
              (step, rng) -> layer.loss(prompts.draw(BATCH, rng)),
              Trainer.Settings.of(steps, Schedule.cosine(RATE, 0, steps, 0), seed))
          .run(progress);
    }
    return layer;
  }

  /** Predictions at the queries, [prompts]. */
  public Tensor forward(RegressionPrompts.Prompts prompts) {
    Tensor px = p.value().slice(0, 0, d);
    Tensor py = p.value().slice(0, d, d + 1);
    Tensor mx = m.value().slice(0, 0, d);
    Tensor my = m.value().slice(0, d, d + 1);
    Tensor value = prompts.x().matmul(px.unsqueeze(1)).squeeze(2).add(prompts.y().mul(py)); // p v_i
    Tensor q = prompts.query().matmul(mx.t()).unsqueeze(2); // M_xx x_q, [prompts, d, 1]
    Tensor key =
        prompts.x().matmul(q).squeeze(2).add(prompts.y().mul(prompts.query().matmul(my.t())));
    return value.mul(key).sum(false, 1);
  }

  /** The mean squared error, a scalar. */
  public Tensor loss(RegressionPrompts.Prompts prompts) {
    return forward(prompts).sub(prompts.target()).square().mean();
  }

  /** A = p_y M_xx, [d, d]. */
  public Tensor effective() {
    return m.value().detach().slice(0, 0, d).mul(p.value().detach().slice(0, d, d + 1));
  }

  @Override
  protected void draw(Rng rng) {
    p.set(rng.normal(DEVIATION, d + 1));
    m.set(rng.normal(DEVIATION, d + 1, d));
  }

  @Override
  protected Layer blank() {
    return new LinearSelfAttention(d);
  }
}
