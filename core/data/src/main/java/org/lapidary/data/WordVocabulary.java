package org.lapidary.data;

import static org.lapidary.io.FormatException.quote;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;
import org.lapidary.io.Json;
import org.lapidary.nn.Nearest;
import org.lapidary.nn.Tokenizer;

/** A closed list of words, separated by blanks: the tokenizer of small languages. */
public final class WordVocabulary implements Tokenizer {
  private final List<String> words;
  private final Map<String, Integer> ids = new HashMap<>();
  private final int bos;

  /**
   * @param words the words by id, without blanks inside, all different
   * @param bos the id of the word that begins a text; it is left out by {@link #decode}
   */
  public WordVocabulary(List<String> words, int bos) {
    this.words = List.copyOf(words);
    this.bos = bos;
    for (int id = 0; id < this.words.size(); id++) {
      String word = this.words.get(id);
      if (word.isEmpty() || word.chars().anyMatch(Character::isWhitespace)) {
        throw new IllegalArgumentException("the word " + quote(word) + " is empty or has a blank");
      }
      if (ids.put(word, id) != null) {
        throw new IllegalArgumentException("the word " + quote(word) + " stands twice");
      }
    }
    if (bos < 0 || bos >= this.words.size()) {
      throw new IllegalArgumentException(bos + " is no id below " + this.words.size());
    }
  }

  public List<String> words() {
    return words;
  }

  /**
   * The id of a word.
   *
   * @throws IllegalArgumentException if it is not on the list
   */
  public int id(String word) {
    Integer id = ids.get(word);
    if (id == null) {
      throw new IllegalArgumentException(
          "the word "
              + quote(word)
              + " is not one of the "
              + words.size()
              + " of this vocabulary; near to it: "
              + String.join(", ", Nearest.names(word, words, 3)));
    }
    return id;
  }

  /**
   * @throws IllegalArgumentException if a word is not on the list
   */
  @Override
  public int[] encode(String text) {
    List<Integer> encoded = new ArrayList<>();
    for (String word : text.strip().split("\\s+")) {
      if (!word.isEmpty()) {
        encoded.add(id(word));
      }
    }
    return encoded.stream().mapToInt(Integer::intValue).toArray();
  }

  @Override
  public String decode(int[] tokens) {
    StringJoiner text = new StringJoiner(" ");
    for (int token : tokens) {
      if (token != bos) {
        text.add(token(token));
      }
    }
    return text.toString();
  }

  @Override
  public String token(int id) {
    return words.get(id);
  }

  @Override
  public int vocab() {
    return words.size();
  }

  @Override
  public Integer bos() {
    return bos;
  }

  @Override
  public @Nullable Integer eos() {
    return null;
  }

  /** Words parted by blanks, as the Hugging Face model {@code WordLevel}. */
  @Override
  public String json() {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("version", "1.0");
    root.putNull("truncation");
    root.putNull("padding");
    root.putArray("added_tokens")
        .addObject()
        .put("id", bos)
        .put("content", words.get(bos))
        .put("single_word", false)
        .put("lstrip", false)
        .put("rstrip", false)
        .put("normalized", false)
        .put("special", true);
    root.putNull("normalizer");
    root.putObject("pre_tokenizer").put("type", "WhitespaceSplit");
    root.putNull("post_processor");
    root.putNull("decoder");
    ObjectNode model = root.putObject("model").put("type", "WordLevel");
    ObjectNode vocab = model.putObject("vocab");
    for (int id = 0; id < words.size(); id++) {
      vocab.put(words.get(id), id);
    }
    model.put("unk_token", words.get(bos));
    return Json.format(root);
  }
}
