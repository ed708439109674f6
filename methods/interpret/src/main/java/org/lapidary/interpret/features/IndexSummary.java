package org.lapidary.interpret.features;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import org.lapidary.io.FileBytes;
import org.lapidary.io.FormatException;
import org.lapidary.io.Json;

/**
 * What an index is of.
 *
 * @param model as the person who made it named it, usually a path
 * @param corpus where the texts come from, in words
 * @param inputSite what the dictionary reads
 * @param outputSite what it writes to
 * @param features how many
 * @param vocab token ids of the model
 * @param texts of the whole corpus
 * @param textsDone how many of them are in the index
 * @param length tokens of a text
 * @param contexts places kept for a feature
 * @param around tokens kept on either side of a place
 * @param withoutEffects why there are no effects on logits, empty if there are or will be
 * @param fingerprint of the dictionary, the corpus and the settings
 */
public record IndexSummary(
    String model,
    String corpus,
    String inputSite,
    String outputSite,
    int features,
    int vocab,
    int texts,
    int textsDone,
    int length,
    int contexts,
    int around,
    String withoutEffects,
    String fingerprint) {
  static final int VERSION = 1;

  /** Tokens that are in the index. */
  public long tokens() {
    return (long) textsDone * length;
  }

  /** Whether all texts are in it. */
  public boolean complete() {
    return textsDone == texts;
  }

  IndexSummary done(int more) {
    return new IndexSummary(
        model,
        corpus,
        inputSite,
        outputSite,
        features,
        vocab,
        texts,
        more,
        length,
        contexts,
        around,
        withoutEffects,
        fingerprint);
  }

  String json() {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("version", VERSION)
        .put("model", model)
        .put("corpus", corpus)
        .put("inputSite", inputSite)
        .put("outputSite", outputSite)
        .put("features", features)
        .put("vocab", vocab)
        .put("texts", texts)
        .put("textsDone", textsDone)
        .put("length", length)
        .put("contexts", contexts)
        .put("around", around)
        .put("withoutEffects", withoutEffects)
        .put("fingerprint", fingerprint);
    return node.toString();
  }

  /**
   * Reads what {@link #json} wrote.
   *
   * @throws FormatException if it is of another version or a number lies outside its range
   */
  static IndexSummary read(String file, String json) {
    byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
    JsonNode node = Json.parse(FileBytes.of(file, bytes));
    int version = node.path("version").asInt(-1);
    if (version != VERSION) {
      throw fault(
          file, "an index of version " + version, "version " + VERSION, "make the index again");
    }
    int texts = number(file, node, "texts", 0, Integer.MAX_VALUE);
    return new IndexSummary(
        node.path("model").asText(""),
        node.path("corpus").asText(""),
        node.path("inputSite").asText(""),
        node.path("outputSite").asText(""),
        number(file, node, "features", 1, Integer.MAX_VALUE),
        number(file, node, "vocab", 1, Integer.MAX_VALUE),
        texts,
        number(file, node, "textsDone", 0, texts),
        number(file, node, "length", 1, Integer.MAX_VALUE),
        number(file, node, "contexts", 1, 1 << 16),
        number(file, node, "around", 0, 1 << 16),
        node.path("withoutEffects").asText(""),
        node.path("fingerprint").asText(""));
  }

  private static int number(String file, JsonNode node, String key, int least, int most) {
    JsonNode value = node.path(key);
    if (!value.isIntegralNumber()
        || !value.canConvertToInt()
        || value.intValue() < least
        || value.intValue() > most) {
      throw fault(
          file,
          key + " " + FormatException.quote(value.toString()),
          "a whole number from %d to %d".formatted(least, most),
          FormatException.DAMAGED);
    }
    return value.intValue();
  }

  static FormatException fault(String file, String found, String expected, String remedy) {
    return new FormatException(file, FormatException.NOWHERE, found, expected, remedy);
  }
}
