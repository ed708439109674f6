package org.lapidary.data;

import static org.lapidary.io.FormatException.quote;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.lapidary.io.Json;
import org.lapidary.nn.Tokenizer;

/**
 * The characters of a text in the order of their code points: the tokenizer of char-level models.
 */
public final class CharVocabulary implements Tokenizer {
  private final int[] characters;

  private CharVocabulary(int[] characters) {
    this.characters = characters;
  }

  /** The characters that occur in a text. */
  public static CharVocabulary of(String text) {
    int[] characters = text.codePoints().distinct().sorted().toArray();
    if (characters.length == 0) {
      throw new IllegalArgumentException("an empty text has no characters; give some text");
    }
    return new CharVocabulary(characters);
  }

  /**
   * @throws IllegalArgumentException if a character does not occur in the text it was made of
   */
  @Override
  public int[] encode(String text) {
    return text.codePoints().map(this::id).toArray();
  }

  private int id(int character) {
    int id = Arrays.binarySearch(characters, character);
    if (id < 0) {
      throw new IllegalArgumentException(
          "the character "
              + quote(Character.toString(character))
              + " is not one of the "
              + characters.length
              + " of this vocabulary: "
              + new String(characters, 0, characters.length).strip());
    }
    return id;
  }

  @Override
  public String decode(int[] ids) {
    StringBuilder text = new StringBuilder(ids.length);
    for (int id : ids) {
      text.appendCodePoint(characters[id]);
    }
    return text.toString();
  }

  @Override
  public String token(int id) {
    return Character.toString(characters[id]);
  }

  @Override
  public int vocab() {
    return characters.length;
  }

  @Override
  public @Nullable Integer bos() {
    return null;
  }

  @Override
  public @Nullable Integer eos() {
    return null;
  }

  /** One piece for every code point, as the Hugging Face model {@code WordLevel}. */
  @Override
  public String json() {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("version", "1.0");
    root.putNull("truncation");
    root.putNull("padding");
    root.putArray("added_tokens");
    root.putNull("normalizer");
    ObjectNode split = root.putObject("pre_tokenizer").put("type", "Split");
    split.putObject("pattern").put("Regex", "[\\s\\S]");
    split.put("behavior", "Isolated").put("invert", false);
    root.putNull("post_processor");
    root.putObject("decoder").put("type", "Fuse");
    ObjectNode model = root.putObject("model").put("type", "WordLevel");
    ObjectNode vocab = model.putObject("vocab");
    for (int id = 0; id < characters.length; id++) {
      vocab.put(token(id), id);
    }
    model.put("unk_token", token(0));
    return Json.format(root);
  }
}
