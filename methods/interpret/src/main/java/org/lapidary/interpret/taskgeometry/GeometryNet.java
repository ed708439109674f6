package org.lapidary.interpret.taskgeometry;

import java.util.List;
import java.util.function.UnaryOperator;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Parameter;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.Sgd;

/**
 * z = phi(W x + b), y = V z; W ~ N(0, 0.09 / d), b = 0 and V of random signs over sqrt(units),
 * which stays as it is.
 */
final class GeometryNet extends Layer implements UnaryLayer {
  private static final double DEVIATION = 0.3;

  /** What phi may be. */
  enum Nonlinearity {
    TANH(Tensor::tanh),
    RELU(Tensor::relu),
    HARD_TANH(x -> x.clamp(-1, 1)),
    LEAKY_RELU(x -> x.leakyRelu(0.8)),
    IDENTITY(x -> x);

    private final UnaryOperator<Tensor> phi;

    Nonlinearity(UnaryOperator<Tensor> phi) {
      this.phi = phi;
    }
  }

  private final int in;
  private final int units;
  private final int outputs;
  private final Nonlinearity phi;
  private final Parameter w;
  private final Parameter b;
  private final Parameter v;

  GeometryNet(int in, int units, int outputs, Nonlinearity phi) {
    this.in = in;
    this.units = units;
    this.outputs = outputs;
    this.phi = phi;
    this.w = parameter("w", Tensor.zeros(units, in));
    this.b = parameter("b", Tensor.zeros(units));
    this.v = buffer("v", Tensor.zeros(outputs, units));
  }

  /** z [n, units]. */
  Tensor hidden(Tensor x) {
    return phi.phi.apply(x.linear(w.value(), b.value()));
  }

  @Override
  public Tensor forward(Tensor x) {
    return hidden(x).linear(v.value(), null);
  }

  /**
   * Full-batch gradient descent on the mean logistic loss.
   *
   * @param targets [n, outputs] of -1 and 1
   */
  void train(Tensor x, Tensor targets, int steps, double rate) {
    requiresGrad(true);
    List<Tensor> learned = List.of(w.tensor(), b.tensor());
    try (Sgd sgd = new Sgd(learned, new Sgd.Settings(0, 0, false))) {
      for (int step = 0; step < steps; step++) {
        try (Scope scope = Scope.open()) {
          Tensor loss = forward(x).mul(targets).neg().softplus().mean();
          sgd.step(Autograd.grad(loss, learned), rate);
        }
      }
    }
  }

  @Override
  protected void draw(Rng rng) {
    w.set(rng.normal(DEVIATION / Math.sqrt(in), units, in));
    v.set(rng.rademacher(outputs, units).div(Math.sqrt(units)));
  }

  @Override
  protected Layer blank() {
    return new GeometryNet(in, units, outputs, phi);
  }
}
