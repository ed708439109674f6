package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * The entries above 0 of activations z [tokens, features], by token and by feature. Products with
 * dense rows read only what fired, so the time of the four products that follow an encoder when a
 * sparse dictionary is trained goes with the number of entries:
 *
 * <pre>
 * y = z D            [tokens, width]     {@link #decode}
 * p = e D^T          where z > 0         {@link #products}
 * z^T e, p^T x       [features, width]   {@link #gather}
 * </pre>
 *
 * Long products are halved over two threads where every segment may be reached from both; the bits
 * are the same either way.
 */
public final class SparseActivations {
  private static final int BLOCK = 1 << 20;

  private static final IntVector LANES = IntVector.zero(Lanes.INT).addIndex(1);

  /** Entries of token t are those from start[t] to start[t + 1]. */
  private final int[] start;

  private final int[] feature;
  private final float[] value;
  private final Transposed transposed;

  /** The same entries in the order of the features: where they stand by token, and whose. */
  private record Transposed(int[] start, int[] token, int[] place) {}

  private SparseActivations(int[] start, int[] feature, float[] value, Transposed transposed) {
    this.start = start;
    this.feature = feature;
    this.value = value;
    this.transposed = transposed;
  }

  /**
   * Finds the entries above 0.
   *
   * @param z [tokens, features] float32, row-major
   * @throws IllegalArgumentException if the segment has another size, or a size is below 1
   */
  public static SparseActivations of(MemorySegment z, int tokens, int features) {
    if (tokens < 1 || features < 1) {
      throw new IllegalArgumentException(
          "activations of [tokens " + tokens + ", features " + features + "]; both are at least 1");
    }
    Check.floats(
        "z [tokens " + tokens + ", features " + features + "]", z, (long) tokens * features);
    int[] start = new int[tokens + 1];
    for (int t = 0; t < tokens; t++) {
      start[t + 1] = Math.addExact(start[t], count(z, (long) t * features, features));
    }
    // a vector more than needed: whole vectors are written, of which the next overwrites the rest
    int[] feature = new int[start[tokens] + Lanes.COUNT];
    float[] value = new float[start[tokens] + Lanes.COUNT];
    for (int t = 0; t < tokens; t++) {
      collect(z, (long) t * features, features, feature, value, start[t]);
    }
    return new SparseActivations(
        start, feature, value, transpose(start, feature, start[tokens], features));
  }

  /** How many values of an array are above 0, for who has to choose between sparse and dense. */
  public static long count(MemorySegment z) {
    long n = Check.floats("z", z);
    long count = 0;
    for (long from = 0; from < n; from += BLOCK) {
      count += count(z, from, (int) Math.min(BLOCK, n - from));
    }
    return count;
  }

  private static int count(MemorySegment z, long from, int features) {
    int count = 0;
    int i = 0;
    for (; i <= features - Lanes.COUNT; i += Lanes.COUNT) {
      count += above(DenseProduct.load(z, (from + i) * Float.BYTES)).trueCount();
    }
    return i == features ? count : count + above(tail(z, from, i, features)).trueCount();
  }

  private static FloatVector tail(MemorySegment z, long from, int i, int features) {
    return DenseProduct.load(z, (from + i) * Float.BYTES, Lanes.FLOAT.indexInRange(i, features));
  }

  private static VectorMask<Float> above(FloatVector v) {
    return v.compare(VectorOperators.GT, 0f);
  }

  private static void collect(
      MemorySegment z, long from, int features, int[] feature, float[] value, int first) {
    int n = first;
    int i = 0;
    for (; i <= features - Lanes.COUNT; i += Lanes.COUNT) {
      n += collect(DenseProduct.load(z, (from + i) * Float.BYTES), i, feature, value, n);
    }
    if (i < features) {
      collect(tail(z, from, i, features), i, feature, value, n);
    }
  }

  private static int collect(FloatVector v, int i, int[] feature, float[] value, int n) {
    VectorMask<Float> above = above(v);
    if (!above.anyTrue()) {
      return 0;
    }
    v.compress(above).intoArray(value, n);
    LANES.add(i).compress(above.cast(Lanes.INT)).intoArray(feature, n);
    return above.trueCount();
  }

  private static Transposed transpose(int[] start, int[] feature, int count, int features) {
    int[] byFeature = new int[features + 1];
    for (int k = 0; k < count; k++) {
      byFeature[feature[k] + 1]++;
    }
    for (int f = 0; f < features; f++) {
      byFeature[f + 1] += byFeature[f];
    }
    int[] next = Arrays.copyOf(byFeature, features);
    int[] token = new int[count];
    int[] place = new int[count];
    for (int t = 0; t + 1 < start.length; t++) {
      for (int k = start[t]; k < start[t + 1]; k++) {
        int at = next[feature[k]]++;
        token[at] = t;
        place[at] = k;
      }
    }
    return new Transposed(byFeature, token, place);
  }

  /** Rows of the matrix. */
  public int tokens() {
    return start.length - 1;
  }

  /** Columns of the matrix. */
  public int features() {
    return transposed.start.length - 1;
  }

  /** How many entries are above 0. */
  public int count() {
    return start[tokens()];
  }

  /** The sum of all entries. */
  public double sum() {
    double sum = 0;
    for (int k = 0; k < count(); k++) {
      sum += value[k];
    }
    return sum;
  }

  /** Sets the flags of the features that fired at some token, and leaves the others. */
  public void note(boolean[] fired) {
    int[] first = transposed.start;
    for (int f = 0; f < features(); f++) {
      fired[f] |= first[f + 1] > first[f];
    }
  }

  /** y [features] = the sum over tokens. */
  public void featureSums(MemorySegment y) {
    Check.floats("y [features " + features() + "]", y, features());
    Check.writable("y", y);
    int[] first = transposed.start;
    for (int f = 0; f < features(); f++) {
      float sum = 0;
      for (int k = first[f]; k < first[f + 1]; k++) {
        sum += value[transposed.place[k]];
      }
      y.set(DenseProduct.FLOAT, (long) f * Float.BYTES, sum);
    }
  }

  /**
   * y [tokens, width] = this times rows [features, width].
   *
   * @param y written
   */
  public void decode(MemorySegment rows, int width, MemorySegment y) {
    check("rows [features ", rows, features(), width);
    check("y [tokens ", y, tokens(), width);
    Check.writable("y", y);
    Halves.run(
        tokens(),
        each(width, tokens()),
        (from, to) -> {
          for (int t = (int) from; t < to; t++) {
            RowSums.add(rows, width, feature, value, start[t], start[t + 1], y, t);
          }
        },
        rows,
        y);
  }

  /**
   * y [features, width] = the transpose of this times x [tokens, width].
   *
   * @param y written
   */
  public void gather(MemorySegment x, int width, MemorySegment y) {
    check("x [tokens ", x, tokens(), width);
    check("y [features ", y, features(), width);
    Check.writable("y", y);
    float[] ordered = new float[count()];
    for (int k = 0; k < ordered.length; k++) {
      ordered[k] = value[transposed.place[k]];
    }
    int[] first = transposed.start;
    Halves.run(
        features(),
        each(width, features()),
        (from, to) -> {
          for (int f = (int) from; f < to; f++) {
            RowSums.add(x, width, transposed.token, ordered, first[f], first[f + 1], y, f);
          }
        },
        x,
        y);
  }

  /**
   * Values in the places of these entries: x_t . rows_i + offset for token t and feature i.
   *
   * @param x [tokens, width]
   * @param rows [features, width]
   */
  public SparseActivations products(MemorySegment x, MemorySegment rows, int width, float offset) {
    check("x [tokens ", x, tokens(), width);
    check("rows [features ", rows, features(), width);
    float[] products = new float[value.length];
    Halves.run(
        tokens(),
        each(width, tokens()),
        (from, to) -> {
          for (int t = (int) from; t < to; t++) {
            RowDots.of(x, t, rows, width, feature, start[t], start[t + 1], offset, products);
          }
        },
        x,
        rows);
    return new SparseActivations(start, feature, products, transposed);
  }

  private static void check(String name, MemorySegment matrix, int rows, int width) {
    if (width < 1) {
      throw new IllegalArgumentException("width is " + width + "; it is at least 1");
    }
    Check.floats(name + rows + ", width " + width + "]", matrix, (long) rows * width);
  }

  /** Multiplications per row on average. */
  private long each(int width, int rows) {
    return (long) width * count() / rows;
  }
}
