package org.lapidary.interpret.lazyneuron;

import java.util.List;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Linear;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.AdamW;
import org.lapidary.train.Classification;
import org.lapidary.train.Optimizer;
import org.lapidary.train.Schedule;
import org.lapidary.train.Sgd;
import org.lapidary.train.Trainer;

/**
 * A ReLU network 64-hidden-10 that learns labels without meaning by heart: 1000 normal inputs, each
 * with a class drawn at random.
 *
 * @param hidden units
 * @param draw of the two matrices; biases start at 0
 * @param rectified whether the inputs are rectified at 0, which gives them a mean above 0
 * @param adam whether Adam (1e-3) trains it, else gradient descent (0.05, momentum 0.9)
 */
record RandomLabels(int hidden, Draw draw, boolean rectified, boolean adam) {
  private static final int INPUTS = 64;
  private static final int CLASSES = 10;
  private static final int EXAMPLES = 1000;
  private static final int BATCH = 128;

  /**
   * Deviations of the normal entries of both matrices. The push on active units goes with the
   * square of the second one's, see {@link FirstGradient}; the smaller the first one's, the more
   * units that push silences.
   */
  enum Draw {
    /** What keeps the variance of gradients (He et al., 2015, arXiv 1502.01852, equation 14). */
    HE_BACKWARD("sqrt(2 / fan out)"),
    /** What keeps the variance of activations (their equation 10). */
    HE_FORWARD("sqrt(2 / fan in)"),
    FAN_IN("1 / sqrt(fan in)"),
    FIXED("1 / sqrt(fan in), second matrix 0.2"),
    SMALL("1 / sqrt(fan in), second matrix 0.1");

    private final String formula;

    Draw(String formula) {
      this.formula = formula;
    }

    @Override
    public String toString() {
      return formula;
    }

    double first(int hidden) {
      return switch (this) {
        case HE_BACKWARD -> Math.sqrt(2.0 / hidden);
        case HE_FORWARD -> Math.sqrt(2.0 / INPUTS);
        case FAN_IN, FIXED, SMALL -> Math.sqrt(1.0 / INPUTS);
      };
    }

    double second(int hidden) {
      return switch (this) {
        case HE_BACKWARD -> Math.sqrt(2.0 / CLASSES);
        case HE_FORWARD -> Math.sqrt(2.0 / hidden);
        case FAN_IN -> Math.sqrt(1.0 / hidden);
        case FIXED -> 0.2;
        case SMALL -> 0.1;
      };
    }
  }

  /**
   * Mean share of hidden units that fire on the examples.
   *
   * @param start before training
   * @param end after it
   */
  record Fired(double start, double end) {
    double drop() {
      return start - end;
    }
  }

  Fired train(long steps, long seed) {
    Rng rng = new Rng(seed).fork(0x1AB);
    try (Scope scope = Scope.open()) {
      Tensor drawn = rng.normal(1, EXAMPLES, INPUTS);
      Tensor inputs = rectified ? drawn.relu() : drawn;
      int[] labels = rng.ints(EXAMPLES, 0, CLASSES).toArray();
      Classification examples = Classification.of(inputs.copy(), labels);
      Net net = new Net(hidden, draw);
      net.initialise(rng.fork(1));
      double start = fired(net, inputs);
      List<Tensor> parameters = Trainer.parameters(net);
      try (Optimizer optimizer =
          adam
              ? new AdamW(parameters, AdamW.Settings.adam())
              : new Sgd(parameters, new Sgd.Settings(0.9, 0, false))) {
        Schedule rate = Schedule.constant(adam ? 1e-3 : 0.05);
        new Trainer(
                net,
                optimizer,
                examples.task(net::forward, BATCH, seed),
                Trainer.Settings.of(steps, rate, seed))
            .run(Progress.silent());
      }
      return new Fired(start, fired(net, inputs));
    }
  }

  private static double fired(Net net, Tensor inputs) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      return net.hidden(inputs).gt(0).to(DType.FLOAT64).mean().item();
    }
  }

  private static final class Net extends Layer implements UnaryLayer {
    private final int width;
    private final Draw draw;
    private final Linear in;
    private final Linear out;

    Net(int width, Draw draw) {
      this.width = width;
      this.draw = draw;
      in = child("in", new Linear(INPUTS, width, true, draw.first(width)));
      out = child("out", new Linear(width, CLASSES, true, draw.second(width)));
    }

    Tensor hidden(Tensor x) {
      return in.forward(x).relu();
    }

    @Override
    public Tensor forward(Tensor x) {
      return out.forward(hidden(x));
    }

    @Override
    protected Layer blank() {
      return new Net(width, draw);
    }
  }
}
