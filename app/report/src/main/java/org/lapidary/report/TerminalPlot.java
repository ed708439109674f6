package org.lapidary.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lapidary.evidence.Figure.Lines;
import org.lapidary.evidence.Figure.Series;

/**
 * Curves in Braille dots, two by four to a character. Where colours cannot tell several curves
 * apart, each is drawn with a letter of its own.
 */
record TerminalPlot(int width, Ink ink) {
  private static final int HEIGHT = 12; // rows of characters
  private static final int[] DOTS = {0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80};

  List<String> lines(Lines figure) {
    Range xs = range(figure, true);
    Range ys = range(figure, false);
    List<String> lines = new ArrayList<>();
    if (xs == null || ys == null) {
      lines.add(ink.dim("(no finite points)"));
      return lines;
    }
    String[] labels = new String[HEIGHT];
    Arrays.fill(labels, "");
    labels[0] = Numerals.brief(ys.at(1));
    labels[HEIGHT / 2] = Numerals.brief(ys.at(1 - (HEIGHT / 2 + 0.5) / HEIGHT));
    labels[HEIGHT - 1] = Numerals.brief(ys.at(0));
    int margin = Arrays.stream(labels).mapToInt(Cells::width).max().orElse(0);
    int columns = Math.clamp(width - margin - 3, 10, 100);
    boolean letters = figure.series().size() > 1 && !ink.colour();
    Canvas canvas = new Canvas(columns, letters);
    for (int s = 0; s < figure.series().size(); s++) {
      draw(canvas, figure.series().get(s), s, xs, ys);
    }
    if (!figure.yLabel().isEmpty()) {
      lines.add(ink.dim(Cells.fit(Cells.visible(figure.yLabel()), width)));
    }
    for (int row = 0; row < HEIGHT; row++) {
      lines.add(
          ink.dim(Cells.right(labels[row], margin) + (labels[row].isEmpty() ? " │" : " ┤"))
              + canvas.row(row, ink));
    }
    String from = Numerals.brief(xs.at(0));
    String to = Numerals.brief(xs.at(1));
    String name =
        Cells.fit(Cells.visible(figure.xLabel()), columns - from.length() - to.length() - 2);
    int space = Math.max(2, columns - from.length() - to.length() - Cells.width(name));
    lines.add(ink.dim(" ".repeat(margin) + " └" + "─".repeat(columns)));
    lines.add(
        ink.dim(
            " ".repeat(margin + 2)
                + from
                + " ".repeat(space / 2)
                + name
                + " ".repeat(space - space / 2)
                + to));
    if (figure.series().size() > 1) {
      for (int s = 0; s < figure.series().size(); s++) {
        String key = letters ? String.valueOf(letter(s)) : "━━";
        Series series = figure.series().get(s);
        String last =
            series.y().length == 0 ? "" : "  " + Numerals.of(series.y()[series.y().length - 1]);
        lines.add(
            " ".repeat(margin + 2)
                + ink.series(s, key)
                + " "
                + Cells.fit(Cells.visible(series.name()), Math.max(10, width - margin - 20))
                + ink.dim(last));
      }
    }
    return lines;
  }

  private static char letter(int series) {
    return (char) ('a' + series % 26);
  }

  /** The span of an axis, in logarithms where it has them. */
  private record Range(double low, double high, boolean log) {
    /** In [0, 1]; NaN for what the axis cannot show. */
    double share(double value) {
      double v = log ? Math.log10(value) : value;
      return Double.isFinite(v) ? (v - low) / (high - low) : Double.NaN;
    }

    double at(double share) {
      double v = low + share * (high - low);
      return log ? Math.pow(10, v) : v;
    }
  }

  private static @org.jspecify.annotations.Nullable Range range(Lines figure, boolean x) {
    boolean log = x ? figure.logX() : figure.logY();
    double low = Double.POSITIVE_INFINITY;
    double high = Double.NEGATIVE_INFINITY;
    for (Series series : figure.series()) {
      for (double value : x ? series.x() : series.y()) {
        double v = log ? Math.log10(value) : value;
        if (Double.isFinite(v)) {
          low = Math.min(low, v);
          high = Math.max(high, v);
        }
      }
    }
    if (low > high) {
      return null;
    }
    double pad = low == high ? Math.max(Math.abs(low) * 0.1, 1e-9) : 0;
    return new Range(low - pad, high + pad, log);
  }

  private static void draw(Canvas canvas, Series series, int index, Range xs, Range ys) {
    double lastX = Double.NaN;
    double lastY = Double.NaN;
    for (int i = 0; i < series.x().length; i++) {
      double x = xs.share(series.x()[i]) * (canvas.dotsWide() - 1);
      double y = (1 - ys.share(series.y()[i])) * (canvas.dotsHigh() - 1);
      if (!Double.isNaN(x + y)) {
        boolean joined = !Double.isNaN(lastX + lastY);
        canvas.line(joined ? lastX : x, joined ? lastY : y, x, y, index);
      }
      lastX = x;
      lastY = y;
    }
  }

  /** Dots, and which curve each character shows. */
  private static final class Canvas {
    private final int columns;
    private final boolean letters;
    private final int[][] dots;
    private final int[][] owner;

    Canvas(int columns, boolean letters) {
      this.columns = columns;
      this.letters = letters;
      this.dots = new int[HEIGHT][columns];
      this.owner = new int[HEIGHT][columns];
    }

    int dotsWide() {
      return 2 * columns;
    }

    int dotsHigh() {
      return 4 * HEIGHT;
    }

    void line(double x0, double y0, double x1, double y1, int series) {
      int steps = (int) Math.ceil(Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0)));
      for (int i = 0; i <= steps; i++) {
        double share = steps == 0 ? 0 : (double) i / steps;
        int x = (int) Math.round(x0 + share * (x1 - x0));
        int y = (int) Math.round(y0 + share * (y1 - y0));
        dots[y / 4][x / 2] |= DOTS[2 * (y % 4) + x % 2];
        owner[y / 4][x / 2] = series;
      }
    }

    String row(int row, Ink ink) {
      StringBuilder out = new StringBuilder();
      for (int column = 0; column < columns; ) {
        int series = owner[row][column];
        boolean drawn = dots[row][column] != 0;
        StringBuilder run = new StringBuilder();
        while (column < columns
            && (dots[row][column] != 0) == drawn
            && (!drawn || owner[row][column] == series)) {
          run.append(!drawn ? ' ' : letters ? letter(series) : (char) (0x2800 + dots[row][column]));
          column++;
        }
        out.append(drawn ? ink.series(series, run.toString()) : run);
      }
      return out.toString().stripTrailing();
    }
  }
}
