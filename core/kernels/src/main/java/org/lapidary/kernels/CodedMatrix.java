package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/**
 * Weights that are whole numbers of 2, 3, 4 or 8 bits times a float32 scale: w[r, c] = code[r, c] *
 * scale[r, c / group]. Subclasses say how the codes lie in memory.
 */
abstract sealed class CodedMatrix extends RowMatrix permits DenseCodes, SparseCodes, TwoFourCodes {
  static final String KIND = "int";

  private final int bits;
  private final int group;
  private final Scales scales;

  CodedMatrix(int rows, int columns, int bits, int group, Scales scales) {
    super(rows, columns);
    this.bits = bits;
    this.group = group;
    this.scales = scales;
  }

  static CodedMatrix of(
      byte[] codes,
      float[] scales,
      int bits,
      int group,
      int rows,
      int columns,
      PackedMatrix.Pattern pattern) {
    Stored.matrix(codes.length, rows, columns);
    if (bits != 2 && bits != 3 && bits != 4 && bits != 8) {
      throw new IllegalArgumentException("bits is " + bits + "; codes have 2, 3, 4 or 8 bits");
    }
    if (group < 1) {
      throw new IllegalArgumentException(
          "group is " + group + "; a scale serves a group of 1 or more inputs");
    }
    long needed = (long) rows * Math.ceilDiv(columns, group);
    if (scales.length != needed) {
      throw new IllegalArgumentException(
          "%d scales for [%d, %d] in groups of %d, which needs %d"
              .formatted(scales.length, rows, columns, group, needed));
    }
    int least = -(1 << bits - 1);
    for (int i = 0; i < codes.length; i++) {
      if (codes[i] < least || codes[i] >= -least) {
        throw new IllegalArgumentException(
            "the code at index %d is %d; %d bits hold %d to %d"
                .formatted(i, codes[i], bits, least, -least - 1));
      }
    }
    Scales own = Scales.of(scales, rows, Math.ceilDiv(columns, group));
    return switch (pattern) {
      case DENSE -> DenseCodes.of(codes, own, bits, group, rows, columns);
      case TWO_FOUR -> TwoFourCodes.of(codes, own, bits, group, rows, columns);
      case UNSTRUCTURED -> SparseCodes.of(codes, own, bits, group, rows, columns);
    };
  }

  static CodedMatrix of(Meta meta, Map<String, MemorySegment> parts) {
    int bits = meta.integer("bits", 2, 8);
    if (bits > 4 && bits < 8) {
      throw new IllegalArgumentException("bits is " + bits + "; codes have 2, 3, 4 or 8 bits");
    }
    int group = meta.integer("group", 1, Integer.MAX_VALUE);
    meta.cells();
    int groups = Math.ceilDiv(meta.columns(), group);
    MemorySegment part = meta.part(parts, "scales", Scales.size(meta.rows(), groups));
    Scales scales = new Scales(Stored.floats("scales", part), meta.rows(), groups);
    return switch (meta.text("pattern")) {
      case DenseCodes.PATTERN -> DenseCodes.of(meta, parts, bits, group, scales);
      case SparseCodes.PATTERN -> SparseCodes.of(meta, parts, bits, group, scales);
      case TwoFourCodes.PATTERN -> TwoFourCodes.of(meta, parts, bits, group, scales);
      default ->
          throw new IllegalArgumentException(
              "pattern of a packed matrix is '%s'; it is %s, %s or %s"
                  .formatted(
                      meta.text("pattern"),
                      DenseCodes.PATTERN,
                      SparseCodes.PATTERN,
                      TwoFourCodes.PATTERN));
    };
  }

  final int bits() {
    return bits;
  }

  final int group() {
    return group;
  }

  final Scales scales() {
    return scales;
  }

  /** Scales of one row. */
  final int groups() {
    return scales.groups();
  }

  /** The name of the pattern in the serial form. */
  abstract String pattern();

  /** The parts beside the scales. */
  abstract Map<String, MemorySegment> codeParts();

  /** Writes the codes of row r as floats [padded], zeros past the last column. */
  abstract void codes(int r, MemorySegment row);

  /** Whether the groups are whole numbers of what the kernel takes at once. */
  abstract boolean grouped();

  /** {@link #tile} where {@link #grouped}. */
  abstract void blocks(MemorySegment x, int from, int count, MemorySegment sums);

  @Override
  final void tile(MemorySegment x, int from, int count, MemorySegment sums) {
    if (grouped()) {
      blocks(x, from, count, sums);
    } else {
      rowByRow(x, from, count, sums);
    }
  }

  @Override
  final MemorySegment row(int r, MemorySegment scratch) {
    codes(r, scratch);
    for (int g = 0; g < groups(); g++) {
      float s = scales.get(r, g);
      int first = g * group;
      int end = (int) Math.min(columns(), (long) first + group);
      for (int c = first; c < end; c++) {
        long at = (long) c * Float.BYTES;
        scratch.set(DenseProduct.FLOAT, at, s * scratch.get(DenseProduct.FLOAT, at));
      }
    }
    return scratch;
  }

  @Override
  public final Map<String, String> meta() {
    Map<String, String> meta = new HashMap<>(Meta.of(this, KIND));
    meta.put("bits", Integer.toString(bits));
    meta.put("group", Integer.toString(group));
    meta.put("pattern", pattern());
    return Map.copyOf(meta);
  }

  @Override
  public final Map<String, MemorySegment> parts() {
    Map<String, MemorySegment> parts = new HashMap<>(codeParts());
    parts.put("scales", scales.memory().asReadOnly());
    return Map.copyOf(parts);
  }

  @Override
  public final String format() {
    String base = "int" + bits + "-g" + group;
    return pattern().equals(DenseCodes.PATTERN) ? base : base + "-" + pattern();
  }
}
