package org.lapidary.catalog;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Check.Relation;
import org.lapidary.evidence.Reproduction.Size;

/** Ledger entries as JSON, its keys always in one order. NaN is {@code null}. */
public final class EntryJson {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private EntryJson() {}

  public static ObjectNode node(Entry entry) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("id", entry.id());
    node.put("size", entry.size().name());
    ArrayNode seeds = node.putArray("seeds");
    entry.seeds().forEach(seeds::add);
    node.put("minutes", entry.minutes());
    node.put("machine", entry.machine());
    ObjectNode versions = node.putObject("versions");
    entry.versions().forEach(versions::put);
    node.put("date", entry.date().toString());
    node.put("holds", entry.holds());
    ArrayNode checks = node.putArray("checks");
    for (Check check : entry.checks()) {
      ObjectNode child = checks.addObject();
      child.put("name", check.name());
      put(child, "measured", check.measured());
      child.put("relation", check.relation().sign());
      put(child, "bound", check.bound());
      child.put("holds", check.holds());
    }
    return node;
  }

  static String text(Entry entry) {
    DefaultPrettyPrinter printer = new DefaultPrettyPrinter();
    printer.indentObjectsWith(new DefaultIndenter("  ", "\n"));
    printer.indentArraysWith(new DefaultIndenter("  ", "\n"));
    try {
      return MAPPER.writer(printer).writeValueAsString(node(entry)) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("ledger entry of " + entry.id(), e);
    }
  }

  /**
   * Reads an entry and checks it again: whether a check holds follows from its figures, whatever
   * the file says.
   *
   * @throws IllegalArgumentException saying what is wrong
   */
  static Entry entry(String json) {
    JsonNode node;
    try {
      node = MAPPER.readTree(json);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          "not JSON at line %d: %s".formatted(e.getLocation().getLineNr(), e.getOriginalMessage()),
          e);
    }
    List<Long> seeds = new ArrayList<>();
    field(node, "seeds").forEach(seed -> seeds.add(seed.asLong()));
    TreeMap<String, String> versions = new TreeMap<>();
    field(node, "versions")
        .properties()
        .forEach(v -> versions.put(v.getKey(), v.getValue().asText()));
    List<Check> checks = new ArrayList<>();
    for (JsonNode check : field(node, "checks")) {
      checks.add(check(check));
    }
    Entry entry =
        new Entry(
            field(node, "id").asText(),
            size(field(node, "size").asText()),
            seeds,
            number(node, "minutes"),
            field(node, "machine").asText(),
            versions,
            date(field(node, "date").asText()),
            checks);
    if (field(node, "holds").asBoolean() != entry.holds()) {
      throw new IllegalArgumentException(
          "\"holds\" is %s, but its checks say %s".formatted(field(node, "holds"), entry.holds()));
    }
    return entry;
  }

  private static Check check(JsonNode node) {
    String sign = field(node, "relation").asText();
    for (Relation relation : Relation.values()) {
      if (relation.sign().equals(sign)) {
        Check check =
            Check.of(
                field(node, "name").asText(),
                number(node, "measured"),
                relation,
                number(node, "bound"));
        if (field(node, "holds").asBoolean() != check.holds()) {
          throw new IllegalArgumentException("\"holds\" contradicts the figures of: " + check);
        }
        return check;
      }
    }
    throw new IllegalArgumentException("there is no relation '" + sign + "'");
  }

  private static Size size(String name) {
    return switch (name) {
      case "SMOKE" -> Size.SMOKE;
      case "FULL" -> Size.FULL;
      default -> throw new IllegalArgumentException("size is SMOKE or FULL, not '" + name + "'");
    };
  }

  private static LocalDate date(String text) {
    try {
      return LocalDate.parse(text);
    } catch (DateTimeException e) {
      throw new IllegalArgumentException("date is like 2026-11-21, not '" + text + "'", e);
    }
  }

  private static JsonNode field(JsonNode node, String name) {
    JsonNode child = node.get(name);
    if (child == null) {
      throw new IllegalArgumentException("\"" + name + "\" is missing");
    }
    return child;
  }

  private static void put(ObjectNode node, String name, double x) {
    if (Double.isNaN(x)) {
      node.putNull(name);
    } else if (Double.isInfinite(x)) {
      node.put(name, x > 0 ? "Infinity" : "-Infinity");
    } else {
      node.put(name, x);
    }
  }

  private static double number(JsonNode node, String name) {
    JsonNode child = field(node, name);
    if (child.isNull()) {
      return Double.NaN;
    }
    if (child.isNumber()) {
      return child.asDouble();
    }
    return switch (child.asText()) {
      case "Infinity" -> Double.POSITIVE_INFINITY;
      case "-Infinity" -> Double.NEGATIVE_INFINITY;
      default ->
          throw new IllegalArgumentException("\"%s\" is a number, not %s".formatted(name, child));
    };
  }
}
