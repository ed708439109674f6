package org.lapidary.evidence;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Something to look at, as numbers. The terminal, the HTML report, the workbench page and JSON each
 * draw figures by one exhaustive switch.
 */
public sealed interface Figure {

  String title();

  /**
   * Rows and columns. A cell is a {@link String}, a {@link Number} or a {@link Boolean}.
   *
   * @param columns headings, with units
   * @param rows each as long as {@code columns}
   */
  record Table(String title, List<String> columns, List<List<Object>> rows) implements Figure {
    public Table {
      columns = List.copyOf(columns);
      rows = rows.stream().map(List::copyOf).toList();
      for (List<Object> row : rows) {
        if (row.size() != columns.size()) {
          throw new IllegalArgumentException(
              "table '%s' has %d columns and a row of %d cells: %s"
                  .formatted(title, columns.size(), row.size(), row));
        }
      }
    }
  }

  /** One curve; {@code low} and {@code high} are empty, or an interval at every point. */
  record Series(String name, double[] x, double[] y, double[] low, double[] high) {
    public Series(String name, double[] x, double[] y) {
      this(name, x, y, new double[0], new double[0]);
    }

    public Series {
      if (x.length != y.length
          || low.length != high.length
          || (low.length != 0 && low.length != x.length)) {
        throw new IllegalArgumentException("series '" + name + "' has arrays of unequal length");
      }
    }
  }

  /** Curves over a common axis. */
  record Lines(
      String title, String xLabel, String yLabel, boolean logX, boolean logY, List<Series> series)
      implements Figure {
    public Lines(String title, String xLabel, String yLabel, List<Series> series) {
      this(title, xLabel, yLabel, false, false, series);
    }

    public Lines {
      series = List.copyOf(series);
    }
  }

  /** Counts in bins; {@code edges} has one entry more than {@code counts}. */
  record Histogram(String title, String xLabel, double[] edges, double[] counts) implements Figure {
    public Histogram {
      if (edges.length != counts.length + 1) {
        throw new IllegalArgumentException(
            "histogram '%s' has %d edges for %d counts"
                .formatted(title, edges.length, counts.length));
      }
    }
  }

  /** Values by row and column, {@code values[row][column]}; NaN is left blank. */
  record Heatmap(
      String title,
      String xLabel,
      String yLabel,
      List<String> columns,
      List<String> rows,
      double[][] values)
      implements Figure {
    public Heatmap {
      columns = List.copyOf(columns);
      rows = List.copyOf(rows);
      if (values.length != rows.size()) {
        throw new IllegalArgumentException(
            "heatmap '%s' names %d rows and has %d".formatted(title, rows.size(), values.length));
      }
      for (double[] row : values) {
        if (row.length != columns.size()) {
          throw new IllegalArgumentException(
              "heatmap '%s' names %d columns and has a row of %d"
                  .formatted(title, columns.size(), row.length));
        }
      }
    }
  }

  /**
   * A node of a diagram.
   *
   * @param id unique in its diagram
   * @param label what is written in it; lines are separated by {@code \n}
   * @param kind a word that picks the colour ("op", "parameter", "feature", "head", ...)
   * @param detail shown when asked for: shape, FLOPs, activation
   */
  record Node(String id, String label, String kind, String detail) {}

  /** An arrow between two nodes; {@code weight} sets its width and sign, 1 where there is none. */
  record Edge(String from, String to, String label, double weight) {}

  /** A directed graph, drawn in layers from its sources down. */
  record Diagram(String title, List<Node> nodes, List<Edge> edges) implements Figure {
    public Diagram {
      nodes = List.copyOf(nodes);
      edges = List.copyOf(edges);
      Set<String> ids = new HashSet<>();
      for (Node node : nodes) {
        if (!ids.add(node.id())) {
          throw new IllegalArgumentException(
              "diagram '%s' has two nodes with the id '%s'".formatted(title, node.id()));
        }
      }
      for (Edge edge : edges) {
        if (!ids.contains(edge.from()) || !ids.contains(edge.to())) {
          throw new IllegalArgumentException(
              "diagram '%s' has an edge from '%s' to '%s', and no node for one of them"
                  .formatted(title, edge.from(), edge.to()));
        }
      }
    }
  }

  /** A line of text whose tokens are shaded by a value. */
  record TokenLine(List<String> tokens, double[] values) {
    public TokenLine {
      tokens = List.copyOf(tokens);
      if (tokens.size() != values.length) {
        throw new IllegalArgumentException(
            tokens.size() + " tokens and " + values.length + " values");
      }
    }
  }

  /** Contexts of a feature, or the attribution of a prompt. */
  record TokenText(String title, List<TokenLine> lines) implements Figure {
    public TokenText {
      lines = List.copyOf(lines);
    }
  }

  /** A grey picture, {@code pixels[row][column]} in [0, 1]. */
  record Image(String caption, double[][] pixels) {
    public Image {
      for (double[] row : pixels) {
        if (row.length != pixels[0].length) {
          throw new IllegalArgumentException(
              "image '%s' has rows of %d and of %d pixels"
                  .formatted(caption, pixels[0].length, row.length));
        }
      }
    }
  }

  /** A sheet of small pictures. */
  record Images(String title, List<Image> images) implements Figure {
    public Images {
      images = List.copyOf(images);
    }
  }
}
