package org.lapidary.kernels;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The small values of a serial form, read with their ranges: it may come from a hostile file. */
record Meta(Map<String, String> values) {
  /** Rounding up to whole slots must stay within int. */
  private static final int MOST = Integer.MAX_VALUE - RowMatrix.SLOT;

  /** More cells than any machine holds, few enough that sizes in bytes or bits fit a long. */
  private static final long MOST_CELLS = 1L << 50;

  static Map<String, String> of(RowMatrix matrix, String kind) {
    return Map.of(
        "kind",
        kind,
        "rows",
        Integer.toString(matrix.rows()),
        "columns",
        Integer.toString(matrix.columns()));
  }

  String kind() {
    return text("kind");
  }

  int rows() {
    return integer("rows", 1, MOST);
  }

  int columns() {
    return integer("columns", 1, MOST);
  }

  long cells() {
    long cells = (long) rows() * columns();
    if (cells > MOST_CELLS) {
      throw new IllegalArgumentException(
          "a packed matrix of [%d, %d] would have %d cells; at most %d are possible"
              .formatted(rows(), columns(), cells, MOST_CELLS));
    }
    return cells;
  }

  String text(String name) {
    @Nullable String value = values.get(name);
    if (value == null) {
      throw new IllegalArgumentException(
          "a packed matrix needs '%s' in its metadata, which holds %s"
              .formatted(name, values.keySet()));
    }
    return value;
  }

  int integer(String name, int low, int high) {
    String text = text(name);
    try {
      int value = Integer.parseInt(text);
      if (value >= low && value <= high) {
        return value;
      }
    } catch (NumberFormatException e) {
      // told below, with the range
    }
    throw new IllegalArgumentException(
        "%s of a packed matrix is '%s'; it is a whole number from %d to %d"
            .formatted(name, text, low, high));
  }

  /** The part, which must be there. */
  MemorySegment part(Map<String, MemorySegment> parts, String name) {
    @Nullable MemorySegment part = parts.get(name);
    if (part == null) {
      throw new IllegalArgumentException(
          "a packed matrix of kind %s needs the part '%s', but has %s"
              .formatted(kind(), name, parts.keySet()));
    }
    return part;
  }

  /** The part, which must have exactly this size. */
  MemorySegment part(Map<String, MemorySegment> parts, String name, long bytes) {
    MemorySegment part = part(parts, name);
    if (part.byteSize() != bytes) {
      throw new IllegalArgumentException(
          "the part '%s' of a packed %s [%d, %d] holds %d bytes where %d are needed"
              .formatted(name, kind(), rows(), columns(), part.byteSize(), bytes));
    }
    return part;
  }
}
