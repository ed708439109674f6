package org.lapidary.interpret.lazyneuron;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.evidence.Estimate;
import org.lapidary.nn.Intervention;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * Why units fall silent early in training. With y = V p, p = ReLU(.) and V [classes, width] of
 * independent entries of mean zero that do not depend on p, a loss of y pushes active units down on
 * average: dL/dp = V^T (softmax(V p) - onehot), and V_ci grows with the c-th output. For normal
 * entries of deviation s, by Stein's lemma, E[dL/dp_i] = s^2 p_i E[sum_c q_c (1 - q_c)] with q =
 * softmax(V p); for half the squared error it is classes s^2 p_i.
 *
 * @param classes outputs
 * @param width hidden units
 * @param deviation of the entries of V
 * @param draws of V
 */
public record FirstGradient(int classes, int width, double deviation, int draws) {
  /** Draws held at once; bounds the memory. */
  private static final int TOGETHER = 250;

  public static FirstGradient defaults() {
    return new FirstGradient(10, 200, 0.1, 2000);
  }

  public FirstGradient {
    if (classes < 2 || width < 1 || !(deviation > 0) || draws < 2) {
      throw new IllegalArgumentException(
          "this needs 2 classes, 1 unit, a deviation above 0 and 2 draws, was given %d, %d, %s and %d"
              .formatted(classes, width, deviation, draws));
    }
  }

  /** Which loss of V p and a one-hot target. */
  public enum Loss {
    CROSS_ENTROPY,
    /** Half the squared distance. */
    SQUARED
  }

  /**
   * Over draws of V, the mean of dL/dp_i over active units i.
   *
   * @param formula what the mean should be by the formulas above, their expectations estimated from
   *     the same draws
   */
  public record Pushed(Estimate mean, double formula) {}

  /**
   * Draws p, the rectified values of independent normal variables, a class, and then V many times.
   */
  public Pushed estimate(Loss loss, Rng rng) {
    double[] means = new double[draws];
    double formula = 0;
    try (Scope outer = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor p = rng.normal(1, width).relu().to(DType.FLOAT64);
      Tensor active = p.gt(0).to(DType.FLOAT64);
      double count = active.sum().item();
      if (count == 0) {
        throw new IllegalArgumentException("no unit is active; take more than %d".formatted(width));
      }
      double strength = p.sum().item() / count;
      Tensor target = Tensor.of(new long[] {rng.nextInt(classes)}, 1).oneHot(classes);
      for (int from = 0; from < draws; from += TOGETHER) {
        try (Scope scope = Scope.open()) {
          int n = Math.min(TOGETHER, draws - from);
          Tensor v = rng.normal(deviation, n, classes, width).to(DType.FLOAT64);
          Tensor y = v.matmul(p.unsqueeze(1)).squeeze(2);
          Tensor q = loss == Loss.SQUARED ? y : y.softmax(-1);
          Tensor error = q.sub(target.to(DType.FLOAT64)).unsqueeze(1);
          Tensor gradient = error.matmul(v).squeeze(1);
          double[] each = gradient.mul(active).sum(false, 1).div(count).toDoubles();
          System.arraycopy(each, 0, means, from, n);
          double curvature =
              loss == Loss.SQUARED ? (double) classes * n : q.mul(q.subtractFrom(1)).sum().item();
          formula += deviation * deviation * strength * curvature / draws;
        }
      }
    }
    return new Pushed(Estimate.of(means), formula);
  }

  /**
   * For every MLP of a language model, the mean over tokens of the sum of dL/dp_i over its hidden
   * units that are active: positive where the next step of gradient descent pushes them down.
   *
   * @param sequences token ids of one length
   * @return by site {@code blocks.L.mlp.hook_post}
   */
  public static Map<String, Double> ofModel(Model model, int[][] sequences) {
    Map<String, Tensor> added = new LinkedHashMap<>();
    Map<String, Tensor> active = new LinkedHashMap<>();
    Intervention probe =
        new Intervention(
            "blocks.*.mlp.hook_post",
            (path, p) -> {
              Tensor zero = Tensor.zeros(p.dtype(), p.shape()).requiresGrad(true);
              added.put(path, zero);
              active.put(path, p.detach().gt(0).to(p.dtype()));
              return p.add(zero);
            });
    Map<String, Double> sums = new LinkedHashMap<>();
    try (Scope scope = Scope.open();
        var ignored = Autograd.enableGrad()) {
      Tensor tokens = LanguageModeling.tensor(sequences);
      Tensor nats = LanguageModeling.nats(model.with(probe).forward(tokens), tokens);
      if (added.isEmpty()) {
        throw new IllegalArgumentException("the model has no MLP in its blocks");
      }
      List<Tensor> gradients = Autograd.grad(nats.sum(), List.copyOf(added.values()));
      int i = 0;
      for (Map.Entry<String, Tensor> site : active.entrySet()) {
        Tensor mask = site.getValue();
        double tokenCount = (double) mask.elements() / mask.size(-1);
        sums.put(site.getKey(), gradients.get(i++).mul(mask).sum().item() / tokenCount);
      }
    }
    return sums;
  }
}
