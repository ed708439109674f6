package org.lapidary.interpret.basis;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Shape;
import org.lapidary.tensor.Tensor;

/**
 * Two networks side by side that each learn a function of their own three bits: bits, tanh units, a
 * linear layer, tanh units, an output. In the linear layer of both together the coordinates can be
 * turned by R, with its inverse in the matrix that follows, so that nothing but the coordinates
 * changes.
 *
 * @param weights of the four matrices of both together, [out, in]
 * @param biases [out]
 * @param accuracy of the worse of the two functions
 */
record PlantedModules(List<Tensor> weights, List<Tensor> biases, double accuracy) {
  private static final int[] WIDTHS = {3, 12, 4, 12, 3};
  private static final int STEPS = 600;
  private static final double RATE = 0.02;
  private static final double EVEN = 0.3;

  /** Which layer is linear and is turned. */
  static final int LINEAR = 2;

  /** All 64 inputs of six bits, -1 or 1. */
  static Tensor bits() {
    double[] bits = new double[64 * 6];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = (i / 6 >> (i % 6) & 1) == 1 ? 1 : -1;
    }
    return Tensor.of(bits, 64, 6);
  }

  /** Learns two random functions of three bits to three bits. */
  static PlantedModules train(Rng rng) {
    List<Part> parts =
        List.of(Part.train(table(rng), rng.fork(1)), Part.train(table(rng), rng.fork(2)));
    List<Tensor> weights = new ArrayList<>();
    List<Tensor> biases = new ArrayList<>();
    for (int l = 0; l + 1 < WIDTHS.length; l++) {
      weights.add(diagonal(parts.get(0).weights.get(l), parts.get(1).weights.get(l)));
      biases.add(Tensor.concat(0, parts.get(0).biases.get(l), parts.get(1).biases.get(l)));
    }
    return new PlantedModules(
        weights, biases, Math.min(parts.get(0).accuracy, parts.get(1).accuracy));
  }

  /** Three functions of three bits, -1 or 1, each of which every bit can change. */
  private static double[] table(Rng rng) {
    double[] table = new double[24];
    for (int output = 0; output < 3; output++) {
      do {
        for (int i = 0; i < 8; i++) {
          table[i * 3 + output] = rng.nextBoolean() ? 1 : -1;
        }
      } while (!mattersAll(table, output));
    }
    return table;
  }

  private static boolean mattersAll(double[] table, int output) {
    for (int bit = 0; bit < 3; bit++) {
      boolean matters = false;
      for (int i = 0; i < 8; i++) {
        matters |= table[i * 3 + output] != table[(i ^ 1 << bit) * 3 + output];
      }
      if (!matters) {
        return false;
      }
    }
    return true;
  }

  private static Tensor diagonal(Tensor a, Tensor b) {
    Tensor right = Tensor.zeros(DType.FLOAT64, Shape.of(a.size(0), b.size(1)));
    Tensor left = Tensor.zeros(DType.FLOAT64, Shape.of(b.size(0), a.size(1)));
    return Tensor.concat(0, Tensor.concat(1, a, right), Tensor.concat(1, left, b));
  }

  /** One function's own network. */
  private record Part(List<Tensor> weights, List<Tensor> biases, double accuracy) {

    static Part train(double[] table, Rng rng) {
      List<Tensor> weights = new ArrayList<>();
      List<Tensor> biases = new ArrayList<>();
      for (int l = 0; l + 1 < WIDTHS.length; l++) {
        double deviation = 1 / Math.sqrt(WIDTHS[l]);
        weights.add(
            rng.normal(deviation, WIDTHS[l + 1], WIDTHS[l]).to(DType.FLOAT64).requiresGrad(true));
        biases.add(rng.normal(0.1, WIDTHS[l + 1]).to(DType.FLOAT64).requiresGrad(true));
      }
      double[] bits = new double[24];
      for (int i = 0; i < 24; i++) {
        bits[i] = (i / 3 >> (i % 3) & 1) == 1 ? 1 : -1;
      }
      Tensor x = Tensor.of(bits, 8, 3);
      Tensor y = Tensor.of(table, 8, 3);
      List<Tensor> all = new ArrayList<>(weights);
      all.addAll(biases);
      Tensor eye = Tensor.eye(DType.FLOAT64, WIDTHS[LINEAR]);
      descend(
          all,
          () -> {
            List<Tensor> layers = layers(weights, biases, x);
            Tensor f = layers.get(LINEAR);
            Tensor centred = f.sub(f.mean(true, 0));
            Tensor uneven = centred.t().matmul(centred).div(8).sub(eye).square().mean();
            return layers.getLast().sub(y).square().mean().add(uneven.mul(EVEN));
          });
      Tensor output = layers(weights, biases, x).getLast().detach();
      double right = output.mul(y).gt(0).to(DType.FLOAT64).mean().item();
      return new Part(
          weights.stream().map(t -> t.detach().copy()).toList(),
          biases.stream().map(t -> t.detach().copy()).toList(),
          right);
    }
  }

  /** Adam in float64, in place. */
  private static void descend(List<Tensor> parameters, Supplier<Tensor> loss) {
    List<double[]> means = new ArrayList<>();
    List<double[]> squares = new ArrayList<>();
    parameters.forEach(p -> {
      means.add(new double[(int) p.elements()]);
      squares.add(new double[(int) p.elements()]);
    });
    for (int step = 1; step <= STEPS; step++) {
      try (Scope scope = Scope.open()) {
        List<Tensor> gradients = Autograd.grad(loss.get(), parameters);
        double rate = RATE * 0.5 * (1 + Math.cos(Math.PI * step / STEPS));
        for (int i = 0; i < parameters.size(); i++) {
          double[] g = gradients.get(i).toDoubles();
          double[] m = means.get(i);
          double[] v = squares.get(i);
          MemorySegment at = parameters.get(i).segment();
          for (int j = 0; j < g.length; j++) {
            m[j] = 0.9 * m[j] + 0.1 * g[j];
            v[j] = 0.999 * v[j] + 0.001 * g[j] * g[j];
            double change =
                m[j]
                    / (1 - Math.pow(0.9, step))
                    / (Math.sqrt(v[j] / (1 - Math.pow(0.999, step))) + 1e-8);
            double before = at.getAtIndex(ValueLayout.JAVA_DOUBLE_UNALIGNED, j);
            at.setAtIndex(ValueLayout.JAVA_DOUBLE_UNALIGNED, j, before - rate * change);
          }
        }
      }
    }
  }

  private static List<Tensor> layers(List<Tensor> weights, List<Tensor> biases, Tensor x) {
    List<Tensor> all = new ArrayList<>(List.of(x));
    for (int l = 0; l < weights.size(); l++) {
      Tensor z = all.getLast().matmul(weights.get(l).t()).add(biases.get(l));
      all.add(l == 0 || l == 2 ? z.tanh() : z);
    }
    return all;
  }

  /** All layers with the linear one's coordinates turned by R [12, 12]. */
  Chain turned(Tensor r) {
    Tensor inverse = Linalg.inverse(r);
    List<UnaryOperator<Tensor>> steps = new ArrayList<>();
    for (int l = 0; l < weights.size(); l++) {
      Tensor w = weights.get(l);
      Tensor b = biases.get(l);
      if (l == 1) {
        w = r.matmul(w);
        b = r.matmul(b.unsqueeze(1)).squeeze(1);
      } else if (l == 2) {
        w = w.matmul(inverse);
      }
      Tensor matrix = w.t();
      Tensor bias = b;
      boolean bent = l == 0 || l == 2;
      steps.add(x -> {
        Tensor z = x.matmul(matrix).add(bias);
        return bent ? z.tanh() : z;
      });
    }
    return new Chain(bits(), steps);
  }

  /** Coordinates as they were trained. */
  Chain straight() {
    return turned(Tensor.eye(DType.FLOAT64, 2 * WIDTHS[LINEAR]));
  }

  /** A random rotation. */
  static Tensor rotation(int d, Rng rng) {
    return Linalg.qr(rng.normal(1, d, d).to(DType.FLOAT64)).q();
  }

  /** A rotation after whitening: the linear layer's Gram matrix becomes the unit matrix. */
  Tensor whitened(Rng rng) {
    Tensor f = straight().activations().get(LINEAR);
    Symmetric g = Symmetric.of(Symmetric.gram(f.sub(f.mean(false, 0))), 0);
    Tensor whiten = g.scaled(-0.5).matmul(g.vectors().t());
    return rotation((int) f.size(1), rng).matmul(whiten);
  }

  /** A rotation after directions of unequal length: variances differ, and tell directions apart. */
  static Tensor uneven(int d, Rng rng) {
    return rotation(d, rng).mul(rng.uniform(-1, 1, 1, d).to(DType.FLOAT64).exp());
  }

  /** Which of the two networks a unit of a layer belongs to. */
  static int part(int layer, int unit) {
    return unit < WIDTHS[layer] ? 0 : 1;
  }

  /**
   * The share of the interactions of the linear layer with its neighbours that lies inside two
   * blocks: its directions are put where more of theirs lies, its neighbours' directions where more
   * of their coefficients are.
   */
  static double inside(Interactions interactions, List<Basis> bases) {
    double[][] in = interactions.edges().get(LINEAR - 1);
    double[][] out = interactions.edges().get(LINEAR);
    int[] before = parts(LINEAR - 1, bases.get(LINEAR - 1));
    int[] after = parts(LINEAR + 1, bases.get(LINEAR + 1));
    double inside = 0;
    double all = 0;
    for (int d = 0; d < in.length; d++) {
      double[] weight = new double[2];
      for (int j = 0; j < before.length; j++) {
        weight[before[j]] += in[d][j];
      }
      for (int i = 0; i < after.length; i++) {
        weight[after[i]] += out[i][d];
      }
      inside += Math.max(weight[0], weight[1]);
      all += weight[0] + weight[1];
    }
    return inside / all;
  }

  private static int[] parts(int layer, Basis basis) {
    double[] squares = basis.c().square().toDoubles();
    int[] parts = new int[basis.size()];
    for (int r = 0; r < parts.length; r++) {
      double[] weight = new double[2];
      for (int u = 0; u < basis.c().size(0); u++) {
        weight[part(layer, u)] += squares[u * parts.length + r];
      }
      parts[r] = weight[1] > weight[0] ? 1 : 0;
    }
    return parts;
  }
}
