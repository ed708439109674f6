package org.lapidary.interpret.informationplane;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.lapidary.evidence.Figure;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Parameter;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.Sgd;
import org.lapidary.train.Shuffle;
import org.lapidary.train.Trainer;

/**
 * What the layers of a network know of its input and its label, through training.
 *
 * @param epochs at which it was looked at
 * @param points by epoch and layer, over all inputs
 * @param ratios by epoch and parameter matrix, the signal to noise of its gradient over the
 *     minibatches of an epoch: ||mean|| / ||deviation||
 */
public record InformationPlane(int[] epochs, List<List<Joint.Point>> points, double[][] ratios) {

  /**
   * How a network is trained and looked at.
   *
   * @param epochs of stochastic gradient descent
   * @param batch examples a step
   * @param rate of it
   * @param share of the inputs that it trains on
   * @param looks how many epochs are looked at, spaced evenly in their logarithm
   * @param binning of the activations
   */
  public record Tracking(
      int epochs, int batch, double rate, double share, int looks, Binning binning) {

    /** The paper's: 85% of the inputs, batches of 256, 30 bins. */
    public static Tracking defaults() {
      return new Tracking(2000, 256, 0.1, 0.85, 60, Binning.defaults());
    }

    /**
     * Trains a network in place on labels drawn from P(y | x), and looks at its layers.
     *
     * @param network with parameters drawn
     * @param forward from inputs [n, ...] to the score [n, 1] of y = 1
     * @param layers from inputs to activations [n, units], first to last
     * @param inputs all there are, in the order of the joint distribution
     */
    public InformationPlane track(
        Layer network,
        UnaryOperator<Tensor> forward,
        Function<Tensor, List<Tensor>> layers,
        Tensor inputs,
        Joint joint,
        long seed) {
      int n = joint.px().length;
      Rng rng = new Rng(seed);
      int[] order = rng.fork(0).permutation(n);
      int seen = Math.max(batch, (int) (share * n));
      float[] labels = new float[n];
      Rng draw = rng.fork(1);
      for (int i = 0; i < n; i++) {
        labels[i] = draw.nextDouble() < joint.positive()[i] ? 1 : -1;
      }
      Shuffle shuffle = new Shuffle(seen, batch, seed);
      TreeSet<Integer> when = when();
      List<List<Joint.Point>> points = new ArrayList<>();
      List<double[]> ratios = new ArrayList<>();
      try (Scope scope = Scope.open();
          Sgd sgd = new Sgd(Trainer.parameters(network), new Sgd.Settings(0, 0, false))) {
        Tensor y = Tensor.of(labels, n, 1);
        GradientMoments moments = new GradientMoments(network);
        for (int epoch = 0; epoch <= epochs; epoch++) {
          boolean look = when.contains(epoch);
          if (look) {
            points.add(look(layers, inputs, joint));
          }
          moments.clear();
          for (int b = 0; b < shuffle.stepsPerEpoch() && (epoch < epochs || look); b++) {
            try (Scope step = Scope.open()) {
              int[] rows = shuffle.at((long) epoch * shuffle.stepsPerEpoch() + b);
              for (int i = 0; i < rows.length; i++) {
                rows[i] = order[rows[i]];
              }
              Tensor index = Tensor.of(rows);
              Tensor loss =
                  forward
                      .apply(inputs.indexSelect(0, index))
                      .mul(y.indexSelect(0, index))
                      .neg()
                      .softplus()
                      .mean();
              List<Tensor> gradients = Autograd.grad(loss, sgd.parameters());
              if (look) {
                moments.add(gradients);
              }
              if (epoch < epochs) {
                sgd.step(gradients, rate);
              }
            }
          }
          if (look) {
            ratios.add(moments.ratios());
          }
        }
        network.requiresGrad(false);
      }
      return new InformationPlane(
          when.stream().mapToInt(Integer::intValue).toArray(),
          points,
          ratios.toArray(double[][]::new));
    }

    private TreeSet<Integer> when() {
      TreeSet<Integer> when = new TreeSet<>(List.of(0, epochs));
      for (int i = 0; i < looks; i++) {
        when.add((int) Math.round(Math.pow(epochs, (double) i / (looks - 1))));
      }
      return when;
    }

    private List<Joint.Point> look(
        Function<Tensor, List<Tensor>> layers, Tensor inputs, Joint joint) {
      try (Scope scope = Scope.open();
          var ignored = Autograd.noGrad()) {
        return layers.apply(inputs).stream().map(t -> joint.of(binning.codes(t))).toList();
      }
    }
  }

  /** Sums of the gradients of the matrices of a network and of their squares. */
  private static final class GradientMoments {
    private final List<Integer> matrices = new ArrayList<>();
    private final List<double[]> sums = new ArrayList<>();
    private final List<double[]> squares = new ArrayList<>();
    private int count;

    GradientMoments(Layer network) {
      int at = 0;
      for (Map.Entry<String, Parameter> p : network.parameters().entrySet()) {
        if (p.getValue().tensor().rank() > 1) {
          matrices.add(at);
          sums.add(new double[(int) p.getValue().tensor().elements()]);
          squares.add(new double[(int) p.getValue().tensor().elements()]);
        }
        at++;
      }
    }

    void clear() {
      count = 0;
      sums.forEach(s -> Arrays.fill(s, 0));
      squares.forEach(s -> Arrays.fill(s, 0));
    }

    void add(List<Tensor> gradients) {
      count++;
      for (int m = 0; m < matrices.size(); m++) {
        float[] g = gradients.get(matrices.get(m)).toFloats();
        for (int i = 0; i < g.length; i++) {
          sums.get(m)[i] += g[i];
          squares.get(m)[i] += (double) g[i] * g[i];
        }
      }
    }

    double[] ratios() {
      double[] ratios = new double[matrices.size()];
      for (int m = 0; m < ratios.length; m++) {
        double signal = 0;
        double noise = 0;
        for (int i = 0; i < sums.get(m).length; i++) {
          double mean = sums.get(m)[i] / count;
          signal += mean * mean;
          noise += Math.max(0, squares.get(m)[i] / count - mean * mean);
        }
        ratios[m] = Math.sqrt(signal / Math.max(noise, 1e-300));
      }
      return ratios;
    }
  }

  /**
   * The two phases of a layer: fitting until it knows most of the input, compression after.
   *
   * @param peakEpoch where I(X; T) is highest
   * @param peak bits there
   * @param end bits at the end
   */
  public record Phases(int peakEpoch, double peak, double end) {
    /** How many bits of the input were given up. */
    public double drop() {
      return peak - end;
    }
  }

  /** The phases of a layer, counted from 0; negative counts from the last. */
  public Phases phases(int layer) {
    int best = 0;
    for (int e = 1; e < epochs.length; e++) {
      best = at(e, layer).input() > at(best, layer).input() ? e : best;
    }
    return new Phases(epochs[best], at(best, layer).input(), at(epochs.length - 1, layer).input());
  }

  /** Where a layer stands at a look; negative layers count from the last. */
  public Joint.Point at(int look, int layer) {
    List<Joint.Point> layers = points.get(look);
    return layers.get(layer < 0 ? layers.size() + layer : layer);
  }

  /** The look nearest to an epoch. */
  public int look(int epoch) {
    int best = 0;
    for (int i = 1; i < epochs.length; i++) {
      best = Math.abs(epochs[i] - epoch) < Math.abs(epochs[best] - epoch) ? i : best;
    }
    return best;
  }

  /**
   * From drift to diffusion: the first epoch from which on the gradient's deviation exceeds its
   * mean at every later look (in at least 9 of 10), in the mean over matrices; the last epoch if
   * there is none.
   */
  public int transition() {
    for (int from = 0; from < epochs.length; from++) {
      int below = 0;
      for (int i = from; i < epochs.length; i++) {
        double sum = 0;
        for (double r : ratios[i]) {
          sum += Math.log(r);
        }
        below += sum < 0 ? 1 : 0;
      }
      if (below >= 0.9 * (epochs.length - from) && geometric(ratios[from]) < 1) {
        return epochs[from];
      }
    }
    return epochs[epochs.length - 1];
  }

  private static double geometric(double[] values) {
    double sum = 0;
    for (double v : values) {
      sum += Math.log(v);
    }
    return Math.exp(sum / values.length);
  }

  /** The most that the last layer ever knows of the label, in bits. */
  public double best() {
    double most = 0;
    for (int e = 0; e < epochs.length; e++) {
      most = Math.max(most, at(e, -1).label());
    }
    return most;
  }

  /**
   * The first epoch at which the last layer knows so much of the label; the last if it never does.
   */
  public int learned(double bits) {
    for (int e = 0; e < epochs.length; e++) {
      if (at(e, -1).label() >= bits) {
        return epochs[e];
      }
    }
    return epochs[epochs.length - 1];
  }

  /** The paths of the layers in the plane, with the bottleneck's curve. */
  public Figure movie(String title, Bottleneck curve) {
    List<Figure.Series> series = new ArrayList<>();
    for (int layer = 0; layer < points.getFirst().size(); layer++) {
      int l = layer;
      series.add(
          new Figure.Series(
              "layer " + (layer + 1),
              points.stream().mapToDouble(p -> p.get(l).input()).toArray(),
              points.stream().mapToDouble(p -> p.get(l).label()).toArray()));
    }
    series.add(
        new Figure.Series(
            "bottleneck",
            curve.points().stream().mapToDouble(Joint.Point::input).toArray(),
            curve.points().stream().mapToDouble(Joint.Point::label).toArray()));
    return new Figure.Lines(title, "I(X; T), bits", "I(T; Y), bits", series);
  }

  /** The signal to noise of the gradients, by epoch. */
  public Figure snr(String title) {
    List<Figure.Series> series = new ArrayList<>();
    for (int m = 0; m < ratios[0].length; m++) {
      int matrix = m;
      double[] x = new double[epochs.length - 1];
      double[] y = new double[x.length];
      for (int i = 0; i < x.length; i++) {
        x[i] = epochs[i + 1];
        y[i] = ratios[i + 1][matrix];
      }
      series.add(new Figure.Series("matrix " + (m + 1), x, y));
    }
    return new Figure.Lines(
        title, "epoch", "||mean|| / ||deviation|| of the gradient", true, true, series);
  }
}
