package org.lapidary.tensor;

/** The element types of a {@link Tensor}. */
public enum DType {
  FLOAT32(4, Kind.FLOAT),
  FLOAT64(8, Kind.FLOAT),
  FLOAT16(2, Kind.FLOAT),
  BFLOAT16(2, Kind.FLOAT),
  INT8(1, Kind.INTEGER),
  UINT8(1, Kind.INTEGER),
  INT16(2, Kind.INTEGER),
  INT32(4, Kind.INTEGER),
  INT64(8, Kind.INTEGER),
  BOOL(1, Kind.BOOL),
  COMPLEX64(8, Kind.COMPLEX),
  COMPLEX128(16, Kind.COMPLEX);

  /** The family of an element type; a later family wins when two meet in one operation. */
  public enum Kind {
    BOOL,
    INTEGER,
    FLOAT,
    COMPLEX
  }

  private final int bytes;
  private final Kind kind;

  DType(int bytes, Kind kind) {
    this.bytes = bytes;
    this.kind = kind;
  }

  /** Bytes per element. */
  public int bytes() {
    return bytes;
  }

  public Kind kind() {
    return kind;
  }

  /** Whether gradients can flow through it: real floating point or complex. */
  public boolean differentiable() {
    return kind == Kind.FLOAT || kind == Kind.COMPLEX;
  }

  public boolean isFloat() {
    return kind == Kind.FLOAT;
  }
}
