package org.lapidary.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Figure.Diagram;
import org.lapidary.evidence.Figure.Heatmap;
import org.lapidary.evidence.Figure.Histogram;
import org.lapidary.evidence.Figure.Images;
import org.lapidary.evidence.Figure.Lines;
import org.lapidary.evidence.Figure.Series;
import org.lapidary.evidence.Figure.Table;
import org.lapidary.evidence.Figure.TokenText;

/**
 * Reports and figures as JSON. Every figure has a {@code type} (the name of its record in lower
 * camel case), a {@code title}, and the components of its record under their own names; every block
 * has a {@code type} of {@code text}, {@code keyValues}, {@code figure} or {@code warning}. A
 * number that JSON cannot hold (NaN, an infinity) is {@code null}.
 */
public final class JsonRenderer {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private JsonRenderer() {}

  public static ObjectNode render(Report report) {
    ObjectNode node = NODES.objectNode();
    node.put("title", report.title());
    node.put("subtitle", report.subtitle());
    ArrayNode sections = node.putArray("sections");
    report.sections().forEach(section -> sections.add(render(section)));
    return node;
  }

  public static ObjectNode render(Section section) {
    ObjectNode node = NODES.objectNode();
    node.put("id", section.id());
    node.put("title", section.title());
    ArrayNode blocks = node.putArray("blocks");
    section.blocks().forEach(block -> blocks.add(render(block)));
    return node;
  }

  private static ObjectNode render(Block block) {
    ObjectNode node = NODES.objectNode();
    switch (block) {
      case Block.Text(String text) -> node.put("type", "text").put("text", text);
      case Block.Warning(String text) -> node.put("type", "warning").put("text", text);
      case Block.KeyValues(List<Block.Entry> entries) -> {
        ArrayNode array = node.put("type", "keyValues").putArray("entries");
        for (Block.Entry entry : entries) {
          ObjectNode child = array.addObject();
          child.put("key", entry.key()).put("value", entry.value()).put("note", entry.note());
          ObjectNode numbers = child.putObject("numbers");
          entry.numbers().forEach((name, x) -> numbers.set(name, number(x)));
        }
      }
      case Block.FigureBlock(Figure figure, String caption) -> {
        node.put("type", "figure").put("caption", caption);
        node.set("figure", render(figure));
      }
    }
    return node;
  }

  public static ObjectNode render(Figure figure) {
    ObjectNode node = NODES.objectNode();
    return switch (figure) {
      case Table table -> {
        head(node, "table", table).set("columns", strings(table.columns()));
        ArrayNode rows = node.putArray("rows");
        for (List<Object> row : table.rows()) {
          ArrayNode cells = rows.addArray();
          row.forEach(cell -> cells.add(cell(cell)));
        }
        yield node;
      }
      case Lines lines -> {
        head(node, "lines", lines)
            .put("xLabel", lines.xLabel())
            .put("yLabel", lines.yLabel())
            .put("logX", lines.logX())
            .put("logY", lines.logY());
        ArrayNode series = node.putArray("series");
        lines.series().forEach(s -> series.add(series(s)));
        yield node;
      }
      case Histogram histogram -> {
        head(node, "histogram", histogram).put("xLabel", histogram.xLabel());
        node.set("edges", numbers(histogram.edges()));
        node.set("counts", numbers(histogram.counts()));
        yield node;
      }
      case Heatmap heatmap -> {
        head(node, "heatmap", heatmap)
            .put("xLabel", heatmap.xLabel())
            .put("yLabel", heatmap.yLabel());
        node.set("columns", strings(heatmap.columns()));
        node.set("rows", strings(heatmap.rows()));
        node.set("values", matrix(heatmap.values()));
        yield node;
      }
      case Diagram diagram -> {
        head(node, "diagram", diagram);
        ArrayNode nodes = node.putArray("nodes");
        for (Figure.Node n : diagram.nodes()) {
          nodes
              .addObject()
              .put("id", n.id())
              .put("label", n.label())
              .put("kind", n.kind())
              .put("detail", n.detail());
        }
        ArrayNode edges = node.putArray("edges");
        for (Figure.Edge e : diagram.edges()) {
          edges
              .addObject()
              .put("from", e.from())
              .put("to", e.to())
              .put("label", e.label())
              .set("weight", number(e.weight()));
        }
        yield node;
      }
      case TokenText text -> {
        ArrayNode lines = head(node, "tokenText", text).putArray("lines");
        for (Figure.TokenLine line : text.lines()) {
          ObjectNode child = lines.addObject();
          child.set("tokens", strings(line.tokens()));
          child.set("values", numbers(line.values()));
        }
        yield node;
      }
      case Images images -> {
        ArrayNode array = head(node, "images", images).putArray("images");
        for (Figure.Image image : images.images()) {
          array.addObject().put("caption", image.caption()).set("pixels", matrix(image.pixels()));
        }
        yield node;
      }
    };
  }

  private static ObjectNode head(ObjectNode node, String type, Figure figure) {
    return node.put("type", type).put("title", figure.title());
  }

  private static ObjectNode series(Series series) {
    ObjectNode node = NODES.objectNode();
    node.put("name", series.name());
    node.set("x", numbers(series.x()));
    node.set("y", numbers(series.y()));
    node.set("low", numbers(series.low()));
    node.set("high", numbers(series.high()));
    return node;
  }

  private static JsonNode cell(Object cell) {
    return switch (cell) {
      case Boolean b -> NODES.booleanNode(b);
      case Double d -> number(d);
      case Float f -> number(Double.parseDouble(f.toString()));
      case Number n -> NODES.numberNode(n.longValue());
      default -> NODES.textNode(cell.toString());
    };
  }

  private static JsonNode number(double x) {
    if (!Double.isFinite(x)) {
      return NODES.nullNode();
    }
    boolean whole = x == Math.rint(x) && Math.abs(x) < 1L << 53;
    return whole ? NODES.numberNode((long) x) : NODES.numberNode(x);
  }

  private static ArrayNode numbers(double[] values) {
    ArrayNode array = NODES.arrayNode(values.length);
    for (double x : values) {
      array.add(number(x));
    }
    return array;
  }

  private static ArrayNode matrix(double[][] values) {
    ArrayNode array = NODES.arrayNode(values.length);
    for (double[] row : values) {
      array.add(numbers(row));
    }
    return array;
  }

  private static ArrayNode strings(List<String> values) {
    ArrayNode array = NODES.arrayNode(values.size());
    values.forEach(array::add);
    return array;
  }
}
