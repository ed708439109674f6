package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/**
 * Weights that are whole numbers of 2, 3, 4 or 8 bits times a float32 scale: w[r, c] = code[r, c] *
 * scale[r, c / group]. Subclasses say how the codes lie in memory.
 */
abstract sealed class CodedMatrix extends RowMatrix permits DenseCodes {
  static final String KIND = "int";

  private final int bits;
  private final int group;
  private final MemorySegment scales;

  /** {@code scales} [rows, groups] are ours already. */
  CodedMatrix(int rows, int columns, int bits, int group, MemorySegment scales) {
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
    MemorySegment own = Stored.floats("scales", MemorySegment.ofArray(scales));
    return switch (pattern) {
      case DENSE -> DenseCodes.of(codes, own, bits, group, rows, columns);
      case UNSTRUCTURED, TWO_FOUR -> throw new IllegalArgumentException("not yet");
    };
  }

  static CodedMatrix of(Meta meta, Map<String, MemorySegment> parts) {
    int bits = meta.integer("bits", 2, 8);
    if (bits > 4 && bits < 8) {
      throw new IllegalArgumentException("bits is " + bits + "; codes have 2, 3, 4 or 8 bits");
    }
    int group = meta.integer("group", 1, Integer.MAX_VALUE);
    meta.cells();
    long count = (long) meta.rows() * Math.ceilDiv(meta.columns(), group);
    MemorySegment scales = Stored.floats("scales", meta.part(parts, "scales", count * Float.BYTES));
    return switch (meta.text("pattern")) {
      case DenseCodes.PATTERN -> DenseCodes.of(meta, parts, bits, group, scales);
      default ->
          throw new IllegalArgumentException(
              "pattern of a packed matrix is '%s'; it is %s"
                  .formatted(meta.text("pattern"), DenseCodes.PATTERN));
    };
  }

  final int bits() {
    return bits;
  }

  final int group() {
    return group;
  }

  final MemorySegment scales() {
    return scales;
  }

  /** Scales of one row. */
  final int groups() {
    return Math.ceilDiv(columns(), group);
  }

  /** The name of the pattern in the serial form. */
  abstract String pattern();

  /** The parts beside the scales. */
  abstract Map<String, MemorySegment> codeParts();

  /** Writes the codes of row r as floats [padded], zeros past the last column. */
  abstract void codes(int r, MemorySegment row);

  /** {@link #product} when every group but the last is a whole number of slots. */
  abstract void slotProduct(MemorySegment x, MemorySegment y, long from, long to);

  @Override
  final boolean readsWholeSlots() {
    return true;
  }

  @Override
  final void product(MemorySegment x, MemorySegment y, long from, long to) {
    if (group % SLOT == 0 || group >= columns()) {
      slotProduct(x, y, from, to);
    } else {
      rowByRow(x, y, from, to);
    }
  }

  @Override
  final MemorySegment row(int r, MemorySegment scratch) {
    codes(r, scratch);
    long scale = (long) r * groups() * Float.BYTES;
    for (int g = 0; g < groups(); g++) {
      float s = scales.get(DenseProduct.FLOAT, scale + (long) g * Float.BYTES);
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
    parts.put("scales", scales.asReadOnly());
    return Map.copyOf(parts);
  }

  @Override
  public final String format() {
    String base = "int" + bits + "-g" + group;
    return pattern().equals(DenseCodes.PATTERN) ? base : base + "-" + pattern();
  }
}
