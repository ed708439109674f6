package org.lapidary.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.lapidary.evidence.Figure;

/**
 * Reads what {@link JsonRenderer} wrote. A {@code null} where a number stood is NaN; an infinity
 * does not come back.
 *
 * <p>All methods throw {@link IllegalArgumentException} naming what is missing or wrong.
 */
public final class JsonReader {
  private JsonReader() {}

  public static Report report(JsonNode node) {
    return new Report(
        text(node, "title"),
        text(node, "subtitle"),
        list(field(node, "sections"), JsonReader::section));
  }

  public static Section section(JsonNode node) {
    return new Section(
        text(node, "id"), text(node, "title"), list(field(node, "blocks"), JsonReader::block));
  }

  private static Block block(JsonNode node) {
    String type = text(node, "type");
    return switch (type) {
      case "text" -> new Block.Text(text(node, "text"));
      case "warning" -> new Block.Warning(text(node, "text"));
      case "keyValues" -> new Block.KeyValues(list(field(node, "entries"), JsonReader::entry));
      case "figure" -> new Block.FigureBlock(figure(field(node, "figure")), text(node, "caption"));
      default -> throw new IllegalArgumentException("there is no block of type '" + type + "'");
    };
  }

  private static Block.Entry entry(JsonNode node) {
    Map<String, Double> numbers = new LinkedHashMap<>();
    field(node, "numbers").properties().forEach(e -> numbers.put(e.getKey(), number(e.getValue())));
    return new Block.Entry(text(node, "key"), text(node, "value"), text(node, "note"), numbers);
  }

  public static Figure figure(JsonNode node) {
    String title = text(node, "title");
    String type = text(node, "type");
    return switch (type) {
      case "table" ->
          new Figure.Table(
              title,
              strings(field(node, "columns")),
              list(field(node, "rows"), row -> list(row, JsonReader::cell)));
      case "lines" ->
          new Figure.Lines(
              title,
              text(node, "xLabel"),
              text(node, "yLabel"),
              field(node, "logX").asBoolean(),
              field(node, "logY").asBoolean(),
              list(field(node, "series"), JsonReader::series));
      case "histogram" ->
          new Figure.Histogram(
              title,
              text(node, "xLabel"),
              numbers(field(node, "edges")),
              numbers(field(node, "counts")));
      case "heatmap" ->
          new Figure.Heatmap(
              title,
              text(node, "xLabel"),
              text(node, "yLabel"),
              strings(field(node, "columns")),
              strings(field(node, "rows")),
              matrix(field(node, "values")));
      case "diagram" ->
          new Figure.Diagram(
              title,
              list(
                  field(node, "nodes"),
                  n ->
                      new Figure.Node(
                          text(n, "id"), text(n, "label"), text(n, "kind"), text(n, "detail"))),
              list(
                  field(node, "edges"),
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
                  field(node, "lines"),
                  line ->
                      new Figure.TokenLine(
                          strings(field(line, "tokens")), numbers(field(line, "values")))));
      case "images" ->
          new Figure.Images(
              title,
              list(
                  field(node, "images"),
                  image ->
                      new Figure.Image(text(image, "caption"), matrix(field(image, "pixels")))));
      default -> throw new IllegalArgumentException("there is no figure of type '" + type + "'");
    };
  }

  private static Figure.Series series(JsonNode node) {
    return new Figure.Series(
        text(node, "name"),
        numbers(field(node, "x")),
        numbers(field(node, "y")),
        numbers(field(node, "low")),
        numbers(field(node, "high")));
  }

  private static Object cell(JsonNode node) {
    if (node.isBoolean()) {
      return node.booleanValue();
    }
    if (node.isNull()) {
      return Double.NaN;
    }
    if (node.isNumber()) {
      return node.isIntegralNumber() ? (Object) node.longValue() : (Object) node.doubleValue();
    }
    return node.asText();
  }

  private static double number(JsonNode node) {
    if (node.isNull()) {
      return Double.NaN;
    }
    if (!node.isNumber()) {
      throw new IllegalArgumentException(node + " is no number");
    }
    return node.doubleValue();
  }

  private static double[] numbers(JsonNode array) {
    double[] numbers = new double[array.size()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = number(array.get(i));
    }
    return numbers;
  }

  private static double[][] matrix(JsonNode array) {
    return list(array, JsonReader::numbers).toArray(double[][]::new);
  }

  private static List<String> strings(JsonNode array) {
    return list(array, JsonNode::asText);
  }

  private static <T> List<T> list(JsonNode array, Function<JsonNode, T> each) {
    if (!array.isArray()) {
      throw new IllegalArgumentException(array + " is no list");
    }
    List<T> all = new ArrayList<>(array.size());
    array.forEach(node -> all.add(each.apply(node)));
    return all;
  }

  private static JsonNode field(JsonNode node, String name) {
    JsonNode child = node.get(name);
    if (child == null) {
      throw new IllegalArgumentException("\"" + name + "\" is missing");
    }
    return child;
  }

  private static String text(JsonNode node, String name) {
    return field(node, name).asText();
  }
}
