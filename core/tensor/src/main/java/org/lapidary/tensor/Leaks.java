package org.lapidary.tensor;

import java.lang.ref.Cleaner;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;

/**
 * Finds tensors that nobody closed. With {@code -Dlapidary.leaks=true} every tensor remembers the
 * operation and the line that made it; one that the garbage collector frees, instead of a scope or
 * a {@link Tensor#close}, is logged. Costs a stack walk per tensor, so it is off by default.
 */
public final class Leaks {
  private Leaks() {}

  static final boolean ON = Boolean.getBoolean("lapidary.leaks");

  private record Origin(String op, String line, TensorType type) {
    @Override
    public String toString() {
      return "%s by %s at %s".formatted(type, op, line);
    }
  }

  private static final Map<Long, Origin> LIVE = new ConcurrentHashMap<>();
  private static final AtomicLong NEXT = new AtomicLong();
  private static final AtomicLong COLLECTED = new AtomicLong();
  private static final Cleaner CLEANER = Cleaner.create();

  static long register(Tensor tensor, String op) {
    String line =
        StackWalker.getInstance()
            .walk(frames ->
                frames
                    .filter(f -> !f.getClassName().startsWith("org.lapidary.tensor."))
                    .findFirst()
                    .map(f -> f.getClassName() + ":" + f.getLineNumber())
                    .orElse("unknown line"));
    long id = NEXT.incrementAndGet();
    LIVE.put(id, new Origin(op, line, tensor.type()));
    CLEANER.register(tensor, () -> collected(id));
    return id;
  }

  static void closed(long id) {
    LIVE.remove(id);
  }

  private static void collected(long id) {
    Origin origin = LIVE.remove(id);
    if (origin != null) {
      COLLECTED.incrementAndGet();
      System.getLogger("org.lapidary.tensor.leaks")
          .log(
              System.Logger.Level.WARNING,
              "a tensor outlived its scope and was left to the garbage collector: " + origin);
    }
  }

  /** How many tensors were left to the garbage collector so far. */
  public static long collected() {
    return COLLECTED.get();
  }

  /** Tensors now alive, counted by what made them, most first; empty unless leaks are watched. */
  public static Map<String, Long> live() {
    Map<String, Long> counts =
        LIVE.values().stream()
            .collect(Collectors.groupingBy(Origin::toString, TreeMap::new, Collectors.counting()));
    return counts;
  }
}
