package org.lapidary.interpret.iclboolean;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lapidary.interpret.tasks.BooleanPrompts;

/**
 * Points that leave one conjunction only: two that satisfy it, with all other variables -1 and then
 * all 1, and for each of its t literals one that violates this literal alone; t + 2 points.
 *
 * @param x [t + 2][n]
 * @param y [t + 2]
 */
public record Teaching(int[][] x, boolean[] y) {

  /** The points that teach a conjunction. */
  public static Teaching of(int... literals) {
    List<int[]> x = new ArrayList<>();
    for (int other : new int[] {-1, 1}) {
      x.add(Arrays.stream(literals).map(w -> w == 0 ? other : w).toArray());
    }
    for (int j = 0; j < literals.length; j++) {
      if (literals[j] != 0) {
        int[] violating = x.get(1).clone();
        violating[j] = -literals[j];
        x.add(violating);
      }
    }
    boolean[] y = new boolean[x.size()];
    y[0] = true;
    y[1] = true;
    return new Teaching(x.toArray(int[][]::new), y);
  }

  /**
   * A sequence of a conjunction, taught first.
   *
   * @throws IllegalArgumentException if its function has no literals, or the sequence is too short
   */
  public static BooleanPrompts.Sequence before(BooleanPrompts.Sequence sequence) {
    if (sequence.literals().length == 0) {
      throw new IllegalArgumentException("only conjunctions are taught, this has no literals");
    }
    Teaching teaching = of(sequence.literals());
    if (teaching.x.length > sequence.x().length) {
      throw new IllegalArgumentException(
          "%d points teach this conjunction, the sequence has %d"
              .formatted(teaching.x.length, sequence.x().length));
    }
    return sequence.after(teaching.x, teaching.y);
  }

  /** How many points teach a conjunction. */
  public static int length(int[] literals) {
    return 2 + (int) Arrays.stream(literals).filter(w -> w != 0).count();
  }
}
