package org.lapidary.io.model;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.tensor.Tensor;

/**
 * How one tensor of a published format holds one or several of ours.
 *
 * @param theirs its name in the file
 * @param layout how ours lie in it
 * @param ours our parameter paths, in the order in which they lie
 */
record Mapping(String theirs, Layout layout, List<String> ours) {

  /** How our tensors, stacked along their first dimension, become the published one. */
  enum Layout {
    /** As they are. */
    ROWS,
    /** Transposed: GPT-2 keeps its matrices as [in, out]. */
    TRANSPOSED,
    /** q, k and v interleaved per head, [heads, 3, dHead, ...]: GPT-NeoX. */
    PER_HEAD
  }

  static Mapping plain(String theirs, String ours) {
    return new Mapping(theirs, Layout.ROWS, List.of(ours));
  }

  /**
   * The published tensor cut into ours.
   *
   * @param rows the first dimension of each of ours
   * @param heads for {@link Layout#PER_HEAD}
   */
  List<Tensor> split(Tensor published, List<Long> rows, int heads) {
    Tensor stacked =
        switch (layout) {
          case ROWS -> published;
          case TRANSPOSED -> published.rank() == 2 ? published.t() : published;
          case PER_HEAD -> swapHeads(published, heads, 3);
        };
    List<Tensor> parts = new ArrayList<>();
    long from = 0;
    for (long n : rows) {
      parts.add(stacked.slice(0, from, from + n).contiguous().copy());
      from += n;
    }
    return parts;
  }

  /** The inverse of {@link #split}. */
  Tensor join(List<Tensor> parts, int heads) {
    Tensor stacked = parts.size() == 1 ? parts.getFirst() : Tensor.concat(0, parts);
    Tensor published =
        switch (layout) {
          case ROWS -> stacked;
          case TRANSPOSED -> stacked.rank() == 2 ? stacked.t() : stacked;
          case PER_HEAD -> swapHeads(stacked, 3, heads);
        };
    return published.contiguous();
  }

  /** [a, b, dHead, ...] flattened, to [b, a, dHead, ...] flattened. */
  private static Tensor swapHeads(Tensor x, int a, int b) {
    long rest = x.elements() / ((long) a * b);
    return x.reshape(a, b, rest).transpose(0, 1).reshape(x.shape());
  }
}
