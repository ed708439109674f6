package org.lapidary.interpret.rerouting;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.lapidary.tensor.Rng;

/**
 * The best suffixes of a search with different losses, the best first. A search that is stuck goes
 * on from a worse one; those before it are archived.
 */
final class Buffer {
  record Entry(int[] suffix, double loss) {}

  private final int size;
  private final List<Entry> entries = new ArrayList<>();
  private final List<Entry> archive = new ArrayList<>();

  Buffer(int size) {
    if (size < 1) {
      throw new IllegalArgumentException("a buffer holds at least 1 suffix, not " + size);
    }
    this.size = size;
  }

  void add(List<int[]> suffixes, double[] losses) {
    for (int i = 0; i < losses.length; i++) {
      entries.add(new Entry(suffixes.get(i), losses[i]));
    }
    entries.sort(Comparator.comparingDouble(Entry::loss)); // stable: of equal ones the older stays
    List<Entry> kept = new ArrayList<>();
    for (Entry e : entries) {
      if (kept.size() < size && (kept.isEmpty() || e.loss != kept.getLast().loss)) {
        kept.add(e);
      }
    }
    entries.clear();
    entries.addAll(kept);
  }

  /** Where the search goes on. */
  Entry first() {
    return entries.getFirst();
  }

  List<Entry> entries() {
    return List.copyOf(entries);
  }

  List<Entry> archive() {
    return List.copyOf(archive);
  }

  /** The best of all, archived ones included. */
  Entry best() {
    return archive.stream()
        .filter(e -> e.loss < first().loss)
        .min(Comparator.comparingDouble(Entry::loss))
        .orElse(first());
  }

  /** Goes on from an entry drawn with probability softmax(-loss). */
  void jump(Rng rng) {
    double least = first().loss;
    double[] weights = entries.stream().mapToDouble(e -> Math.exp(least - e.loss)).toArray();
    double left = rng.nextDouble() * java.util.Arrays.stream(weights).sum();
    int index = 0;
    while (index < weights.length - 1 && (left -= weights[index]) >= 0) {
      index++;
    }
    jumpTo(index);
  }

  void jumpTo(int index) {
    List<Entry> before = entries.subList(0, index);
    archive.addAll(before);
    before.clear();
  }
}
