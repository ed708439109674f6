package org.lapidary.interpret.rerouting;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.lapidary.interpret.probe.LogisticProbe;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Tensor;

/** What a search lowers, from the streams of the last token. */
public sealed interface Surrogate {

  /** How many blocks have to run. */
  int depth();

  /** Below this a search has arrived. */
  double goal();

  /**
   * The losses [batch].
   *
   * @param streams after each of the first {@link #depth} blocks, [batch, dModel]
   */
  Tensor losses(Model model, List<Tensor> streams);

  /**
   * Probe-SSR: the sum over layers of the cross-entropy of a probe with the side on which the gate
   * is open.
   *
   * @param probes by layer, counted from 0; a positive score says that the gate is open
   */
  record Probes(Map<Integer, LogisticProbe> probes) implements Surrogate {
    public Probes {
      probes = new TreeMap<>(some(probes));
    }

    @Override
    public int depth() {
      return deepest(probes);
    }

    @Override
    public double goal() {
      return 0.05;
    }

    @Override
    public Tensor losses(Model model, List<Tensor> streams) {
      return probes.entrySet().stream()
          .map(e -> {
            Tensor x = streams.get(e.getKey());
            Tensor w = e.getValue().weight().to(x.dtype()).unsqueeze(1);
            return x.matmul(w).squeeze(1).add(e.getValue().bias()).neg().softplus();
          })
          .reduce(Tensor::add)
          .orElseThrow();
    }
  }

  /**
   * Steering-SSR: the mean over layers of the cosine with the direction of a closed gate.
   *
   * @param directions by layer, unit vectors [dModel]
   * @param goal what prompts come to that leave the gate open
   */
  record Steering(Map<Integer, Tensor> directions, double goal) implements Surrogate {
    public Steering {
      directions = new TreeMap<>(some(directions));
      directions.values().forEach(Tensor::unscoped);
    }

    @Override
    public int depth() {
      return deepest(directions);
    }

    @Override
    public Tensor losses(Model model, List<Tensor> streams) {
      return directions.entrySet().stream()
          .map(e -> cosines(streams.get(e.getKey()), e.getValue()))
          .reduce(Tensor::add)
          .orElseThrow()
          .div(directions.size());
    }
  }

  /**
   * The output loss -log p(answer), for comparison.
   *
   * @param layers of the model
   */
  record Output(int layers, int answer) implements Surrogate {
    @Override
    public int depth() {
      return layers;
    }

    @Override
    public double goal() {
      return 0.05;
    }

    @Override
    public Tensor losses(Model model, List<Tensor> streams) {
      Tensor last = streams.getLast();
      return model.decoder().unembed(last).logSoftmax(-1).select(1, answer).neg();
    }
  }

  /** Cosines of rows [batch, dModel] with a unit vector [dModel]. */
  static Tensor cosines(Tensor rows, Tensor unit) {
    Tensor along = rows.matmul(unit.to(rows.dtype()).unsqueeze(1)).squeeze(1);
    return along.div(rows.square().sum(false, 1).sqrt());
  }

  private static <T> Map<Integer, T> some(Map<Integer, T> byLayer) {
    if (byLayer.isEmpty()) {
      throw new IllegalArgumentException(
          "no layer tells open from closed gates; lower the accuracy that is asked of probes");
    }
    return byLayer;
  }

  private static int deepest(Map<Integer, ?> byLayer) {
    return 1 + byLayer.keySet().stream().max(Comparator.naturalOrder()).orElseThrow();
  }
}
