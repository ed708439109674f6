package org.lapidary.io;

import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The vocabulary file of llama2.c: the longest token's length, then for each token a score, a
 * length and its bytes. The file does not say how many there are; they end with it.
 *
 * @param longest bytes of the longest token
 * @param tokens in the order of their ids
 */
public record Llama2cTokens(int longest, List<Token> tokens) {

  /**
   * A token.
   *
   * @param score merges with higher scores come first
   * @param bytes what it stands for, mostly UTF-8
   */
  public record Token(float score, byte[] bytes) {}

  /**
   * Reads a vocabulary.
   *
   * @param vocab how many tokens the model has
   * @throws FormatException if the file is damaged or has another number of tokens
   * @throws UncheckedIOException if it cannot be read
   */
  public static Llama2cTokens read(Path path, int vocab) {
    try (Arena arena = Arena.ofConfined()) {
      return parse(FileBytes.map(path, arena), vocab);
    }
  }

  /** Reads a vocabulary already in memory. */
  public static Llama2cTokens parse(String name, MemorySegment bytes, int vocab) {
    return parse(new FileBytes(name, bytes), vocab);
  }

  private static Llama2cTokens parse(FileBytes file, int vocab) {
    ByteCursor in = file.cursor();
    int longest = in.i32("the longest token's length");
    if (longest < 0 || longest > file.size()) {
      throw file.fault(0, "a longest token of " + longest + " bytes", "less than the file has");
    }
    List<Token> tokens = new ArrayList<>();
    while (in.remaining() > 0) {
      long at = in.position();
      float score = in.f32("a score");
      int length = in.i32("a token's length");
      if (length < 0 || length > longest || Float.isNaN(score)) {
        throw file.fault(
            at,
            "token " + tokens.size() + " of " + length + " bytes with score " + score,
            "at most " + longest + " bytes and a number");
      }
      byte[] bytes = in.bytes(length, "a token").toArray(ValueLayout.JAVA_BYTE);
      tokens.add(new Token(score, bytes));
      if (tokens.size() > vocab) {
        break;
      }
    }
    if (tokens.size() != vocab) {
      throw file.fault(
          in.position(),
          (tokens.size() > vocab ? "more than " + vocab : tokens.size()) + " tokens",
          vocab + ", as the model has",
          "take the vocabulary that belongs to the model");
    }
    return new Llama2cTokens(longest, List.copyOf(tokens));
  }
}
