package org.lapidary.compress.gradual;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The published protocol (section 4): for every sparsity a large pruned network beside the dense
 * one of the same family whose number of parameters is closest to the non-zeros left, both trained
 * by the same recipe.
 *
 * @param large the size of the network that is pruned
 * @param tolerance by how much of the non-zeros the parameters may differ
 */
public record LargeSparseVsSmallDense(int large, double tolerance) {

  /** Within 3%. */
  public static LargeSparseVsSmallDense of(int large) {
    return new LargeSparseVsSmallDense(large, 0.03);
  }

  /** Networks that differ in one size, such as the width. */
  public interface Family {
    /** Trainable scalars at a size; grows with it. */
    long parameters(int size);

    /**
     * Trains and measures a network.
     *
     * @param pruning null for a dense network
     */
    Trained train(int size, @Nullable GradualPruning pruning);
  }

  /**
   * What training gave.
   *
   * @param quality in the family's unit
   * @param nonZeros parameters that are not 0
   */
  public record Trained(double quality, long nonZeros) {}

  /**
   * A pruned network and its dense match.
   *
   * @param size of the dense match
   */
  public record Row(double sparsity, Trained sparse, int size, Trained dense) {}

  /** One row for each pruning. */
  public List<Row> compare(Family family, List<GradualPruning> prunings) {
    List<Row> rows = new ArrayList<>();
    for (GradualPruning pruning : prunings) {
      Trained sparse = family.train(large, pruning);
      int size = match(family, sparse.nonZeros());
      rows.add(new Row(pruning.schedule().last(), sparse, size, family.train(size, null)));
    }
    return rows;
  }

  /**
   * The size whose number of parameters is closest to {@code nonZeros}.
   *
   * @throws IllegalArgumentException if none is within the tolerance
   */
  public int match(Family family, long nonZeros) {
    int best = 1;
    long distance = Long.MAX_VALUE;
    for (int size = 1; size <= large; size++) {
      long off = Math.abs(family.parameters(size) - nonZeros);
      if (off < distance) {
        best = size;
        distance = off;
      }
    }
    if (distance > tolerance * nonZeros) {
      throw new IllegalArgumentException(
          "no dense network of size 1 to %d has within %s%% of %d parameters; size %d has %d"
              .formatted(large, 100 * tolerance, nonZeros, best, family.parameters(best)));
    }
    return best;
  }
}
