package org.lapidary.io.model;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.lapidary.tensor.Shape;
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
    PER_HEAD,
    /** Under a first dimension of one: a ViT's positions. */
    UNDER_ONE,
    /** A matrix as a convolution of one pixel, [out, in, 1, 1]: PoolFormer. */
    POINTWISE
  }

  static Mapping plain(String theirs, String ours) {
    return new Mapping(theirs, Layout.ROWS, List.of(ours));
  }

  static Mapping under(String theirs, String ours) {
    return new Mapping(theirs, Layout.UNDER_ONE, List.of(ours));
  }

  static Mapping pointwise(String theirs, String ours) {
    return new Mapping(theirs, Layout.POINTWISE, List.of(ours));
  }

  /** The shape of the published tensor, from the shapes of ours. */
  long[] publishedShape(List<Shape> shapes) {
    long[] stacked = shapes.getFirst().toArray();
    stacked[0] = shapes.stream().mapToLong(s -> s.dim(0)).sum();
    return switch (layout) {
      case ROWS, PER_HEAD -> stacked;
      case TRANSPOSED -> stacked.length == 2 ? new long[] {stacked[1], stacked[0]} : stacked;
      case UNDER_ONE -> LongStream.concat(LongStream.of(1), LongStream.of(stacked)).toArray();
      case POINTWISE -> LongStream.concat(LongStream.of(stacked), LongStream.of(1, 1)).toArray();
    };
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
          case UNDER_ONE -> published.squeeze(0);
          case POINTWISE -> published.reshape(published.size(0), published.size(1));
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
          case UNDER_ONE -> stacked.unsqueeze(0);
          case POINTWISE -> stacked.reshape(stacked.size(0), stacked.size(1), 1, 1);
        };
    return published.contiguous();
  }

  /** [a, b, dHead, ...] flattened, to [b, a, dHead, ...] flattened. */
  private static Tensor swapHeads(Tensor x, int a, int b) {
    long rest = x.elements() / ((long) a * b);
    return x.reshape(a, b, rest).transpose(0, 1).reshape(x.shape());
  }
}
