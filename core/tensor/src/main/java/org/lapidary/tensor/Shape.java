package org.lapidary.tensor;

import java.util.Arrays;
import java.util.stream.Collectors;

/** The sizes of a tensor's dimensions; immutable. A scalar has rank 0. */
public final class Shape {
  public static final Shape SCALAR = new Shape(new long[0]);

  private final long[] sizes;

  private Shape(long[] sizes) {
    this.sizes = sizes;
  }

  /**
   * A shape of the given sizes.
   *
   * @throws ShapeException if a size is negative or the number of elements overflows a long
   */
  public static Shape of(long... sizes) {
    long total = 1;
    for (long size : sizes) {
      if (size < 0) {
        throw new ShapeException(
            "a shape has no negative sizes, but was " + Arrays.toString(sizes));
      }
      try {
        total = size == 0 ? total : Math.multiplyExact(total, size);
      } catch (ArithmeticException e) {
        throw new ShapeException("a shape of " + Arrays.toString(sizes) + " is too large", e);
      }
    }
    return new Shape(sizes.clone());
  }

  /** Wraps sizes already known to be valid and not shared. */
  static Shape trusted(long[] sizes) {
    return new Shape(sizes);
  }

  public int rank() {
    return sizes.length;
  }

  /**
   * The size of a dimension; negative dimensions count from the last.
   *
   * @throws ShapeException if there is no such dimension
   */
  public long dim(int dim) {
    return sizes[axis(dim)];
  }

  /** A dimension counted from the first, given one that may count from the last. */
  public int axis(int dim) {
    int axis = dim < 0 ? dim + sizes.length : dim;
    if (axis < 0 || axis >= sizes.length) {
      throw new ShapeException(
          "dimension %d does not exist in shape %s; allowed are %d..%d"
              .formatted(dim, this, -sizes.length, sizes.length - 1));
    }
    return axis;
  }

  /** The number of elements. */
  public long elements() {
    long total = 1;
    for (long size : sizes) {
      total *= size;
    }
    return total;
  }

  public long[] toArray() {
    return sizes.clone();
  }

  /** The sizes themselves, for reading only. */
  long[] raw() {
    return sizes;
  }

  /** This shape with one dimension of another size. */
  public Shape with(int dim, long size) {
    long[] copy = sizes.clone();
    copy[axis(dim)] = size;
    return new Shape(copy);
  }

  /** This shape without one dimension. */
  public Shape without(int dim) {
    int axis = axis(dim);
    long[] copy = new long[sizes.length - 1];
    System.arraycopy(sizes, 0, copy, 0, axis);
    System.arraycopy(sizes, axis + 1, copy, axis, copy.length - axis);
    return new Shape(copy);
  }

  /** This shape with further dimensions at its end. */
  public Shape append(long... more) {
    long[] copy = Arrays.copyOf(sizes, sizes.length + more.length);
    System.arraycopy(more, 0, copy, sizes.length, more.length);
    return of(copy);
  }

  /** The first {@code count} dimensions. */
  public Shape first(int count) {
    return new Shape(Arrays.copyOf(sizes, count));
  }

  /** The last {@code count} dimensions. */
  public Shape last(int count) {
    return new Shape(Arrays.copyOfRange(sizes, sizes.length - count, sizes.length));
  }

  /**
   * The shape that two operands take together by the broadcasting rule: sizes are compared from the
   * last dimension; each pair is equal or one of them is 1.
   */
  static Shape broadcast(String op, Shape a, Shape b) {
    if (Arrays.equals(a.sizes, b.sizes)) {
      return a;
    }
    if (b.sizes.length == 0) {
      return a;
    }
    if (a.sizes.length == 0) {
      return b;
    }
    int rank = Math.max(a.rank(), b.rank());
    long[] out = new long[rank];
    for (int i = 1; i <= rank; i++) {
      long m = i <= a.rank() ? a.sizes[a.rank() - i] : 1;
      long n = i <= b.rank() ? b.sizes[b.rank() - i] : 1;
      if (m != n && m != 1 && n != 1) {
        throw new ShapeException(
            "%s: shapes %s and %s do not broadcast: dimension -%d is %d in the first and %d in the second; they must be equal, or one of them 1"
                .formatted(op, a, b, i, m, n));
      }
      out[rank - i] = m == 1 ? n : m;
    }
    return new Shape(out);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape s && Arrays.equals(sizes, s.sizes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(sizes);
  }

  /** For example {@code [8, 128, 256]}. */
  @Override
  public String toString() {
    return Arrays.stream(sizes)
        .mapToObj(Long::toString)
        .collect(Collectors.joining(", ", "[", "]"));
  }
}
