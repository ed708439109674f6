package org.lapidary.interpret.dictionary;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Shape;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

/** How a dictionary's pre-activations [..., features] become sparse, non-negative activations. */
public sealed interface Activation {

  /**
   * Activations of the same shape.
   *
   * @param pre W_enc x + b_enc, [..., features]
   * @param x what was read, [..., dIn]
   * @param encoder W_enc [features, dIn]
   */
  default Tensor apply(Tensor pre, Tensor x, Tensor encoder) {
    return apply(pre);
  }

  /**
   * The same for those that need the pre-activations alone.
   *
   * @throws IllegalStateException if this one does not
   */
  Tensor apply(Tensor pre);

  /**
   * What it holds per feature, [features] each, under the names that SAELens gives them and in the
   * order of the record; none where features differ in nothing.
   */
  default Map<String, Tensor> vectors() {
    return Map.of();
  }

  /** With other vectors, in the order of {@link #vectors}. */
  default Activation with(List<Tensor> others) {
    return this;
  }

  /** With its vectors in another floating-point type. */
  default Activation to(DType dtype) {
    return with(vectors().values().stream().map(v -> v.to(dtype)).toList());
  }

  /**
   * Checks that it fits a number of features.
   *
   * @throws IllegalArgumentException if k is larger than that
   * @throws ShapeException if it holds vectors of another length
   */
  default void check(long features) {
    for (Tensor vector : vectors().values()) {
      if (!vector.shape().equals(Shape.of(features))) {
        throw new ShapeException(
            "the activation of a dictionary of %d features holds a vector of the shape %s; one number per feature is needed"
                .formatted(features, vector.shape()));
      }
    }
  }

  /** max(0, pre); made sparse by an L1 penalty in training. */
  record Relu() implements Activation {
    @Override
    public Tensor apply(Tensor pre) {
      return pre.relu();
    }
  }

  /**
   * The k largest of a token, those above 0 (Gao et al., 2024, arXiv 2406.04093).
   *
   * @param k at least 1
   */
  record TopK(int k) implements Activation {
    public TopK {
      if (k < 1) {
        throw new IllegalArgumentException("k must be at least 1, was " + k);
      }
    }

    @Override
    public Tensor apply(Tensor pre) {
      Tensor.Indexed top = pre.topk(k, -1);
      Tensor zeros = Tensor.zeros(pre.dtype(), pre.shape());
      return zeros.scatter(-1, top.indices(), top.values().relu());
    }

    @Override
    public void check(long features) {
      if (k > features) {
        throw new IllegalArgumentException(
            "k is %d and the dictionary has only %d features; choose k from 1 to %d"
                .formatted(k, features, features));
      }
    }
  }

  /**
   * Which features fire and how strongly are read along the same direction, but scaled and shifted
   * apart (Rajamanoharan et al., 2024, arXiv 2404.16014, equation 7): where pre + gateBias is above
   * 0, max(0, exp(logScale) pre + magnitudeBias). A dictionary with this activation has an encoder
   * bias of 0.
   *
   * @param gateBias b_gate [features]
   * @param logScale r_mag [features]
   * @param magnitudeBias b_mag [features]
   */
  record Gated(Tensor gateBias, Tensor logScale, Tensor magnitudeBias) implements Activation {
    /** Where training begins: both paths are max(0, pre). */
    public static Gated initial(int features) {
      return new Gated(zeros(features), zeros(features), zeros(features));
    }

    private static Tensor zeros(int features) {
      return Tensor.zeros(features).unscoped();
    }

    @Override
    public Tensor apply(Tensor pre) {
      Tensor open = pre.add(gateBias).gt(0);
      return magnitude(pre).relu().mul(open.to(pre.dtype()));
    }

    /** What acts on pre as this one acts on pre + shift [features]. */
    Gated shifted(Tensor shift) {
      return new Gated(
          gateBias.add(shift).copy(),
          logScale.copy(),
          magnitudeBias.add(shift.mul(logScale.exp())).copy());
    }

    /** exp(logScale) pre + magnitudeBias. */
    Tensor magnitude(Tensor pre) {
      return pre.mul(logScale.exp()).add(magnitudeBias);
    }

    @Override
    public Map<String, Tensor> vectors() {
      Map<String, Tensor> named = new LinkedHashMap<>();
      named.put("b_gate", gateBias);
      named.put("r_mag", logScale);
      named.put("b_mag", magnitudeBias);
      return named;
    }

    @Override
    public Gated with(List<Tensor> others) {
      return new Gated(others.get(0), others.get(1), others.get(2));
    }
  }

  /**
   * pre where it is above the feature's threshold, else 0 (Rajamanoharan et al., 2024, arXiv
   * 2407.14435).
   *
   * @param threshold [features], at least 0
   */
  record JumpRelu(Tensor threshold) implements Activation {
    public JumpRelu {
      if (threshold.elements() > 0 && !(threshold.min().item() >= 0)) {
        throw new IllegalArgumentException(
            "thresholds must be at least 0, the least is " + threshold.min().item());
      }
    }

    /** Where training begins: one threshold for all features, above 0. */
    public static JumpRelu initial(int features, double threshold) {
      return new JumpRelu(Tensor.full(DType.FLOAT32, Shape.of(features), threshold).unscoped());
    }

    @Override
    public Tensor apply(Tensor pre) {
      return pre.mul(pre.gt(threshold).to(pre.dtype()));
    }

    @Override
    public Map<String, Tensor> vectors() {
      return Map.of("threshold", threshold);
    }

    @Override
    public JumpRelu with(List<Tensor> others) {
      return new JumpRelu(others.getFirst());
    }
  }

  /**
   * 1 / k for the k largest, else 0: the choice of codes from a codebook, whose mean a token
   * becomes (Tamkin et al., 2023, arXiv 2310.17230).
   *
   * @param k at least 1
   */
  record Choice(int k) implements Activation {
    public Choice {
      if (k < 1) {
        throw new IllegalArgumentException("k must be at least 1, was " + k);
      }
    }

    @Override
    public Tensor apply(Tensor pre) {
      Tensor.Indexed top = pre.topk(k, -1);
      Tensor zeros = Tensor.zeros(pre.dtype(), pre.shape());
      return zeros.scatter(-1, top.indices(), top.values().mul(0).add(1.0 / k));
    }

    @Override
    public void check(long features) {
      new TopK(k).check(features);
    }
  }

  /**
   * The hidden units of a mixture of experts as features: max(0, pre) times the weight that the
   * token's routing gives the expert, see {@link ExpertRouting}; one expert's units after
   * another's.
   */
  record Experts(ExpertRouting routing) implements Activation {
    @Override
    public Tensor apply(Tensor pre, Tensor x, Tensor encoder) {
      Tensor gates = routing.gates(routing.scores(x, encoder));
      return pre.relu().mul(routing.perUnit(gates, routing.width(pre.size(-1))));
    }

    @Override
    public Tensor apply(Tensor pre) {
      throw new IllegalStateException(
          "which expert a token is sent to does not follow from the pre-activations; give the token and the encoder too");
    }

    @Override
    public void check(long features) {
      routing.width(features);
    }
  }
}
