package org.lapidary.interpret.tasks;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.tensor.Rng;

/**
 * Indirect objects without grammar: [BOS, n1, n2, filler, S, END], two different names of which the
 * subject S comes again; what follows END is the other, the indirect object IO. Names are the
 * tokens 0 to names - 1.
 *
 * @param names how many, at least 3
 * @param fillers how many different ones, at least 1
 */
public record MiniIndirectObject(int names, int fillers) implements PromptTask {
  /** Tokens of a prompt. */
  public static final int LENGTH = 6;

  /** 24 names, 4 fillers. */
  public static MiniIndirectObject standard() {
    return new MiniIndirectObject(24, 4);
  }

  public MiniIndirectObject {
    if (names < 3 || fillers < 1) {
      throw new IllegalArgumentException(
          "at least 3 names and 1 filler are needed, were %d and %d".formatted(names, fillers));
    }
  }

  /**
   * What a prompt says.
   *
   * @param indirect the name that comes once, and the answer
   * @param subject the name that comes twice
   * @param indirectFirst whether the indirect object is the first name (ABB) or the second (BAB)
   * @param filler from 0
   */
  public record Attributes(int indirect, int subject, boolean indirectFirst, int filler) {
    /** With another indirect object. */
    public Attributes withIndirect(int other) {
      return new Attributes(other, subject, indirectFirst, filler);
    }

    /** Indices of the values of IO, S and order. */
    public int[] values() {
      return new int[] {indirect, subject, indirectFirst ? 0 : 1};
    }
  }

  /** How many values IO, S and order have. */
  public int[] sizes() {
    return new int[] {names, names, 2};
  }

  /** The number of token ids. */
  public int vocab() {
    return names + 2 + fillers;
  }

  /** Draws what a prompt says. */
  public Attributes draw(Rng rng) {
    int io = rng.nextInt(names);
    return new Attributes(io, other(rng, io), rng.nextBoolean(), rng.nextInt(fillers));
  }

  /** A name that is none of the given ones. */
  public int other(Rng rng, int... not) {
    int name;
    boolean taken;
    do {
      name = rng.nextInt(names);
      taken = false;
      for (int n : not) {
        taken |= n == name;
      }
    } while (taken);
    return name;
  }

  /** Its token ids. */
  public int[] tokens(Attributes a) {
    if (a.indirect == a.subject) {
      throw new IllegalArgumentException(
          "the indirect object and the subject are two names, both were " + a.indirect);
    }
    int bos = names;
    int end = names + 1;
    int first = a.indirectFirst ? a.indirect : a.subject;
    int second = a.indirectFirst ? a.subject : a.indirect;
    return new int[] {bos, first, second, names + 2 + a.filler, a.subject, end};
  }

  @Override
  public String name() {
    return "indirect object without grammar";
  }

  /** Corrupted prompts have the other name a second time. */
  @Override
  public List<PromptPair> pairs(int count, Rng rng) {
    Counts.positive(count, name());
    List<PromptPair> pairs = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Attributes a = draw(rng);
      Attributes swapped =
          new Attributes(a.subject, a.indirect, !a.indirectFirst, a.filler); // the names stay
      pairs.add(
          new PromptPair(
              tokens(a), tokens(swapped), new int[] {a.indirect}, new int[] {a.subject}));
    }
    return pairs;
  }
}
