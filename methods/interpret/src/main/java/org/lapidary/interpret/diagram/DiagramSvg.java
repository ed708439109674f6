package org.lapidary.interpret.diagram;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * The drawing: time runs to the right, one column a box. Every array has a lane between dashed
 * lines, every axis a line in it, labelled where the array begins. Axes that a box does not touch
 * pass it by; weights have a bold frame. The text of the diagram lies in the drawing's metadata.
 */
public final class DiagramSvg {
  private static final int LINE = 14;
  private static final int COLUMN = 150;
  private static final int LEFT = 20;
  private static final int BOX = 74;

  private final Diagram diagram;
  private final Map<String, Integer> top = new HashMap<>();
  private final Map<String, Integer> column = new HashMap<>();
  private final StringBuilder body = new StringBuilder();
  private int height;

  private DiagramSvg(Diagram diagram) {
    this.diagram = diagram;
  }

  static String draw(Diagram diagram) {
    return new DiagramSvg(diagram).text();
  }

  /**
   * The diagram of a drawing.
   *
   * @throws DiagramException if the text is no drawing of one
   */
  public static Diagram read(String svg) {
    int from = svg.indexOf("<metadata>");
    int to = svg.indexOf("</metadata>");
    if (from < 0 || to < from) {
      throw new DiagramException("the drawing has no <metadata> with a diagram in it");
    }
    return Diagram.parse(
        svg.substring(from + "<metadata>".length(), to)
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&amp;", "&"));
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }

  private String text() {
    Map<String, Integer> last = lastColumns();
    lanes(last);
    for (Wire wire : diagram.inputs()) {
      array(wire, LEFT, last);
    }
    for (int i = 0; i < diagram.boxes().size(); i++) {
      box(diagram.boxes().get(i), i + 1, last);
    }
    int width = LEFT + (diagram.boxes().size() + 2) * COLUMN;
    return String.format(
        Locale.ROOT,
        """
        <svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="10">
        <title>%s</title>
        <metadata>%s</metadata>
        <style>.axis{stroke:#444;fill:none}.apart{stroke:#bbb;stroke-dasharray:4 3}.box{fill:#fff;stroke:#444}.linear{fill:#eef4ff}.weight{fill:#fff7e6;stroke:#000;stroke-width:2.5}</style>
        %s</svg>
        """,
        width,
        height,
        width,
        height,
        escape(diagram.name()),
        escape(diagram.toString()),
        body);
  }

  private Map<String, Integer> lastColumns() {
    Map<String, Integer> last = new HashMap<>();
    int end = diagram.boxes().size() + 1;
    for (int i = 0; i < diagram.boxes().size(); i++) {
      for (String in : diagram.boxes().get(i).in()) {
        last.put(in, i + 1);
      }
    }
    diagram.outputs().forEach(o -> last.put(o, end));
    return last;
  }

  /** The first room from the top that is free for as long as an array lives. */
  private void lanes(Map<String, Integer> last) {
    record Lane(int top, int bottom, int until) {}
    List<Lane> taken = new ArrayList<>();
    List<Wire> wires = new ArrayList<>(diagram.wires().values());
    int inputs = diagram.inputs().size();
    for (int w = 0; w < wires.size(); w++) {
      Wire wire = wires.get(w);
      int begins = w < inputs ? 0 : w - inputs + 1;
      column.put(wire.name(), begins);
      int room = (Math.max(1, wire.axes().size()) + 2) * LINE;
      int y = LINE;
      boolean moved = true;
      while (moved) {
        moved = false;
        for (Lane lane : taken) {
          if (lane.until > begins && y < lane.bottom && lane.top < y + room) {
            y = lane.bottom;
            moved = true;
          }
        }
      }
      taken.add(new Lane(y, y + room, last.getOrDefault(wire.name(), begins + 1)));
      top.put(wire.name(), y);
      height = Math.max(height, y + room + LINE);
    }
  }

  private int y(Wire wire, int axis) {
    return top.getOrDefault(wire.name(), 0) + LINE + axis * LINE;
  }

  private int right(int boxColumn) {
    return LEFT + boxColumn * COLUMN;
  }

  /** The lines of an array from where it begins to where it is last read. */
  private void array(Wire wire, int from, Map<String, Integer> last) {
    int begins = column.getOrDefault(wire.name(), 0);
    int to = right(last.getOrDefault(wire.name(), begins));
    int lane = top.getOrDefault(wire.name(), 0);
    int end = Math.max(from + 40, to);
    add(
        "<g class=\"array\" data-wire=\"%s\"><line class=\"apart\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>",
        escape(wire.name()), from, lane, end, lane);
    if (wire.role() != Wire.Role.DATA) {
      add(
          "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"3\"/>",
          wire.role() == Wire.Role.WEIGHT ? "weight" : "box",
          from - 14,
          lane + 3,
          12,
          (Math.max(1, wire.axes().size())) * LINE + 4);
    }
    add(
        "<text class=\"name\" x=\"%d\" y=\"%d\" fill=\"#888\">%s</text>",
        from + 24, lane + 9, escape(wire.name()));
    for (int i = 0; i < wire.axes().size(); i++) {
      Axis axis = wire.axes().get(i);
      int y = y(wire, i);
      add("<line class=\"axis\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>", from, y, end, y);
      add(
          "<text class=\"label\" x=\"%d\" y=\"%d\">%s</text>",
          from + 4, y - 2, escape(axis.toString()));
    }
    body.append("</g>\n");
  }

  private void box(Box box, int at, Map<String, Integer> last) {
    Wire out = box.out();
    int x = right(at);
    int start = x + BOX + 16;
    int rows = Math.max(1, out.axes().size());
    boolean linear = box.does() instanceof Morphism.Linear;
    add(
        "<g class=\"morphism\" data-wire=\"%s\"><rect class=\"box%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"%d\"/>",
        escape(out.name()),
        linear ? " linear" : "",
        x + 8,
        y(out, 0) - 10,
        BOX,
        (rows + 1) * LINE - 2,
        linear ? 0 : 8);
    add(
        "<text class=\"does\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text></g>\n",
        x + 8 + BOX / 2, y(out, rows - 1) + LINE - 3, escape(box.does().word()));
    Set<String> passing = new HashSet<>();
    for (String name : box.in()) {
      Wire in = diagram.wire(name);
      for (int i = 0; i < in.axes().size(); i++) {
        String axis = in.axes().get(i).name();
        boolean passes = out.has(axis) && !acts(box, axis) && passing.add(axis);
        int from = y(in, i);
        int to = passes ? y(out, out.place(axis)) : y(out, rows - 1) + LINE - 6;
        int end = passes ? start : x + 8;
        add(
            "<path class=\"axis\" d=\"M%d %d C%d %d %d %d %d %d\"/>",
            x, from, x + 12, from, end - 12, to, end, to);
      }
    }
    array(out, start, last);
  }

  /** Whether a box acts on an axis that it keeps. */
  private static boolean acts(Box box, String axis) {
    return switch (box.does()) {
      case Morphism.Softmax s -> s.axis().equals(axis);
      case Morphism.Normalise n -> n.axes().contains(axis);
      case Morphism.Winner w -> w.axis().equals(axis);
      case Morphism.Causal c -> c.query().equals(axis) || c.key().equals(axis);
      case Morphism.Pad p -> p.axis().equals(axis);
      case Morphism.Crop c -> c.axis().equals(axis);
      case Morphism.Join j -> j.axis().equals(axis);
      default -> false;
    };
  }

  private void add(String format, Object... values) {
    body.append(String.format(Locale.ROOT, format, values)).append('\n');
  }
}
