package org.lapidary.interpret.icllinear;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Parameter;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.AdamW;
import org.lapidary.train.Schedule;
import org.lapidary.train.Trainer;

/**
 * Reads a vector out of a layer's stream: v = f(sum_i softmax(s)_i h_i) with learned scores s of
 * the positions and f linear or with one hidden layer.
 */
public final class StateProbe extends Layer implements UnaryLayer {

  /**
   * How a probe is fitted: Adam on the mean squared error, its rate falling as a cosine.
   *
   * @param hidden units of f; 0 for a linear one
   */
  public record Settings(int hidden, int steps, int batch, double rate) {
    public static Settings defaults() {
      return new Settings(128, 1500, 256, 5e-3);
    }

    /** With a linear f. */
    public Settings linear() {
      return new Settings(0, steps, batch, rate);
    }
  }

  private final int positions;
  private final int width;
  private final int hidden;
  private final int outputs;
  private final Parameter scores;
  private final List<Linear> f = new ArrayList<>();

  /** A probe of streams [batch, positions, width]. */
  public StateProbe(int positions, int width, int hidden, int outputs) {
    this.positions = positions;
    this.width = width;
    this.hidden = hidden;
    this.outputs = outputs;
    scores = parameter("scores", Tensor.zeros(positions));
    if (hidden > 0) {
      f.add(child("in", new Linear(width, hidden, true)));
    }
    f.add(child("out", new Linear(hidden > 0 ? hidden : width, outputs, true)));
  }

  /**
   * Fits a probe.
   *
   * @param streams [n, positions, width]
   * @param targets [n, outputs]
   */
  public static StateProbe fit(Tensor streams, Tensor targets, Settings settings, long seed) {
    if (streams.rank() != 3 || targets.rank() != 2 || streams.size(0) != targets.size(0)) {
      throw new org.lapidary.tensor.ShapeException(
          "a probe needs streams [n, positions, width] and targets [n, outputs], was given %s and %s"
              .formatted(streams.shape(), targets.shape()));
    }
    StateProbe probe =
        new StateProbe(
            (int) streams.size(1), (int) streams.size(2), settings.hidden(), (int) targets.size(1));
    probe.initialise(new Rng(seed).fork(1));
    int n = (int) streams.size(0);
    try (AdamW adam = new AdamW(Trainer.parameters(probe), AdamW.Settings.adam())) {
      new Trainer(
              probe,
              adam,
              (step, rng) -> {
                Tensor rows = Tensor.of(rng.ints(settings.batch(), 0, n).asLongStream().toArray());
                return probe
                    .forward(streams.indexSelect(0, rows))
                    .sub(targets.indexSelect(0, rows))
                    .square()
                    .mean();
              },
              Trainer.Settings.of(
                  settings.steps(), Schedule.cosine(settings.rate(), 0, settings.steps(), 0), seed))
          .run(org.lapidary.evidence.Progress.silent());
    }
    probe.requiresGrad(false);
    return probe;
  }

  @Override
  public Tensor forward(Tensor streams) {
    Tensor weights = scores.value().softmax(0).unsqueeze(0); // [1, positions]
    Tensor pooled = weights.matmul(streams).squeeze(1); // [batch, width]
    return f.size() == 1
        ? f.getFirst().forward(pooled)
        : f.getLast().forward(f.getFirst().forward(pooled).relu());
  }

  /** The mean squared error in units of the targets' variance. */
  public double error(Tensor streams, Tensor targets) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      double wrong = forward(streams).sub(targets).square().mean().item();
      return wrong / targets.sub(targets.mean(true, 0)).square().mean().item();
    }
  }

  @Override
  protected Layer blank() {
    return new StateProbe(positions, width, hidden, outputs);
  }
}
