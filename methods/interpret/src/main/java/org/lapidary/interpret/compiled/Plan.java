package org.lapidary.interpret.compiled;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.interpret.compiled.GroundTruth.Part;

/**
 * Where everything goes: which sublayer writes a variable, and into which dimensions of the stream.
 * Attention is at the even sublayers, MLPs at the odd ones; every variable is written as early as
 * what it needs allows.
 */
final class Plan {
  /** The dimension that says beginning of sequence, after those of the tokens. */
  private final int bos;

  private final int firstPosition;
  private final Map<Variable, Integer> sublayer = new LinkedHashMap<>();
  private final Map<Variable, Integer> start = new LinkedHashMap<>();
  private final Map<Categorical.Counted, Integer> shareAt = new LinkedHashMap<>();
  private final Map<Integer, List<Variable>> heads = new LinkedHashMap<>();
  private int width;

  private final int positions;

  Plan(Program program) {
    positions = program.length();
    bos = program.alphabet().size();
    firstPosition = bos + 1;
    width = firstPosition + program.length();
    place(program, program.output());
    program.beside().forEach(v -> place(program, v));
  }

  /** What a variable is computed from. */
  static List<Variable> needs(Variable variable) {
    return switch (variable) {
      case Categorical.Tokens t -> List.of();
      case Categorical.Indices i -> List.of();
      case Categorical.Mapped<?, ?> m -> List.of(m.of());
      case Categorical.Joined<?, ?, ?> j -> List.of(j.first(), j.second());
      case Categorical.Picked<?> p -> List.of(p.where().keys(), p.where().queries(), p.of());
      case Categorical.Counted c -> List.of(c.selector().keys(), c.selector().queries());
      case Numerical.Measured<?> m -> List.of(m.of());
      case Numerical.Mean m -> List.of(m.where().keys(), m.where().queries(), m.of());
      case Numerical.Combined c -> List.of(c.x(), c.y());
    };
  }

  /** Whether a head computes it, or the first step of it. */
  static boolean byHead(Variable variable) {
    return variable instanceof Categorical.Picked<?>
        || variable instanceof Numerical.Mean
        || variable instanceof Categorical.Counted;
  }

  private void place(Program program, Variable variable) {
    if (sublayer.containsKey(variable)) {
      return;
    }
    int ready = -1;
    for (Variable need : needs(variable)) {
      place(program, need);
      ready = Math.max(ready, at(need));
    }
    switch (variable) {
      case Categorical.Tokens t -> {
        same("tokens", t.values(), program.alphabet());
        sublayer.put(t, -1);
        start.put(t, 0);
      }
      case Categorical.Indices i -> {
        same("positions", i.values(), Categorical.Indices.upTo(program.length()).values());
        sublayer.put(i, -1);
        start.put(i, firstPosition);
      }
      default -> {
        boolean head = byHead(variable);
        int first = ready + 1;
        int at = first % 2 == (head ? 0 : 1) ? first : first + 1;
        if (head) {
          heads.computeIfAbsent(at / 2, l -> new ArrayList<>()).add(variable);
        }
        if (variable instanceof Categorical.Counted counted) {
          shareAt.put(counted, width++);
          at++; // an MLP turns the share into the count
        }
        sublayer.put(variable, at);
        start.put(variable, width);
        width += size(variable);
      }
    }
  }

  private static void same(String what, List<?> found, List<?> expected) {
    if (!found.equals(expected)) {
      throw new IllegalArgumentException(
          "the program's %s are %s; a variable has %s".formatted(what, expected, found));
    }
  }

  /** Dimensions that a variable takes. */
  static int size(Variable variable) {
    return variable instanceof Categorical<?> c ? c.values().size() : 1;
  }

  private int at(Variable variable) {
    return java.util.Objects.requireNonNull(sublayer.get(variable));
  }

  int start(Variable variable) {
    return java.util.Objects.requireNonNull(start.get(variable));
  }

  /** Where a count's head writes 1 / (1 + count). */
  int share(Categorical.Counted counted) {
    return java.util.Objects.requireNonNull(shareAt.get(counted));
  }

  int bos() {
    return bos;
  }

  int firstPosition() {
    return firstPosition;
  }

  /** Tokens of the longest sequence. */
  int positions() {
    return positions;
  }

  int width() {
    return width;
  }

  int layers() {
    return 1 + sublayer.values().stream().mapToInt(s -> s < 0 ? 0 : s / 2).max().orElse(0);
  }

  /** What the heads of a layer compute, in their order. */
  List<Variable> heads(int layer) {
    return heads.getOrDefault(layer, List.of());
  }

  /** What the MLP of a layer computes. */
  List<Variable> maps(int layer) {
    return sublayer.entrySet().stream()
        .filter(e -> e.getValue() == 2 * layer + 1)
        .map(Map.Entry::getKey)
        .toList();
  }

  /** Who writes a variable. */
  Part writer(Variable variable) {
    int at = at(variable);
    if (at < 0) {
      return Part.EMBEDDING;
    }
    return at % 2 == 0 ? head(variable) : Part.mlp(at / 2);
  }

  /** The head of a variable that has one. */
  Part head(Variable variable) {
    for (Map.Entry<Integer, List<Variable>> e : heads.entrySet()) {
      int index = e.getValue().indexOf(variable);
      if (index >= 0) {
        return new Part(e.getKey(), index);
      }
    }
    throw new IllegalStateException("no head computes " + variable);
  }
}
