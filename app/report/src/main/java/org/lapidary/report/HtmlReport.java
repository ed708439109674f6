package org.lapidary.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/**
 * A report as one HTML file that needs nothing else: style, scripts, charts and data are in it, and
 * its content policy forbids the network. It is light or dark as the reader's system is, fits a
 * phone, prints, and without JavaScript shows the numbers instead of the charts.
 */
public final class HtmlReport {
  private static final String POLICY =
      "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";
  private static final String GEM =
      "<svg viewBox=\"0 0 24 24\" aria-hidden=\"true\" fill=\"none\" stroke=\"currentColor\" "
          + "stroke-width=\"1.5\" stroke-linejoin=\"round\">"
          + "<path d=\"M6 3h12l4 6-10 12L2 9z\"/><path d=\"M2 9h20M8.5 9 12 21l3.5-12L12 3z\"/></svg>";

  private HtmlReport() {}

  /**
   * Writes the page beside its place and then renames it, so that a reader never sees half of it.
   */
  public static void write(Report report, Path file) throws IOException {
    Path next = file.resolveSibling(file.getFileName() + ".part");
    try {
      Files.writeString(next, render(report));
      Files.move(next, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(next);
    }
  }

  public static String render(Report report) {
    String title = Html.escape(report.title());
    StringBuilder out = new StringBuilder(1 << 20);
    out.append(
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="%s">
        <title>%s</title>
        <style>
        %s%s</style>
        <script>document.documentElement.classList.add('js')</script>
        </head>
        <body>
        <div class="sheet">
        """
            .formatted(POLICY, title, HtmlParts.style(), Resources.text("report.css")));
    out.append("<header><div class=\"brand\">").append(GEM).append("<span>Lapidary</span></div>");
    out.append("<h1>").append(title).append("</h1>");
    if (!report.subtitle().isEmpty()) {
      out.append("<p class=\"subtitle\">").append(Html.escape(report.subtitle())).append("</p>");
    }
    out.append("</header>\n");
    contents(out, report.sections());
    out.append("<main>\n");
    report.sections().forEach(section -> out.append(HtmlParts.section(section)));
    out.append("</main>\n<footer>Written by Lapidary.</footer>\n</div>\n");
    if (report.sections().stream().anyMatch(HtmlParts::charted)) {
      out.append("<script>").append(Resources.echarts()).append("</script>\n");
    }
    out.append("<script>\n")
        .append(HtmlParts.script())
        .append(Resources.text("report.js"))
        .append("</script>\n");
    return out.append("</body>\n</html>\n").toString();
  }

  private static void contents(StringBuilder out, List<Section> sections) {
    if (sections.size() < 2) {
      return;
    }
    out.append("<nav aria-label=\"Contents\"><ol>");
    for (Section section : sections) {
      out.append(
          "<li><a href=\"#%s\">%s</a></li>".formatted(section.id(), Html.escape(section.title())));
    }
    out.append("</ol></nav>\n");
  }
}
