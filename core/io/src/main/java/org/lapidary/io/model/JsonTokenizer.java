package org.lapidary.io.model;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lapidary.io.FormatException;
import org.lapidary.io.Json;
import org.lapidary.nn.Tokenizer;

/** A {@code tokenizer.json}, run by the Hugging Face tokenizers library. */
public final class JsonTokenizer implements Tokenizer {
  private static final List<String> BEGIN =
      List.of("<s>", "<bos>", "<|begin_of_text|>", "<|endoftext|>", "[BOS]");
  private static final List<String> END =
      List.of("</s>", "<eos>", "<|end_of_text|>", "<|endoftext|>", "[EOS]");

  private final HuggingFaceTokenizer library;
  private final String json;
  private final int vocab;
  private final Map<String, Integer> special;

  private JsonTokenizer(
      HuggingFaceTokenizer library, String json, int vocab, Map<String, Integer> special) {
    this.library = library;
    this.json = json;
    this.vocab = vocab;
    this.special = special;
  }

  /**
   * Reads a tokenizer.
   *
   * @throws FormatException if the file is damaged or of a kind the library does not know
   */
  public static JsonTokenizer load(Path file) {
    JsonNode root = Json.read(file);
    System.setProperty("ai.djl.offline", "true");
    System.setProperty("OPT_OUT_TRACKING", "true");
    try {
      HuggingFaceTokenizer library =
          HuggingFaceTokenizer.builder()
              .optTokenizerPath(file)
              .optAddSpecialTokens(false)
              .optTruncation(false)
              .optPadding(false)
              .build();
      return new JsonTokenizer(library, Files.readString(file), size(root), specials(root));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (RuntimeException e) {
      throw new FormatException(
          file.toString(),
          FormatException.NOWHERE,
          String.valueOf(e.getMessage()),
          "a tokenizer that the Hugging Face tokenizers library reads",
          "export the tokenizer again");
    }
  }

  private static int size(JsonNode root) {
    int largest = -1;
    JsonNode vocab = root.path("model").path("vocab");
    if (vocab.isArray()) {
      largest = vocab.size() - 1;
    }
    for (JsonNode id : vocab) {
      largest = Math.max(largest, id.asInt(-1));
    }
    for (JsonNode added : root.path("added_tokens")) {
      largest = Math.max(largest, added.path("id").asInt(-1));
    }
    return largest + 1;
  }

  private static Map<String, Integer> specials(JsonNode root) {
    Map<String, Integer> special = new LinkedHashMap<>();
    for (JsonNode added : root.path("added_tokens")) {
      if (added.path("special").asBoolean()) {
        special.put(added.path("content").asText(), added.path("id").asInt());
      }
    }
    return special;
  }

  @Override
  public int[] encode(String text) {
    long[] ids = library.encode(text, false, false).getIds();
    int[] out = new int[ids.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = (int) ids[i];
    }
    return out;
  }

  @Override
  public String decode(int[] ids) {
    return library.decode(java.util.Arrays.stream(ids).asLongStream().toArray(), true);
  }

  @Override
  public String token(int id) {
    String shown = library.decode(new long[] {id}, false);
    return shown.isEmpty() ? "<" + id + ">" : shown;
  }

  @Override
  public int vocab() {
    return vocab;
  }

  @Override
  public @Nullable Integer bos() {
    return first(BEGIN);
  }

  @Override
  public @Nullable Integer eos() {
    return first(END);
  }

  private @Nullable Integer first(List<String> names) {
    for (String name : names) {
      Integer id = special.get(name);
      if (id != null) {
        return id;
      }
    }
    return null;
  }

  @Override
  public String json() {
    return json;
  }
}
