package org.lapidary.interpret.basis;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Derivatives of a layer's coordinates by the activations of the layer before, per example.
 *
 * @param leaves activations of layer l at every point of the path, [examples, d]
 * @param outputs coordinates of layer l + 1 there, [examples, r]
 */
record Jacobians(List<Tensor> leaves, List<Tensor> outputs) {

  /**
   * @param f activations of layer l [examples, d]
   * @param intervals 0: at f itself; else points between the mean and f
   */
  static Jacobians of(Chain chain, int l, Tensor f, Basis next, int intervals) {
    List<Tensor> leaves = new ArrayList<>();
    List<Tensor> outputs = new ArrayList<>();
    Tensor mean = f.mean(false, 0);
    for (int i = 0; i < Math.max(1, intervals); i++) {
      double alpha = intervals == 0 ? 1 : (i + 0.5) / intervals;
      Tensor leaf = f.sub(mean).mul(alpha).add(mean).detach().requiresGrad(true);
      leaves.add(leaf);
      outputs.add(next.of(chain.steps().get(l).apply(leaf)));
    }
    return new Jacobians(leaves, outputs);
  }

  int coordinates() {
    return (int) outputs.getFirst().size(1);
  }

  /** d g_k / d f, its mean over the path, [examples, d]. */
  Tensor of(int k) {
    Tensor sum = gradient(0, k);
    for (int i = 1; i < leaves.size(); i++) {
      sum = sum.add(gradient(i, k));
    }
    return sum.div(leaves.size());
  }

  private Tensor gradient(int point, int k) {
    Tensor coordinate = outputs.get(point).slice(1, k, k + 1).sum();
    Tensor one = Tensor.ones(coordinate.dtype(), coordinate.shape());
    return Autograd.grad(coordinate, List.of(leaves.get(point)), one, true, false).getFirst();
  }

  /** M' = E[J^T J], [d, d]. */
  Tensor gram() {
    Tensor sum = Symmetric.gram(of(0));
    for (int k = 1; k < coordinates(); k++) {
      try (Scope one = Scope.open()) {
        Tensor more = one.keep(sum.add(Symmetric.gram(of(k))));
        sum.close();
        sum = more;
      }
    }
    return sum;
  }

  /** E[(d g_k / d h_j)^2 h_j^2] for the coordinates h of this layer, [r of the next][r]. */
  double[][] edges(Basis here, Tensor f) {
    Tensor squares = here.of(f).square();
    Tensor back = here.inverse().t();
    double[][] edges = new double[coordinates()][];
    for (int k = 0; k < edges.length; k++) {
      try (Scope one = Scope.open()) {
        edges[k] = of(k).matmul(back).square().mul(squares).mean(false, 0).toDoubles();
      }
    }
    return edges;
  }
}
