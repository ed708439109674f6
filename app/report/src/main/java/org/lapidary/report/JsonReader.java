package org.lapidary.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.lapidary.evidence.Figure;

/**
 * Reads what {@link JsonRenderer} wrote: a report or a figure comes back equal, except that an
 * infinity comes back as NaN and a whole number of a table as a {@code Long}.
 */
public final class JsonReader {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private JsonReader() {}

  /**
   * A report from its text.
   *
   * @throws IllegalArgumentException if the text is not JSON or not a report, naming the field
   */
  public static Report report(String json) {
    try {
      return report(MAPPER.readTree(json));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("this is not JSON: " + e.getOriginalMessage(), e);
    }
  }

  /** A report from its tree. */
  public static Report report(JsonNode node) {
    return new Report(
        text(node, "title"), text(node, "subtitle"), list(node, "sections", JsonReader::section));
  }

  /** A section from its tree. */
  public static Section section(JsonNode node) {
    return new Section(
        text(node, "id"), text(node, "title"), list(node, "blocks", JsonReader::block));
  }

  /** A block from its tree. */
  public static Block block(JsonNode node) {
    String type = text(node, "type");
    return switch (type) {
      case "text" -> new Block.Text(text(node, "text"));
      case "warning" -> new Block.Warning(text(node, "text"));
      case "keyValues" -> new Block.KeyValues(list(node, "entries", JsonReader::entry));
      case "figure" -> new Block.FigureBlock(figure(field(node, "figure")), text(node, "caption"));
      default ->
          throw new IllegalArgumentException(
              "no block has the type '%s'; there are text, warning, keyValues and figure"
                  .formatted(type));
    };
  }

  private static Block.Entry entry(JsonNode node) {
    Map<String, Double> numbers = new LinkedHashMap<>();
    field(node, "numbers").properties().forEach(e -> numbers.put(e.getKey(), number(e.getValue())));
    return new Block.Entry(text(node, "key"), text(node, "value"), text(node, "note"), numbers);
  }

  /** A figure from its tree. */
  public static Figure figure(JsonNode node) {
    String type = text(node, "type");
    String title = text(node, "title");
    return switch (type) {
      case "table" ->
          new Figure.Table(
              title,
              strings(node, "columns"),
              list(node, "rows", row -> elements(row, JsonReader::cell)));
      case "lines" ->
          new Figure.Lines(
              title,
              text(node, "xLabel"),
              text(node, "yLabel"),
              flag(node, "logX"),
              flag(node, "logY"),
              list(
                  node,
                  "series",
                  s ->
                      new Figure.Series(
                          text(s, "name"),
                          numbers(s, "x"),
                          numbers(s, "y"),
                          numbers(s, "low"),
                          numbers(s, "high"))));
      case "histogram" ->
          new Figure.Histogram(
              title, text(node, "xLabel"), numbers(node, "edges"), numbers(node, "counts"));
      case "heatmap" ->
          new Figure.Heatmap(
              title,
              text(node, "xLabel"),
              text(node, "yLabel"),
              strings(node, "columns"),
              strings(node, "rows"),
              matrix(node, "values"));
      case "diagram" ->
          new Figure.Diagram(
              title,
              list(
                  node,
                  "nodes",
                  n ->
                      new Figure.Node(
                          text(n, "id"), text(n, "label"), text(n, "kind"), text(n, "detail"))),
              list(
                  node,
                  "edges",
                  e ->
                      new Figure.Edge(
                          text(e, "from"),
                          text(e, "to"),
                          text(e, "label"),
                          number(field(e, "weight")))));
      case "tokenText" ->
          new Figure.TokenText(
              title,
              list(
                  node,
                  "lines",
                  l -> new Figure.TokenLine(strings(l, "tokens"), numbers(l, "values"))));
      case "images" ->
          new Figure.Images(
              title,
              list(node, "images", i -> new Figure.Image(text(i, "caption"), matrix(i, "pixels"))));
      default -> throw new IllegalArgumentException("no figure has the type '" + type + "'");
    };
  }

  private static JsonNode field(JsonNode node, String name) {
    JsonNode child = node.get(name);
    if (child == null) {
      throw new IllegalArgumentException("the field '" + name + "' is missing");
    }
    return child;
  }

  private static String text(JsonNode node, String name) {
    JsonNode child = field(node, name);
    if (!child.isTextual()) {
      throw new IllegalArgumentException("the field '" + name + "' is not a text");
    }
    return child.textValue();
  }

  private static boolean flag(JsonNode node, String name) {
    JsonNode child = field(node, name);
    if (!child.isBoolean()) {
      throw new IllegalArgumentException("the field '" + name + "' is neither true nor false");
    }
    return child.booleanValue();
  }

  private static <T> List<T> list(JsonNode node, String name, Function<JsonNode, T> of) {
    JsonNode child = field(node, name);
    if (!child.isArray()) {
      throw new IllegalArgumentException("the field '" + name + "' is not an array");
    }
    return elements(child, of);
  }

  private static <T> List<T> elements(JsonNode array, Function<JsonNode, T> of) {
    List<T> all = new ArrayList<>(array.size());
    array.forEach(element -> all.add(of.apply(element)));
    return all;
  }

  private static List<String> strings(JsonNode node, String name) {
    return list(
        node,
        name,
        element -> {
          if (!element.isTextual()) {
            throw new IllegalArgumentException(
                "an element of '" + name + "' is not a text: " + element);
          }
          return element.textValue();
        });
  }

  private static double[] numbers(JsonNode node, String name) {
    return list(node, name, JsonReader::number).stream().mapToDouble(x -> x).toArray();
  }

  private static double[][] matrix(JsonNode node, String name) {
    return list(
            node,
            name,
            row -> elements(row, JsonReader::number).stream().mapToDouble(x -> x).toArray())
        .toArray(double[][]::new);
  }

  private static double number(JsonNode node) {
    if (node.isNull()) {
      return Double.NaN;
    }
    if (!node.isNumber()) {
      throw new IllegalArgumentException(node + " is not a number");
    }
    return node.doubleValue();
  }

  private static Object cell(JsonNode node) {
    return switch (node.getNodeType()) {
      case BOOLEAN -> node.booleanValue();
      case STRING -> node.textValue();
      case NULL -> Double.NaN;
      case NUMBER -> node.isIntegralNumber() ? (Object) node.longValue() : node.doubleValue();
      default -> throw new IllegalArgumentException(node + " is not a cell of a table");
    };
  }
}
