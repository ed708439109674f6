package org.lapidary.report;

import java.util.List;
import java.util.Map;
import org.lapidary.evidence.Figure;

/**
 * Parts of a report as HTML for a page that carries {@link #style} and {@link #script}: the report
 * itself and the pages of the workbench draw with the same. All text is escaped.
 */
public final class HtmlParts {
  private HtmlParts() {}

  /** A section with its heading. */
  public static String section(Section section) {
    StringBuilder out = new StringBuilder();
    out.append(
        "<section id=\"%1$s\">\n<h2><a href=\"#%1$s\">%2$s</a></h2>\n"
            .formatted(section.id(), Html.escape(section.title())));
    section.blocks().forEach(block -> append(out, block));
    return out.append("</section>\n").toString();
  }

  /** Blocks without a heading. */
  public static String blocks(List<Block> blocks) {
    StringBuilder out = new StringBuilder();
    blocks.forEach(block -> append(out, block));
    return out.toString();
  }

  /** A figure under its own title. */
  public static String figure(Figure figure) {
    return blocks(List.of(new Block.FigureBlock(figure)));
  }

  /**
   * A diagram some of whose nodes are links.
   *
   * @param links addresses by the nodes' ids
   */
  public static String diagram(Figure.Diagram diagram, Map<String, String> links, String caption) {
    return "<figure><h3>%s</h3><div class=\"scroll drawing\" tabindex=\"0\">%s</div><figcaption>%s</figcaption></figure>"
        .formatted(
            Html.escape(diagram.title()), SvgDiagram.inline(diagram, links), Html.inline(caption));
  }

  /** The style sheet of all parts. */
  public static String style() {
    return Resources.text("figures.css") + Resources.text("diagram.css");
  }

  /** The script that gives a page {@code lapidaryFigures(root)}, which draws what is under root. */
  public static String script() {
    return Resources.text("figures.js");
  }

  /** Whether a section has something for ECharts to draw. */
  static boolean charted(Section section) {
    return section.blocks().stream()
        .anyMatch(b ->
            b instanceof Block.FigureBlock(Figure figure, String _) && HtmlFigures.charted(figure));
  }

  private static void append(StringBuilder out, Block block) {
    switch (block) {
      case Block.Text(String text) -> paragraphs(out, text);
      case Block.Warning(String text) -> {
        out.append("<div class=\"warning\" role=\"note\">");
        paragraphs(out, text);
        out.append("</div>\n");
      }
      case Block.KeyValues(List<Block.Entry> entries) -> values(out, entries);
      case Block.FigureBlock(Figure figure, String caption) -> {
        out.append("<figure>");
        if (!figure.title().isEmpty()) {
          out.append("<h3>").append(Html.escape(figure.title())).append("</h3>");
        }
        HtmlFigures.append(out, figure, caption);
        out.append("</figure>\n");
      }
    }
  }

  private static void paragraphs(StringBuilder out, String text) {
    for (String paragraph : text.strip().split("\\n\\s*\\n")) {
      out.append("<p>").append(Html.inline(paragraph)).append("</p>\n");
    }
  }

  private static void values(StringBuilder out, List<Block.Entry> entries) {
    out.append("<dl class=\"values\">");
    for (Block.Entry entry : entries) {
      out.append("<div><dt>")
          .append(Html.escape(entry.key()))
          .append("</dt><dd><div class=\"value\">");
      out.append(Html.escape(entry.value())).append("</div>");
      if (!entry.note().isEmpty()) {
        out.append("<div class=\"note\">").append(Html.escape(entry.note())).append("</div>");
      }
      out.append("</dd></div>");
    }
    out.append("</dl>\n");
  }
}
