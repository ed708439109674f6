package org.lapidary.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Figure.Diagram;
import org.lapidary.evidence.Figure.Heatmap;
import org.lapidary.evidence.Figure.Histogram;
import org.lapidary.evidence.Figure.Images;
import org.lapidary.evidence.Figure.Lines;
import org.lapidary.evidence.Figure.Table;
import org.lapidary.evidence.Figure.TokenText;

/**
 * Reports and figures as text.
 *
 * @param width columns of the terminal; at least 20
 * @param colour whether to use ANSI colours
 */
public record TerminalRenderer(int width, boolean colour) {
  public TerminalRenderer {
    if (width < 20) {
      throw new IllegalArgumentException("a terminal of %d columns is too narrow".formatted(width));
    }
  }

  /**
   * What a terminal allows: colour unless NO_COLOR is set or TERM is {@code dumb}.
   *
   * @param terminal whether the output goes to a terminal
   * @param columns its width, or 0 if unknown
   * @param environment of the process
   */
  public static TerminalRenderer of(
      boolean terminal, int columns, Map<String, String> environment) {
    boolean refused =
        !environment.getOrDefault("NO_COLOR", "").isEmpty()
            || environment.getOrDefault("TERM", "").equals("dumb");
    return new TerminalRenderer(Math.max(40, columns > 0 ? columns : 100), terminal && !refused);
  }

  /** Every line ends with {@code \n}. */
  public String render(Report report) {
    Ink ink = new Ink(colour);
    List<String> lines = new ArrayList<>();
    lines.add(ink.bold(Cells.visible(report.title())));
    if (!report.subtitle().isEmpty()) {
      lines.addAll(wrapped(report.subtitle(), ""));
    }
    for (Section section : report.sections()) {
      lines.add("");
      String title = Cells.fit(Cells.visible(section.title()), width - 5);
      int rule = Math.max(0, Math.min(width, 80) - Cells.width(title) - 4);
      lines.add(ink.dim("── ") + ink.bold(title) + " " + ink.dim("─".repeat(rule)));
      for (Block block : section.blocks()) {
        lines.add("");
        lines.addAll(lines(block, ink));
      }
    }
    return joined(lines);
  }

  private List<String> lines(Block block, Ink ink) {
    return switch (block) {
      case Block.Text(String text) -> wrapped(text, "");
      case Block.Warning(String text) ->
          wrapped(text, "! ").stream().map(line -> ink.series(4, line)).toList();
      case Block.KeyValues(List<Block.Entry> entries) -> {
        List<String> keys = entries.stream().map(e -> Cells.visible(e.key())).toList();
        int margin = Math.min(width / 2, keys.stream().mapToInt(Cells::width).max().orElse(0));
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < keys.size(); i++) {
          Block.Entry entry = entries.get(i);
          String value = Cells.visible(entry.value());
          String note = Cells.visible(entry.note());
          String line =
              ink.dim(Cells.left(Cells.fit(keys.get(i), margin), margin)) + "  " + ink.bold(value);
          if (margin + 5 + Cells.width(value) + Cells.width(note) <= width) {
            lines.add(note.isEmpty() ? line : line + "   " + ink.dim(note));
          } else {
            lines.add(line);
            lines.add(" ".repeat(margin + 2) + ink.dim(Cells.fit(note, width - margin - 2)));
          }
        }
        yield lines;
      }
      case Block.FigureBlock(Figure figure, String caption) -> {
        List<String> lines = new ArrayList<>(lines(figure));
        if (!caption.isEmpty()) {
          wrapped(caption, "").forEach(line -> lines.add(ink.dim(line)));
        }
        yield lines;
      }
    };
  }

  /** The title, then the figure; every line ends with {@code \n}. */
  public String render(Figure figure) {
    return joined(lines(figure));
  }

  private List<String> lines(Figure figure) {
    Ink ink = new Ink(colour);
    List<String> lines = new ArrayList<>();
    if (!figure.title().isEmpty()) {
      lines.add(ink.bold(Cells.fit(Cells.visible(figure.title()), width)));
    }
    lines.addAll(
        switch (figure) {
          case Table table -> new TerminalTable(width, ink).lines(table);
          case Lines curves -> new TerminalPlot(width, ink).lines(curves);
          case Histogram histogram -> new TerminalShades(width, ink).lines(histogram);
          case Heatmap heatmap -> new TerminalShades(width, ink).lines(heatmap);
          case Diagram diagram -> new TerminalDiagram(width, ink).lines(diagram);
          case TokenText text -> new TerminalShades(width, ink).lines(text);
          case Images images -> new TerminalShades(width, ink).lines(images);
        });
    return lines;
  }

  private List<String> wrapped(String text, String indent) {
    int columns = Math.min(width, 90);
    List<String> lines = new ArrayList<>();
    for (String paragraph : text.strip().split("\\n\\s*\\n")) {
      if (!lines.isEmpty()) {
        lines.add("");
      }
      StringBuilder line = new StringBuilder(indent);
      for (String word : paragraph.strip().split("\\s+")) {
        String shown = Cells.visible(word);
        boolean fresh = line.length() == indent.length();
        if (!fresh && Cells.width(line.toString()) + 1 + Cells.width(shown) > columns) {
          lines.add(line.toString());
          line = new StringBuilder(" ".repeat(indent.length()));
          fresh = true;
        }
        line.append(fresh ? "" : " ").append(shown);
      }
      lines.add(line.toString());
    }
    return lines;
  }

  private static String joined(List<String> lines) {
    return String.join("\n", lines) + "\n";
  }
}
