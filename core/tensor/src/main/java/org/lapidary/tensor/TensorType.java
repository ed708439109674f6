package org.lapidary.tensor;

/** What is known of a tensor before it is computed: element type and shape. */
public record TensorType(DType dtype, Shape shape) {

  public static TensorType of(DType dtype, long... sizes) {
    return new TensorType(dtype, Shape.of(sizes));
  }

  public long bytes() {
    return shape.elements() * dtype.bytes();
  }

  TensorType as(DType other) {
    return dtype == other ? this : new TensorType(other, shape);
  }

  TensorType as(Shape other) {
    return new TensorType(dtype, other);
  }

  /** For example {@code float32[8, 128]}. */
  @Override
  public String toString() {
    return dtype.name().toLowerCase(java.util.Locale.ROOT) + shape;
  }
}
