package org.lapidary.nn;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Text to token ids and back. */
public interface Tokenizer {
  /** The ids of a text, without special tokens. */
  int[] encode(String text);

  /** The text of ids; special tokens are left out. */
  String decode(int[] ids);

  /** One token as it is shown to people, for example with a leading blank. */
  String token(int id);

  /** The number of ids, special tokens included. */
  int vocab();

  /** The id that begins a text, or null if the model has none. */
  @Nullable Integer bos();

  /** The id that ends a text, or null. */
  @Nullable Integer eos();

  /** The tokenizer as a Hugging Face {@code tokenizer.json}, or null if it has no such form. */
  default @Nullable String json() {
    return null;
  }

  /** The tokens of ids, as shown to people. */
  default List<String> tokens(int[] ids) {
    return java.util.Arrays.stream(ids).mapToObj(this::token).toList();
  }
}
