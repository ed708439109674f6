package org.lapidary.interpret.taskgeometry;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

/**
 * Conditions under which a network is looked at: one input for each, and the binary variables that
 * tell them apart.
 *
 * @param inputs [conditions, d]
 * @param variables by name, one value a condition
 */
public record Conditions(Tensor inputs, Map<String, boolean[]> variables) {
  private static final double SCALE = 3;

  public Conditions {
    for (Map.Entry<String, boolean[]> v : variables.entrySet()) {
      if (inputs.rank() != 2 || v.getValue().length != inputs.size(0)) {
        throw new ShapeException(
            "the variable '%s' has %d values for conditions of shape %s"
                .formatted(v.getKey(), v.getValue().length, inputs.shape()));
      }
    }
    inputs.unscoped();
    variables = new LinkedHashMap<>(variables);
  }

  /**
   * The four settings of two bits, (a, b, delta a b) / sqrt(2 + delta^2) with a, b = +-1, under a
   * random rotation into d dimensions and times 3. At delta = 0 no hyperplane separates a b; at 1
   * the four points are a tetrahedron.
   */
  public static Conditions twoBits(double delta, int d, Rng rng) {
    try (Scope scope = Scope.open()) {
      double[] latent = new double[4 * 3];
      for (int i = 0; i < 4; i++) {
        double a = (i & 2) == 0 ? -1 : 1;
        double b = (i & 1) == 0 ? -1 : 1;
        double norm = Math.sqrt(2 + delta * delta);
        latent[3 * i] = a / norm;
        latent[3 * i + 1] = b / norm;
        latent[3 * i + 2] = delta * a * b / norm;
      }
      return twoBits(Tensor.of(latent, 4, 3), d, rng);
    }
  }

  /** The four settings of two bits on orthogonal inputs of norm 3. */
  public static Conditions orthogonal(int d, Rng rng) {
    try (Scope scope = Scope.open()) {
      return twoBits(Tensor.eye(DType.FLOAT64, 4), d, rng);
    }
  }

  private static Conditions twoBits(Tensor latent, int d, Rng rng) {
    Tensor axes = Linalg.qr(rng.normal(1, d, latent.size(1)).to(DType.FLOAT64)).q();
    Tensor inputs = latent.matmul(axes.t()).mul(SCALE).to(DType.FLOAT32);
    Map<String, boolean[]> variables = new LinkedHashMap<>();
    variables.put("a", new boolean[] {false, false, true, true});
    variables.put("b", new boolean[] {false, true, false, true});
    return new Conditions(inputs.contiguous().unscoped(), variables);
  }

  /** How many. */
  public int count() {
    return (int) inputs.size(0);
  }

  /** A variable's values. */
  public boolean[] variable(String name) {
    boolean[] values = variables.get(name);
    if (values == null) {
      throw new IllegalArgumentException(
          "there is no variable '%s', only %s".formatted(name, variables.keySet()));
    }
    return values.clone();
  }

  /** The product of two variables of -1 and 1, true where it is 1: XOR up to its sign. */
  public boolean[] product(String first, String second) {
    boolean[] values = variable(first);
    boolean[] other = variable(second);
    for (int i = 0; i < values.length; i++) {
      values[i] = values[i] == other[i];
    }
    return values;
  }

  /** Each condition so many times, with independent normal noise; condition by condition. */
  Tensor noisy(int times, double deviation, Rng rng) {
    List<Tensor> copies = new ArrayList<>();
    for (int i = 0; i < count(); i++) {
      copies.add(inputs.slice(0, i, i + 1).expand(times, inputs.size(1)));
    }
    Tensor all = Tensor.concat(0, copies);
    return all.add(rng.normal(deviation, all.shape().toArray()));
  }
}
