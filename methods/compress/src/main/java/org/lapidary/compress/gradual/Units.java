package org.lapidary.compress.gradual;

import org.lapidary.compress.Masks;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

/** What is kept or dropped together in a weight [out, ...]. */
public sealed interface Units {

  /** Every weight by itself, by |w|. */
  record Weights() implements Units {}

  /**
   * Blocks of neighbouring outputs that read one input, by the sum of |w|.
   *
   * @param outputs in a block
   */
  record Blocks(int outputs) implements Units {
    public Blocks {
      if (outputs < 1) {
        throw new IllegalArgumentException("a block has at least one output, was " + outputs);
      }
    }
  }

  /**
   * The same number in every group of neighbours in a row: round((1 - s) size) of {@code size}. At
   * a sparsity of 1 - n/m this is N:M.
   *
   * @param size of a group, m
   */
  record Groups(int size) implements Units {
    public Groups {
      if (size < 1) {
        throw new IllegalArgumentException("a group has at least one weight, was " + size);
      }
    }
  }

  /** round((1 - sparsity) n), how many of n units stay. */
  static long kept(double sparsity, long n) {
    return Math.round((1 - sparsity) * n);
  }

  /**
   * Which weights stay.
   *
   * @param score of every weight [out, ...], the larger the more it matters
   * @return BOOL, of the same shape; units of equal score stay in the order of their index
   */
  default Tensor keep(Tensor score, double sparsity) {
    return switch (this) {
      case Weights ignored -> Masks.keeping(score, kept(sparsity, score.elements()));
      case Blocks ignored -> {
        Tensor scores = scores(score);
        yield spread(Masks.keeping(scores, kept(sparsity, scores.elements())), score);
      }
      case Groups groups -> {
        Tensor rows = score.reshape(score.size(0), -1);
        long stay = kept(sparsity, groups.size());
        yield stay == 0
            ? Masks.keeping(score, 0)
            : Masks.structured(rows, Math.toIntExact(stay), groups.size()).reshape(score.shape());
      }
    };
  }

  /** The scores of all units, flat. */
  default Tensor scores(Tensor score) {
    return switch (this) {
      case Weights ignored -> score.reshape(score.elements());
      case Blocks blocks -> blocked(score, blocks.outputs()).sum(false, 1).reshape(-1);
      case Groups ignored ->
          throw new IllegalArgumentException(
              "groups keep the same number each; they are not compared with one another");
    };
  }

  /** From one BOOL for each unit, flat, to one for each weight of {@code like}'s shape. */
  default Tensor spread(Tensor units, Tensor like) {
    return switch (this) {
      case Weights ignored -> units.reshape(like.shape());
      case Groups ignored -> units.reshape(like.shape());
      case Blocks(int outputs) -> {
        long rows = like.size(0) / outputs;
        long in = like.elements() / like.size(0);
        yield units
            .reshape(rows, 1, in)
            .expand(rows, outputs, in)
            .contiguous()
            .reshape(like.shape());
      }
    };
  }

  private static Tensor blocked(Tensor weight, int outputs) {
    if (weight.size(0) % outputs != 0) {
      throw new ShapeException(
          "blocks of %d outputs do not fit a weight of shape %s; exclude it or choose a divisor of %d"
              .formatted(outputs, weight.shape(), weight.size(0)));
    }
    return weight.reshape(weight.size(0) / outputs, outputs, -1);
  }
}
