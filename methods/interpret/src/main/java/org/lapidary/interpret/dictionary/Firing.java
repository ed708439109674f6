package org.lapidary.interpret.dictionary;

import org.lapidary.kernels.SparseActivations;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Tensor;

/**
 * Numbers at those places of [tokens, features] where activations are above 0, and the products
 * that a training step needs of them. Few are kept as a list, so that time goes with their number;
 * many, as where training begins, as a matrix.
 */
sealed interface Firing {
  /** The share of places above 0 from which dense products are faster, measured. */
  double MUCH = 0.25;

  static Firing of(Tensor z) {
    return SparseActivations.count(z.segment()) < MUCH * z.elements() ? sparse(z) : dense(z);
  }

  static Firing sparse(Tensor z) {
    int features = (int) z.size(1);
    return new Few(
        SparseActivations.of(z.contiguous().segment(), (int) z.size(0), features), features);
  }

  static Firing dense(Tensor z) {
    return new Many(z, z.gt(0).to(DType.FLOAT32));
  }

  /** How many places. */
  double count();

  /** The sum of the numbers. */
  double sum();

  /** Sets the flags of the features with a place, and leaves the others. */
  void note(boolean[] fired);

  /** numbers times rows [features, width]: [tokens, width]. */
  Tensor decode(Tensor rows);

  /** In the same places x_t . rows_i + offset, for x [tokens, width] and rows [features, width]. */
  Firing products(Tensor x, Tensor rows, double offset);

  /** The transpose of the numbers times x [tokens, width]: [features, width]. */
  Tensor gather(Tensor x);

  /** Sums over tokens, [features]. */
  Tensor sums();

  /** A list. */
  record Few(SparseActivations entries, int features) implements Firing {
    @Override
    public double count() {
      return entries.count();
    }

    @Override
    public double sum() {
      return entries.sum();
    }

    @Override
    public void note(boolean[] fired) {
      entries.note(fired);
    }

    @Override
    public Tensor decode(Tensor rows) {
      Tensor y = Tensor.zeros(entries.tokens(), rows.size(1));
      entries.decode(rows.contiguous().segment(), (int) rows.size(1), y.segment());
      return y;
    }

    @Override
    public Firing products(Tensor x, Tensor rows, double offset) {
      int width = (int) rows.size(1);
      return new Few(
          entries.products(
              x.contiguous().segment(), rows.contiguous().segment(), width, (float) offset),
          features);
    }

    @Override
    public Tensor gather(Tensor x) {
      Tensor y = Tensor.zeros(features, x.size(1));
      entries.gather(x.contiguous().segment(), (int) x.size(1), y.segment());
      return y;
    }

    @Override
    public Tensor sums() {
      Tensor y = Tensor.zeros(features);
      entries.featureSums(y.segment());
      return y;
    }
  }

  /**
   * A matrix.
   *
   * @param places 1 at the places, else 0
   */
  record Many(Tensor numbers, Tensor places) implements Firing {
    @Override
    public double count() {
      return places.sum().item();
    }

    @Override
    public double sum() {
      return numbers.sum().item();
    }

    @Override
    public void note(boolean[] fired) {
      boolean[] some = places.sum(false, 0).gt(0).toBooleans();
      for (int i = 0; i < some.length; i++) {
        fired[i] |= some[i];
      }
    }

    @Override
    public Tensor decode(Tensor rows) {
      return numbers.matmul(rows);
    }

    @Override
    public Firing products(Tensor x, Tensor rows, double offset) {
      return new Many(x.linear(rows, null).add(offset).mul(places), places);
    }

    @Override
    public Tensor gather(Tensor x) {
      return numbers.t().matmul(x);
    }

    @Override
    public Tensor sums() {
      return numbers.sum(false, 0);
    }
  }
}
