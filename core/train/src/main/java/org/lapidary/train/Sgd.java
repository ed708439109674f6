package org.lapidary.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.kernels.FusedSgd;
import org.lapidary.tensor.Tensor;

/** Stochastic gradient descent with momentum and L2 decay, as in PyTorch. */
public final class Sgd implements Optimizer {

  /** {@code weightDecay} is added to the gradient, for every parameter. */
  public record Settings(double momentum, double weightDecay, boolean nesterov) {}

  private final Settings settings;
  private final List<Tensor> parameters;
  private final List<Tensor> velocity = new ArrayList<>();
  private long steps;

  public Sgd(List<Tensor> parameters, Settings settings) {
    this.settings = settings;
    this.parameters = List.copyOf(parameters);
    for (Tensor p : this.parameters) {
      velocity.add(Tensor.zeros(p.dtype(), p.shape()).unscoped());
    }
  }

  @Override
  public void step(List<Tensor> gradients, double learningRate) {
    steps++;
    for (int i = 0; i < parameters.size(); i++) {
      FusedSgd.step(
          parameters.get(i).segment(),
          gradients.get(i).contiguous().segment(),
          velocity.get(i).segment(),
          new FusedSgd.Settings(
              (float) learningRate,
              (float) settings.momentum(),
              (float) settings.weightDecay(),
              settings.nesterov()),
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
    for (int i = 0; i < velocity.size(); i++) {
      state.put("velocity." + i, velocity.get(i));
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
    velocity.forEach(Tensor::close);
  }
}
