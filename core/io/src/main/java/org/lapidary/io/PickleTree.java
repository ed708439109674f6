package org.lapidary.io;

import java.util.ArrayList;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.io.PickleValue.Dict;
import org.lapidary.io.PickleValue.Instance;
import org.lapidary.io.PickleValue.Sequence;
import org.lapidary.io.PickleValue.Tuple;

/**
 * Checks that what a pickle built can be walked: no cycles, bounded depth, and a bounded number of
 * nodes when every shared part is counted each time it is met (a pickle of a few bytes can
 * otherwise unfold to billions).
 */
final class PickleTree {
  private static final long MAX_NODES = 2L * Unpickler.MAX_VALUES;
  private static final Extent LEAF = new Extent(1, 0);
  private static final Extent OPEN = new Extent(0, 0);

  /** Nodes below a value, itself included, and levels below it. */
  private record Extent(long nodes, int levels) {}

  private final FileBytes file;
  private final long start;

  /** Containers counted so far; {@link #OPEN} while one is being counted. */
  private final Map<PickleValue, Extent> extents = new IdentityHashMap<>();

  private PickleTree(FileBytes file, long start) {
    this.file = file;
    this.start = start;
  }

  static void check(PickleValue root, FileBytes file, long start) {
    new PickleTree(file, start).measure(root, 0);
  }

  private Extent measure(PickleValue value, int depth) {
    Collection<PickleValue> children = children(value);
    if (children.isEmpty()) {
      return LEAF;
    }
    Extent known = extents.get(value);
    if (known == OPEN) {
      throw fault("a value that contains itself", "data without cycles");
    }
    if (known != null) {
      return known;
    }
    if (depth > Unpickler.MAX_DEPTH) {
      throw tooDeep();
    }
    extents.put(value, OPEN);
    long nodes = 1;
    int levels = 0;
    for (PickleValue child : children) {
      Extent extent = measure(child, depth + 1);
      nodes += extent.nodes;
      levels = Math.max(levels, extent.levels + 1);
      if (nodes > MAX_NODES) {
        throw fault("values that unfold to more than " + MAX_NODES, "fewer");
      }
    }
    if (levels > Unpickler.MAX_DEPTH) {
      throw tooDeep();
    }
    Extent extent = new Extent(nodes, levels);
    extents.put(value, extent);
    return extent;
  }

  private static Collection<PickleValue> children(PickleValue value) {
    return switch (value) {
      case Tuple tuple -> tuple.items();
      case Sequence list -> list.items();
      case Dict dict -> dict.entries().values();
      case Instance instance -> {
        List<PickleValue> children = new ArrayList<>(instance.arguments());
        children.add(instance.state());
        yield children;
      }
      default -> List.of();
    };
  }

  private FormatException tooDeep() {
    return fault("nesting deeper than " + Unpickler.MAX_DEPTH, "less");
  }

  private FormatException fault(String found, String expected) {
    return file.fault(
        start, found + " in a pickle", expected, "do not trust this file: no tool writes it so");
  }
}
