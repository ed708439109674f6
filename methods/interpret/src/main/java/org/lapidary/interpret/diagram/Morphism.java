package org.lapidary.interpret.diagram;

import java.util.List;
import java.util.Locale;
import org.lapidary.tensor.Op;

/**
 * What a box does. A box addresses the axes that it touches by name; over all others it is lifted:
 * it acts on every index of them alike.
 */
public sealed interface Morphism {

  /** Its word in the notation. */
  default String word() {
    return getClass().getSimpleName().toLowerCase(Locale.ROOT);
  }

  /** Linear in each of its inputs, or in all of them together. */
  sealed interface Linear extends Morphism {}

  /** A linear box that only places the same numbers differently. */
  sealed interface Rearrangement extends Linear {}

  /**
   * The product of all inputs at equal indices of axes of one name, summed over the axes that the
   * output lacks: inner, outer and element-wise products, sums over axes, transposes, products with
   * learned weights.
   */
  record Contract() implements Linear {}

  /** The same for every index of the axes that the output has and the input lacks. */
  record Repeat() implements Linear {}

  /** The sum of the inputs, each repeated along the axes that it lacks. */
  record Add() implements Linear {}

  /** The input times {@code by / over}. */
  record Scale(double by, Polynomial over) implements Linear {
    public Scale(double by) {
      this(by, Polynomial.ONE);
    }
  }

  /** Another name for an axis. */
  record Rename(String from, String to) implements Rearrangement {}

  /** Several axes become one, the last of them running fastest. */
  record Group(List<String> axes, String into) implements Rearrangement {
    public Group {
      axes = List.copyOf(axes);
    }
  }

  /** One axis becomes several, the last of them running fastest; inverse of {@link Group}. */
  record Ungroup(String axis, List<String> into) implements Rearrangement {
    public Ungroup {
      into = List.copyOf(into);
    }
  }

  /** out[place, tap] = in[stride place + dilation tap]: the linear box of all convolutions. */
  record Window(String axis, String place, String tap, int stride, int dilation)
      implements Rearrangement {
    public Window {
      if (stride < 1 || dilation < 1) {
        throw new DiagramException(
            "stride and dilation of a window are at least 1, were %d and %d"
                .formatted(stride, dilation));
      }
    }
  }

  /** The transpose of {@link Window}: out[i] = sum of in[place, tap] where they meet. */
  record Fold(String axis, String place, String tap, int stride, int dilation) implements Linear {}

  /** Zeros before and after along an axis. */
  record Pad(String axis, Polynomial before, Polynomial after) implements Rearrangement {}

  /** Without the first and the last indices of an axis; transpose of {@link Pad}. */
  record Crop(String axis, Polynomial before, Polynomial after) implements Rearrangement {}

  /** The inputs after one another along an axis. */
  record Join(String axis) implements Rearrangement {}

  /** The input plus a number. */
  record Shift(double by) implements Morphism {}

  /** A function of every element by itself. */
  record Pointwise(Op.Unary.Kind function) implements Morphism {}

  /** The derivative of such a function at every element. */
  record Slope(Op.Unary.Kind function) implements Morphism {}

  /** exp(in) / sum over the axis of exp(in). */
  record Softmax(String axis) implements Morphism {}

  /** (in - mean) / sqrt(variance + epsilon) over some axes. */
  record Normalise(List<String> axes, double epsilon) implements Morphism {
    public Normalise {
      axes = List.copyOf(axes);
    }
  }

  /** 1 / sqrt(variance + epsilon) over some axes, which are gone. */
  record InverseDeviation(List<String> axes, double epsilon) implements Morphism {
    public InverseDeviation {
      axes = List.copyOf(axes);
    }
  }

  /** The largest along an axis. */
  record Max(String axis) implements Morphism {}

  /** 1 at the largest along an axis (the first of them), 0 elsewhere. */
  record Winner(String axis) implements Morphism {}

  /** {@code fill} where the key's index is larger than the query's. */
  record Causal(String query, String key, double fill) implements Morphism {}

  /** Slices of the first input at indices (the second input) along an axis. */
  record Gather(String axis) implements Morphism {}

  /** 1 at the index, 0 elsewhere, along a new last axis. */
  record OneHot(String axis) implements Morphism {}
}
