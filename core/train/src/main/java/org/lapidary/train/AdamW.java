package org.lapidary.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.kernels.FusedAdamW;
import org.lapidary.tensor.Tensor;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, 2019, arXiv 1711.05101), as in PyTorch:
 * w shrinks by rate * decay * w, then moves by rate * m^ / (sqrt(v^) + epsilon). Matrices decay;
 * vectors (biases, norm weights) do not.
 */
public final class AdamW implements Optimizer {

  /** Settings with PyTorch's defaults. */
  public record Settings(double beta1, double beta2, double epsilon, double weightDecay) {
    public static Settings defaults() {
      return new Settings(0.9, 0.999, 1e-8, 0.01);
    }

    /** Adam without decay. */
    public static Settings adam() {
      return new Settings(0.9, 0.999, 1e-8, 0);
    }
  }

  private final Settings settings;
  private final List<Tensor> parameters;
  private final List<Tensor> m = new ArrayList<>();
  private final List<Tensor> v = new ArrayList<>();
  private long steps;

  public AdamW(List<Tensor> parameters, Settings settings) {
    this.settings = settings;
    this.parameters = List.copyOf(parameters);
    for (Tensor p : this.parameters) {
      m.add(Tensor.zeros(p.dtype(), p.shape()).unscoped());
      v.add(Tensor.zeros(p.dtype(), p.shape()).unscoped());
    }
  }

  @Override
  public void step(List<Tensor> gradients, double learningRate) {
    steps++;
    for (int i = 0; i < parameters.size(); i++) {
      Tensor p = parameters.get(i);
      FusedAdamW.step(
          p.segment(),
          gradients.get(i).contiguous().segment(),
          m.get(i).segment(),
          v.get(i).segment(),
          new FusedAdamW.Settings(
              (float) learningRate,
              (float) settings.beta1(),
              (float) settings.beta2(),
              (float) settings.epsilon(),
              p.rank() > 1 ? (float) settings.weightDecay() : 0f),
          steps);
    }
  }

  @Override
  public List<Tensor> parameters() {
    return parameters;
  }

  @Override
  public Map<String, Tensor> state() {
    Map<String, Tensor> state = new LinkedHashMap<>();
    for (int i = 0; i < parameters.size(); i++) {
      state.put("m." + i, m.get(i));
      state.put("v." + i, v.get(i));
    }
    return state;
  }

  @Override
  public long steps() {
    return steps;
  }

  @Override
  public void restore(long done) {
    steps = done;
  }

  @Override
  public void close() {
    m.forEach(Tensor::close);
    v.forEach(Tensor::close);
  }
}
