package org.lapidary.report;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.evidence.Figure.Table;

/** A table in aligned columns; where it is too wide, the widest columns of text give way. */
record TerminalTable(int width, Ink ink) {
  private static final String GAP = "  ";
  private static final int NARROWEST = 5;

  List<String> lines(Table table) {
    int columns = table.columns().size();
    List<List<String>> text = new ArrayList<>();
    text.add(table.columns().stream().map(Cells::visible).toList());
    boolean[] numeric = new boolean[columns];
    for (int i = 0; i < columns; i++) {
      int column = i;
      numeric[i] =
          !table.rows().isEmpty()
              && table.rows().stream().allMatch(row -> row.get(column) instanceof Number);
    }
    for (List<Object> row : table.rows()) {
      text.add(row.stream().map(TerminalTable::text).toList());
    }
    int[] widths = new int[columns];
    for (List<String> row : text) {
      for (int i = 0; i < columns; i++) {
        widths[i] = Math.max(widths[i], Cells.width(row.get(i)));
      }
    }
    shrink(widths, numeric);
    List<String> lines = new ArrayList<>();
    for (int r = 0; r < text.size(); r++) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < columns; i++) {
        String cell = Cells.fit(text.get(r).get(i), widths[i]);
        boolean last = i == columns - 1;
        String padded =
            numeric[i] ? Cells.right(cell, widths[i]) : last ? cell : Cells.left(cell, widths[i]);
        line.append(i == 0 ? "" : GAP).append(painted(table, r, i, padded));
      }
      lines.add(line.toString().stripTrailing());
      if (r == 0) {
        int total = GAP.length() * (columns - 1);
        for (int w : widths) {
          total += w;
        }
        lines.add(ink.dim("─".repeat(Math.max(0, total))));
      }
    }
    return lines;
  }

  private String painted(Table table, int row, int column, String text) {
    if (row == 0) {
      return ink.dim(text);
    }
    boolean verdict = table.columns().get(column).equals("holds");
    return verdict && table.rows().get(row - 1).get(column) instanceof Boolean holds
        ? holds ? ink.good(text) : ink.bad(text)
        : text;
  }

  private static String text(Object cell) {
    return switch (cell) {
      case Boolean b -> b ? "yes" : "no";
      case Number n -> Numerals.of(n);
      default -> Cells.visible(cell.toString());
    };
  }

  private void shrink(int[] widths, boolean[] numeric) {
    int excess = GAP.length() * (widths.length - 1) - width;
    for (int w : widths) {
      excess += w;
    }
    for (; excess > 0; excess--) {
      int widest = -1;
      for (int i = 0; i < widths.length; i++) {
        if (!numeric[i] && widths[i] > NARROWEST && (widest < 0 || widths[i] > widths[widest])) {
          widest = i;
        }
      }
      if (widest < 0) {
        return;
      }
      widths[widest]--;
    }
  }
}
