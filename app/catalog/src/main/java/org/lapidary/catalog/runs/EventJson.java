package org.lapidary.catalog.runs;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Events as lines of JSON. Written with the streaming writer alone, because loading the object
 * mapper would take longer than everything else at a command's start.
 */
final class EventJson {
  private static final JsonFactory WRITER = new JsonFactory();

  private EventJson() {}

  /** Loaded only by who reads. */
  private static final class Reader {
    static final JsonMapper MAPPER =
        JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();
  }

  /** One line, without its end. */
  static String line(Event event) {
    StringWriter out = new StringWriter(128);
    try (JsonGenerator json = WRITER.createGenerator(out)) {
      json.writeStartObject();
      switch (event) {
        case Event.Begin e -> begin(json, e);
        case Event.Setting e -> {
          head(json, "setting", e);
          json.writeStringField("name", e.name());
          json.writeStringField("value", e.value());
        }
        case Event.Progressed e -> {
          head(json, "progress", e);
          json.writeStringField("what", e.what());
          json.writeNumberField("done", e.done());
          json.writeNumberField("steps", e.steps());
          json.writeStringField("note", e.note());
        }
        case Event.Metric e -> {
          head(json, "metric", e);
          json.writeStringField("name", e.name());
          json.writeNumberField("step", e.step());
          if (Double.isFinite(e.value())) {
            json.writeNumberField("value", e.value());
          } else {
            json.writeStringField("value", Double.toString(e.value()));
          }
        }
        case Event.Shown e -> {
          head(json, e.kind().word(), e);
          json.writeFieldName("json");
          json.writeRawValue(e.json().toString());
        }
        case Event.Wrote e -> {
          head(json, "artifact", e);
          json.writeStringField("name", e.name());
          json.writeStringField("path", e.path());
        }
        case Event.Said e -> {
          head(json, "log", e);
          json.writeStringField("text", e.text());
        }
        case Event.End e -> {
          head(json, "end", e);
          json.writeStringField("status", e.status().word());
          if (e.error() != null) {
            json.writeStringField("error", e.error());
          }
        }
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toString();
  }

  private static void head(JsonGenerator json, String event, Event e) throws IOException {
    json.writeStringField("event", event);
    json.writeNumberField("at", e.at());
  }

  private static void begin(JsonGenerator json, Event.Begin e) throws IOException {
    head(json, "begin", e);
    json.writeStringField("id", e.id());
    json.writeStringField("command", e.what().command());
    json.writeArrayFieldStart("argv");
    for (String word : e.what().argv()) {
      json.writeString(word);
    }
    json.writeEndArray();
    json.writeStringField("model", e.what().model());
    map(json, "settings", e.what().settings());
    json.writeArrayFieldStart("seeds");
    for (long seed : e.what().seeds()) {
      json.writeNumber(seed);
    }
    json.writeEndArray();
    map(json, "fingerprints", e.what().fingerprints());
    map(json, "versions", e.versions());
    json.writeStringField("machine", e.machine());
    json.writeNumberField("pid", e.pid());
  }

  private static void map(JsonGenerator json, String name, Map<String, String> pairs)
      throws IOException {
    json.writeObjectFieldStart(name);
    for (Map.Entry<String, String> pair : pairs.entrySet()) {
      json.writeStringField(pair.getKey(), pair.getValue());
    }
    json.writeEndObject();
  }

  /**
   * Reads a line.
   *
   * @throws IllegalArgumentException saying what is wrong with it
   */
  static Event event(String line) {
    JsonNode node;
    try {
      node = Reader.MAPPER.readTree(line);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("not JSON: " + e.getOriginalMessage(), e);
    }
    long at = number(node, "at");
    String kind = text(node, "event");
    return switch (kind) {
      case "begin" ->
          new Event.Begin(
              at,
              text(node, "id"),
              new Beginning(
                  text(node, "command"),
                  texts(field(node, "argv")),
                  text(node, "model"),
                  pairs(field(node, "settings")),
                  numbers(field(node, "seeds")),
                  pairs(field(node, "fingerprints"))),
              pairs(field(node, "versions")),
              text(node, "machine"),
              number(node, "pid"));
      case "setting" -> new Event.Setting(at, text(node, "name"), text(node, "value"));
      case "progress" ->
          new Event.Progressed(
              at,
              text(node, "what"),
              number(node, "done"),
              number(node, "steps"),
              text(node, "note"));
      case "metric" ->
          new Event.Metric(
              at, text(node, "name"), number(node, "step"), value(field(node, "value")));
      case "figure" -> new Event.Shown(at, Output.Kind.FIGURE, field(node, "json"));
      case "section" -> new Event.Shown(at, Output.Kind.SECTION, field(node, "json"));
      case "report" -> new Event.Shown(at, Output.Kind.REPORT, field(node, "json"));
      case "artifact" -> new Event.Wrote(at, text(node, "name"), text(node, "path"));
      case "log" -> new Event.Said(at, text(node, "text"));
      case "end" ->
          new Event.End(
              at,
              RunStatus.of(text(node, "status")),
              node.hasNonNull("error") ? text(node, "error") : null);
      default -> throw new IllegalArgumentException("there is no event '" + kind + "'");
    };
  }

  /** JSON text of a list or a map, as the database keeps them. */
  static String text(Object value) {
    try {
      return Reader.MAPPER.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The other way. */
  static JsonNode tree(String json) {
    try {
      return Reader.MAPPER.readTree(json);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("not JSON: " + e.getOriginalMessage(), e);
    }
  }

  static List<String> texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(each -> texts.add(each.asText()));
    return texts;
  }

  static List<Long> numbers(JsonNode array) {
    List<Long> numbers = new ArrayList<>();
    array.forEach(each -> numbers.add(each.asLong()));
    return numbers;
  }

  static Map<String, String> pairs(JsonNode object) {
    Map<String, String> pairs = new LinkedHashMap<>();
    object.properties().forEach(pair -> pairs.put(pair.getKey(), pair.getValue().asText()));
    return pairs;
  }

  private static JsonNode field(JsonNode node, String name) {
    JsonNode child = node.get(name);
    if (child == null) {
      throw new IllegalArgumentException("\"" + name + "\" is missing");
    }
    return child;
  }

  private static String text(JsonNode node, String name) {
    JsonNode child = field(node, name);
    if (!child.isTextual()) {
      throw new IllegalArgumentException("\"%s\" is a text, not %s".formatted(name, child));
    }
    return child.textValue();
  }

  private static long number(JsonNode node, String name) {
    JsonNode child = field(node, name);
    if (!child.canConvertToLong() || !child.isIntegralNumber()) {
      throw new IllegalArgumentException("\"%s\" is a whole number, not %s".formatted(name, child));
    }
    return child.longValue();
  }

  private static double value(JsonNode node) {
    if (node.isNumber()) {
      return node.doubleValue();
    }
    return switch (node.asText()) {
      case "NaN" -> Double.NaN;
      case "Infinity" -> Double.POSITIVE_INFINITY;
      case "-Infinity" -> Double.NEGATIVE_INFINITY;
      default -> throw new IllegalArgumentException("\"value\" is a number, not " + node);
    };
  }
}
