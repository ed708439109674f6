package org.lapidary.interpret.features;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.lapidary.io.FormatException;

/**
 * The texts of tokens as they are shown.
 *
 * @param size how many ids there are
 * @param tokens by id; empty if there is no tokenizer, and a token is then shown as its id
 */
public record Vocabulary(int size, List<String> tokens) {

  public Vocabulary {
    if (!tokens.isEmpty() && tokens.size() != size) {
      throw new IllegalArgumentException("%d tokens for %d ids".formatted(tokens.size(), size));
    }
  }

  /** Texts one after the other, and where each ends. */
  static Vocabulary read(Column ends, Column text) {
    MemorySegment bytes = text.array().data();
    int n = Math.toIntExact(ends.array().elements());
    String[] tokens = new String[n];
    long from = 0;
    for (int i = 0; i < n; i++) {
      long to = ends.longAt(i);
      if (to < from || to > bytes.byteSize()) {
        throw IndexSummary.fault(
            ends.file(),
            "token %d from byte %d to %d".formatted(i, from, to),
            "texts one after the other in %d bytes".formatted(bytes.byteSize()),
            FormatException.DAMAGED);
      }
      tokens[i] =
          new String(
              bytes.asSlice(from, to - from).toArray(ValueLayout.JAVA_BYTE),
              StandardCharsets.UTF_8);
      from = to;
    }
    return new Vocabulary(n, Arrays.asList(tokens));
  }

  /** One token. */
  public String text(int id) {
    return tokens.isEmpty() ? "" + id : tokens.get(id);
  }

  /**
   * Several, as they stand one after the other in a text: where tokens are whole words without the
   * blanks between them, each with one after it.
   */
  public List<String> texts(int[] ids) {
    String after = words() ? " " : "";
    return Arrays.stream(ids).mapToObj(id -> text(id) + after).toList();
  }

  /** Whether no token has a blank at either end, and some have several characters. */
  private boolean words() {
    boolean several = tokens.isEmpty();
    for (String token : tokens) {
      if (!token.equals(token.strip())) {
        return false;
      }
      several |= token.codePointCount(0, token.length()) > 1 && !token.startsWith("<");
    }
    return several;
  }

  /**
   * The ids of the tokens that are this text but for blanks and upper case; if there are none, of
   * those that begin with it, and always of those where the text ends in a star. None for a blank
   * text.
   */
  public List<Integer> matching(String text) {
    boolean all = text.strip().endsWith("*");
    String wanted = plain(all ? text.strip().substring(0, text.strip().length() - 1) : text);
    if (wanted.isEmpty()) {
      return List.of();
    }
    List<Integer> same = new ArrayList<>();
    List<Integer> begun = new ArrayList<>();
    for (int id = 0; id < size; id++) {
      String token = plain(text(id));
      if (token.startsWith(wanted)) {
        begun.add(id);
        if (token.equals(wanted)) {
          same.add(id);
        }
      }
    }
    return same.isEmpty() || all ? begun : same;
  }

  /** Without blanks around it and upper case. */
  static String plain(String text) {
    return text.strip().toLowerCase(Locale.ROOT);
  }
}
