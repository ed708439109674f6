package org.lapidary.interpret.rerouting;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.lapidary.interpret.probe.LogisticProbe;
import org.lapidary.nn.Model;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Where the streams of the last token show whether a gate is closed, by layer.
 *
 * @param layers after each block
 */
public record Subspace(List<Layer> layers) {

  /**
   * One layer.
   *
   * @param probe positive where the gate is open
   * @param accuracy of a probe fitted to one half of the prompts, on the other half
   * @param direction from open to closed, the unit vector between the means [dModel]
   * @param open mean cosine of streams with it where the gate is open
   * @param closed the same where it is closed
   */
  public record Layer(
      LogisticProbe probe, double accuracy, Tensor direction, double open, double closed) {
    public Layer {
      direction.unscoped();
    }
  }

  /**
   * Finds it.
   *
   * @param closed prompts that close the gate, at least 4
   * @param open prompts that do not, as many
   * @param l2 of the probes
   */
  public static Subspace of(Model model, List<int[]> closed, List<int[]> open, double l2) {
    if (closed.size() != open.size() || closed.size() < 4) {
      throw new IllegalArgumentException(
          "give as many prompts with a closed gate as with an open one, at least 4; were %d and %d"
              .formatted(closed.size(), open.size()));
    }
    int depth = model.decoder().blocks().size();
    try (Scope scope = Scope.open()) {
      List<Tensor> off = LastToken.streams(model, closed, depth);
      List<Tensor> on = LastToken.streams(model, open, depth);
      List<Layer> layers = new ArrayList<>();
      for (int l = 0; l < depth; l++) {
        layers.add(layer(off.get(l).to(DType.FLOAT64), on.get(l).to(DType.FLOAT64), l2));
      }
      return new Subspace(layers);
    }
  }

  private static Layer layer(Tensor closed, Tensor open, double l2) {
    long n = closed.size(0);
    long half = n / 2;
    LogisticProbe first =
        LogisticProbe.fit(
            Tensor.concat(0, open.slice(0, 0, half), closed.slice(0, 0, half)),
            labels((int) half, (int) half),
            l2);
    double accuracy =
        first.accuracy(
            Tensor.concat(0, open.slice(0, half, n), closed.slice(0, half, n)),
            labels((int) (n - half), (int) (n - half)));
    LogisticProbe probe =
        LogisticProbe.fit(Tensor.concat(0, open, closed), labels((int) n, (int) n), l2);
    Tensor between = closed.mean(false, 0).sub(open.mean(false, 0));
    Tensor unit = between.div(between.square().sum().sqrt());
    return new Layer(
        probe,
        accuracy,
        unit,
        Surrogate.cosines(open, unit).mean().item(),
        Surrogate.cosines(closed, unit).mean().item());
  }

  private static boolean[] labels(int open, int closed) {
    boolean[] labels = new boolean[open + closed];
    java.util.Arrays.fill(labels, 0, open, true);
    return labels;
  }

  /** The layers of a range whose probes have some accuracy. */
  private Map<Integer, Layer> telling(double accuracy, int from, int to) {
    if (from < 0 || to > layers.size() || from >= to) {
      throw new IllegalArgumentException(
          "the model has layers 0 to %d, cannot take %d to %d"
              .formatted(layers.size() - 1, from, to - 1));
    }
    Map<Integer, Layer> telling = new TreeMap<>();
    for (int l = from; l < to; l++) {
      if (layers.get(l).accuracy() >= accuracy) {
        telling.put(l, layers.get(l));
      }
    }
    return telling;
  }

  /**
   * The probes of the layers that tell closed from open gates.
   *
   * @param accuracy that is asked of them
   * @param from the first layer to take
   * @param to the layer after the last: how much of the model a search runs
   * @throws IllegalArgumentException if no layer has that accuracy
   */
  public Surrogate.Probes probes(double accuracy, int from, int to) {
    Map<Integer, LogisticProbe> probes = new TreeMap<>();
    telling(accuracy, from, to).forEach((l, layer) -> probes.put(l, layer.probe()));
    return new Surrogate.Probes(probes);
  }

  /** The directions of the same layers. */
  public Surrogate.Steering steering(double accuracy, int from, int to) {
    Map<Integer, Layer> telling = telling(accuracy, from, to);
    Map<Integer, Tensor> directions = new TreeMap<>();
    telling.forEach((l, layer) -> directions.put(l, layer.direction()));
    double goal = telling.values().stream().mapToDouble(Layer::open).average().orElse(Double.NaN);
    return new Surrogate.Steering(directions, goal);
  }
}
