package org.lapidary.interpret.basis;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Directions in which parameters can move and leave the behaviour on the data as it is, to second
 * order of the behavioural loss B = E ||f - f*||^2.
 *
 * @param layers counts of each matrix, first to last
 * @param parameters in all
 */
public record Degeneracy(List<Layer> layers, long parameters) {
  private static final double TOLERANCE = 1e-10;

  public Degeneracy {
    layers = List.copyOf(layers);
  }

  /**
   * Counts of one matrix W [out, in] (the bias is a column).
   *
   * @param activationRank r_A of E[a a^T], a what enters
   * @param gradientRank r_J of E[J^T J], J the derivative of the outputs by W a
   * @param synchronised sizes of the groups of ReLUs after it that are on and off together, where
   *     there are ReLUs; a unit by itself is a group of 1, dead units are in none
   * @param mixing directions that mix the units of such groups, beyond those of single matrices
   */
  public record Layer(
      int in,
      int out,
      int activationRank,
      int gradientRank,
      List<Integer> synchronised,
      int mixing) {

    /** Directions free because activations depend on one another. */
    public int byActivations() {
      return out * (in - activationRank);
    }

    /** Directions free because gradients do. */
    public int byGradients() {
      return (out - gradientRank) * in;
    }

    /** Directions free for either reason: in out - r_A r_J. */
    public int free() {
      return in * out - activationRank * gradientRank;
    }
  }

  /** Null directions that these counts guarantee; there may be more. */
  public long free() {
    return layers.stream().mapToLong(l -> l.free() + l.mixing()).sum();
  }

  /** N_eff: parameters that may matter; the learning coefficient is at most half of it. */
  public long effective() {
    return parameters - free();
  }

  /**
   * Counts on data.
   *
   * @param gated whether the nonlinearity is a ReLU, so that units that are on together mix
   */
  public static Degeneracy of(Perceptron network, Tensor data, boolean gated) {
    List<Layer> layers = new ArrayList<>();
    try (Scope scope = Scope.open()) {
      Tensor a = data;
      for (int l = 0; l < network.weights().size(); l++) {
        Tensor z = network.pre(l, a).detach();
        Tensor[] jacobian = jacobian(network, l, z);
        int rankA = rank(Symmetric.gram(Perceptron.withOne(a)));
        Tensor sum = Symmetric.gram(jacobian[0]);
        for (int k = 1; k < jacobian.length; k++) {
          sum = sum.add(Symmetric.gram(jacobian[k]));
        }
        boolean hidden = l + 1 < network.weights().size();
        List<int[]> groups = gated && hidden ? groups(z) : List.of();
        layers.add(
            new Layer(
                (int) a.size(1) + 1,
                (int) z.size(1),
                rankA,
                rank(sum),
                groups.stream().map(g -> g.length).toList(),
                mixing(groups, jacobian, z)));
        a = network.nonlinearity().apply(z).detach();
      }
    }
    return new Degeneracy(layers, network.parameters());
  }

  static int rank(Tensor gram) {
    return Symmetric.of(gram, TOLERANCE).rank();
  }

  /** d f_k / d z per example, for every output k [n, out]. */
  private static Tensor[] jacobian(Perceptron network, int l, Tensor z) {
    Tensor leaf = z.copy().requiresGrad(true);
    Tensor output = network.after(l, leaf).add(leaf.sum().mul(0));
    Tensor[] all = new Tensor[(int) output.size(1)];
    for (int k = 0; k < all.length; k++) {
      Tensor coordinate = output.slice(1, k, k + 1).sum();
      Tensor one = Tensor.ones(coordinate.dtype(), coordinate.shape());
      all[k] = Autograd.grad(coordinate, List.of(leaf), one, true, false).getFirst();
    }
    return all;
  }

  /** Units on for the same examples; none that is always off. */
  private static List<int[]> groups(Tensor z) {
    boolean[] on = z.gt(0).toBooleans();
    int n = (int) z.size(0);
    int d = (int) z.size(1);
    Map<String, List<Integer>> byPattern = new HashMap<>();
    for (int i = 0; i < d; i++) {
      StringBuilder pattern = new StringBuilder();
      for (int x = 0; x < n; x++) {
        pattern.append(on[x * d + i] ? '1' : '0');
      }
      if (pattern.indexOf("1") >= 0) {
        byPattern.computeIfAbsent(pattern.toString(), p -> new ArrayList<>()).add(i);
      }
    }
    return byPattern.values().stream()
        .map(g -> g.stream().mapToInt(Integer::intValue).toArray())
        .sorted(Comparator.comparingInt(g -> g[0]))
        .toList();
  }

  /**
   * Mixing a group by 1 + A before and its inverse after changes nothing. What A does before, J A
   * z, is undone after; the directions that are not free within one matrix already are as many as
   * the rank of A -> J A z over all examples and outputs. A group that is always on can be shifted
   * as well, since the next bias takes that back.
   */
  private static int mixing(List<int[]> groups, Tensor[] jacobian, Tensor z) {
    if (groups.isEmpty()) {
      return 0;
    }
    List<Tensor> columns = new ArrayList<>();
    Tensor on = z.gt(0).to(z.dtype()).mean(false, 0);
    Tensor ones = Tensor.ones(z.dtype(), z.shape().with(1, 1));
    double[] share = on.toDoubles();
    for (int[] group : groups) {
      for (int i : group) {
        for (int j : group) {
          columns.add(effect(jacobian, i, z.slice(1, j, j + 1)));
        }
        if (share[i] == 1) {
          columns.add(effect(jacobian, i, ones));
        }
      }
    }
    return rank(Symmetric.gram(Tensor.concat(1, columns).to(DType.FLOAT64)));
  }

  /** What moving unit i by some amounts per example does to all outputs, [outputs * n, 1]. */
  private static Tensor effect(Tensor[] jacobian, int i, Tensor amounts) {
    return Tensor.concat(
        0, Arrays.stream(jacobian).map(k -> k.slice(1, i, i + 1).mul(amounts)).toList());
  }
}
