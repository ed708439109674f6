package org.lapidary.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Figure.Heatmap;
import org.lapidary.evidence.Figure.Histogram;
import org.lapidary.evidence.Figure.Images;
import org.lapidary.evidence.Figure.TokenText;

/** Bars, shaded squares, shaded text and small pictures in characters. */
record TerminalShades(int width, Ink ink) {
  private static final String EIGHTHS = " ▏▎▍▌▋▊▉█";
  private static final String SHADES = " ░▒▓█";
  private static final String GREYS = " .:-=+*#%@";
  private static final int MOST_BARS = 24;

  List<String> lines(Histogram figure) {
    int group = (figure.counts().length + MOST_BARS - 1) / MOST_BARS;
    int bars = group == 0 ? 0 : (figure.counts().length + group - 1) / group;
    String[] labels = new String[bars];
    double[] counts = new double[bars];
    for (int bar = 0; bar < bars; bar++) {
      int end = Math.min(figure.counts().length, (bar + 1) * group);
      for (int i = bar * group; i < end; i++) {
        counts[bar] += figure.counts()[i];
      }
      labels[bar] =
          Numerals.brief(figure.edges()[bar * group])
              + " to "
              + Numerals.brief(figure.edges()[end]);
    }
    double most = Arrays.stream(counts).filter(Double::isFinite).max().orElse(0);
    int margin = Arrays.stream(labels).mapToInt(Cells::width).max().orElse(0);
    int columns = Math.clamp(width - margin - 14, 10, 60);
    List<String> lines = new ArrayList<>();
    lines.add(ink.dim(Cells.fit(Cells.visible(figure.xLabel()), width)));
    for (int bar = 0; bar < bars; bar++) {
      double share = most > 0 && Double.isFinite(counts[bar]) ? Math.max(0, counts[bar] / most) : 0;
      int eighths = (int) Math.round(share * columns * 8);
      String drawn =
          "█".repeat(eighths / 8) + (eighths % 8 == 0 ? "" : EIGHTHS.charAt(eighths % 8));
      lines.add(
          ink.dim(Cells.right(labels[bar], margin) + " │")
              + ink.series(0, drawn)
              + " "
              + ink.dim(Numerals.of(counts[bar])));
    }
    return lines;
  }

  /** Two characters to a square; squares are averaged where the map is wider than the terminal. */
  List<String> lines(Heatmap figure) {
    List<String> names = figure.rows().stream().map(Cells::visible).toList();
    int margin = Math.min(width / 3, names.stream().mapToInt(Cells::width).max().orElse(0));
    int squares = Math.max(1, (width - margin - 1) / 2);
    int columns = figure.columns().size();
    int group = Math.max(1, (columns + squares - 1) / squares);
    double low = Double.POSITIVE_INFINITY;
    double high = Double.NEGATIVE_INFINITY;
    for (double[] row : figure.values()) {
      for (double value : row) {
        if (Double.isFinite(value)) {
          low = Math.min(low, value);
          high = Math.max(high, value);
        }
      }
    }
    boolean signed = low < 0 && high > 0;
    double reach = Math.max(Math.abs(low), Math.abs(high));
    List<String> lines = new ArrayList<>();
    String axes = "rows: %s; columns: %s".formatted(figure.yLabel(), figure.xLabel());
    lines.add(ink.dim(Cells.fit(Cells.visible(axes), width)));
    for (int r = 0; r < names.size(); r++) {
      StringBuilder line = new StringBuilder();
      line.append(ink.dim(Cells.right(Cells.fit(names.get(r), margin), margin))).append(' ');
      for (int c = 0; c < columns; c += group) {
        double value =
            Arrays.stream(figure.values()[r], c, Math.min(columns, c + group))
                .filter(Double::isFinite)
                .average()
                .orElse(Double.NaN);
        double share = signed ? value / reach : low == high ? 1 : (value - low) / (high - low);
        line.append(square(share, signed));
      }
      lines.add(line.toString().stripTrailing());
    }
    if (low <= high) {
      String first = columns == 0 ? "" : Cells.visible(figure.columns().getFirst());
      String last = columns == 0 ? "" : Cells.visible(figure.columns().getLast());
      String scale =
          signed
              ? "−%1$s %2$s 0 %3$s %1$s"
                  .formatted(Numerals.brief(reach), square(-1, true), square(1, true))
              : "%s %s%s%s %s"
                  .formatted(
                      Numerals.brief(low),
                      square(0.05, false),
                      square(0.5, false),
                      square(1, false),
                      Numerals.brief(high));
      lines.add(" ".repeat(margin + 1) + scale);
      lines.add(
          " ".repeat(margin + 1)
              + ink.dim(Cells.fit("columns " + first + " to " + last, width - margin - 1)));
    }
    return lines;
  }

  private String square(double share, boolean signed) {
    if (Double.isNaN(share)) {
      return "  ";
    }
    if (ink.colour()) {
      return ink.shaded(signed ? share : 0.1 + 0.9 * share, "  ");
    }
    int shade = (int) Math.ceil(Math.abs(share) * 4 - 1e-9);
    char c = SHADES.charAt(Math.clamp(signed ? shade : Math.max(1, shade), 0, 4));
    return signed && share < 0 && shade > 0 ? "-" + c : "" + c + c;
  }

  /** Wrapped at the width. Without colour, tokens above half of the strongest are bracketed. */
  List<String> lines(TokenText figure) {
    double most = 0;
    for (Figure.TokenLine line : figure.lines()) {
      most =
          Math.max(
              most,
              Arrays.stream(line.values()).filter(Double::isFinite).map(Math::abs).max().orElse(0));
    }
    List<String> lines = new ArrayList<>();
    for (Figure.TokenLine tokens : figure.lines()) {
      StringBuilder line = new StringBuilder("  ");
      int used = 2;
      for (int i = 0; i < tokens.values().length; i++) {
        String token = Cells.visible(tokens.tokens().get(i));
        double share = most > 0 ? tokens.values()[i] / most : 0;
        boolean marked = !ink.colour() && Math.abs(share) >= 0.5;
        String shown = marked ? (share > 0 ? "[" : "[-") + token + "]" : token;
        int columns = Cells.width(shown);
        if (used + columns > width && used > 2) {
          lines.add(line.toString());
          line = new StringBuilder("    ");
          used = 4;
        }
        line.append(ink.shaded(share, shown));
        used += columns;
      }
      lines.add(line.toString());
    }
    lines.add(ink.dim("  strongest: " + Numerals.of(most)));
    return lines;
  }

  List<String> lines(Images figure) {
    List<String> lines = new ArrayList<>();
    for (Figure.Image image : figure.images()) {
      lines.add(ink.dim(Cells.fit(Cells.visible(image.caption()), width)));
      double[][] pixels = image.pixels();
      int perRow = ink.colour() ? 2 : 1; // characters are about twice as high as wide
      int perColumn = ink.colour() ? 1 : 2;
      int wide = pixels.length == 0 ? 0 : pixels[0].length;
      int step = Math.max(1, (wide * perColumn + width - 1) / width);
      for (int r = 0; r < pixels.length; r += perRow * step) {
        StringBuilder line = new StringBuilder();
        for (int c = 0; c < wide; c += step) {
          double upper = pixels[r][c];
          if (ink.colour()) {
            line.append(ink.greys(upper, r + step < pixels.length ? pixels[r + step][c] : 0));
          } else {
            char grey =
                GREYS.charAt((int) Math.round(Math.clamp(upper, 0.0, 1.0) * (GREYS.length() - 1)));
            line.append(grey).append(grey);
          }
        }
        lines.add(line.toString());
      }
    }
    return lines;
  }
}
