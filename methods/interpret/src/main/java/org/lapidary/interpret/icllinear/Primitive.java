package org.lapidary.interpret.icllinear;

import org.lapidary.interpret.icllinear.Tape.Places;
import org.lapidary.tensor.Tensor;

/**
 * What one sublayer of a transformer can do to its stream, float64 [batch, position, width].
 * Constructions are lists of these.
 */
sealed interface Primitive {

  /** The stream after it. */
  Tensor apply(Tensor tokens);

  /**
   * Copies between positions: an attention head whose queries and keys are positions. The scores of
   * all other positions lie so far below that the softmax is a choice.
   *
   * @param from where each position reads; itself to keep what it has
   */
  record Move(Places source, Places target, int[] from) implements Primitive {
    private static final double SHARP = 100;

    @Override
    public Tensor apply(Tensor tokens) {
      int n = from.length;
      int[][] pairs = new int[n][];
      for (int t = 0; t < n; t++) {
        if (from[t] > t) {
          throw new IllegalArgumentException(
              "position %d cannot read position %d, which comes after it".formatted(t, from[t]));
        }
        pairs[t] = new int[] {t, from[t]};
      }
      Tensor pattern = Tape.ones(n, n, pairs).mul(SHARP).softmax(1); // [query, key]
      Tensor moved = pattern.matmul(source.read(tokens));
      boolean[] stays = new boolean[n];
      for (int t = 0; t < n; t++) {
        stays[t] = from[t] == t;
      }
      Tensor own = Tensor.of(stays, n, 1);
      return target.write(tokens, Tensor.where(own, target.read(tokens), moved));
    }
  }

  /**
   * A linear map within every token: target = base target + W source + b.
   *
   * @param keep whether what stands at the target stays
   * @param weight [target, source]
   */
  record Affine(Places source, Places target, boolean keep, Tensor weight, double bias)
      implements Primitive {
    @Override
    public Tensor apply(Tensor tokens) {
      Tensor mapped = source.read(tokens).matmul(weight.t()).add(bias);
      return target.write(tokens, keep ? target.read(tokens).add(mapped) : mapped);
    }
  }

  /** How two numbers are multiplied. */
  sealed interface Product {
    Tensor of(Tensor a, Tensor b);

    /** A bilinear unit. */
    record Bilinear() implements Product {
      @Override
      public Tensor of(Tensor a, Tensor b) {
        return a.mul(b);
      }
    }

    /**
     * Three GeLU units: a b = sqrt(pi / 2) (g(s a + s b) - g(s a) - g(s b)) / s^2 up to terms of
     * order s^2, as g(u) = u / 2 + u^2 / sqrt(2 pi) + O(u^4).
     */
    record Gelu(double scale) implements Product {
      @Override
      public Tensor of(Tensor a, Tensor b) {
        Tensor sa = a.mul(scale);
        Tensor sb = b.mul(scale);
        return sa.add(sb)
            .gelu()
            .sub(sa.gelu())
            .sub(sb.gelu())
            .mul(Math.sqrt(Math.PI / 2) / (scale * scale));
      }
    }
  }

  /**
   * Products within every token, target_i = a_{left[i]} b_{right[i]}.
   *
   * @param left indices into a
   * @param right indices into b
   */
  record Multiply(Places a, Places b, int[] left, int[] right, Places target, Product product)
      implements Primitive {
    @Override
    public Tensor apply(Tensor tokens) {
      Tensor first = a.read(tokens).indexSelect(-1, indices(left));
      Tensor second = b.read(tokens).indexSelect(-1, indices(right));
      return target.write(tokens, product.of(first, second));
    }

    private static Tensor indices(int[] at) {
      long[] longs = new long[at.length];
      java.util.Arrays.setAll(longs, i -> at[i]);
      return Tensor.of(longs, at.length);
    }
  }

  /**
   * Quotients by one positive number within every token, by layer norm: of (N y, -N y, x, -x) the
   * mean is 0 and, for large N, the deviation N y / sqrt(m / 2) with m entries, so that x comes out
   * as x / y up to a factor and terms of order (x / N y)^2.
   */
  record Divide(Places numerators, Places denominator, Places target) implements Primitive {
    private static final double LARGE = 1e6;

    @Override
    public Tensor apply(Tensor tokens) {
      Tensor x = numerators.read(tokens);
      Tensor y = denominator.read(tokens).mul(LARGE);
      double entries = 2.0 + 2 * numerators.count();
      Tensor normed = Tensor.concat(-1, y, y.neg(), x, x.neg()).layerNorm(null, null, 0);
      Tensor quotients =
          normed.slice(-1, 2, 2 + numerators.count()).mul(LARGE / Math.sqrt(entries / 2));
      return target.write(tokens, quotients);
    }
  }
}
