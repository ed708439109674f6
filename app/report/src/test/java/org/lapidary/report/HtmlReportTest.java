package org.lapidary.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HtmlReportTest {
  private final String page = HtmlReport.render(SampleReport.report());

  @Test
  void nothingInItComesFromElsewhere() {
    String own = page.replace(Resources.echarts(), "");
    assertThat(own).contains("default-src 'none'");
    assertThat(own).doesNotContain("<link", "@import", "url(", "fetch(", "XMLHttpRequest");
    assertThat(Pattern.compile("(src|href)=\"(?!#|data:)").matcher(own).results()).isEmpty();
    assertThat(own.replace("http://www.w3.org/2000/svg", "")).doesNotContain("http:", "https:");
  }

  @Test
  void everyStringIsEscaped() {
    String own = page.replace(Resources.echarts(), "");
    assertThat(own)
        .doesNotContain(SampleReport.HOSTILE, "<img src=x", "<script>alert", "\u001b", "\u0000");
    assertThat(own).contains("&lt;/script&gt;&lt;script&gt;alert(1)");
    // One script in the head, ECharts, ours, and the data of the seven charts.
    assertThat(Pattern.compile("<script[ >]").matcher(own).results()).hasSize(3 + 7);
    assertThat(Pattern.compile("</script>").matcher(own).results()).hasSize(3 + 7);
  }

  @Test
  void aReportWithoutChartsIsSmall() {
    Report report =
        new Report(
            "t", List.of(new Section("a", "A", List.of(Block.KeyValues.of(Map.of("k", "v"))))));
    assertThat(HtmlReport.render(report)).hasSizeLessThan(40_000).doesNotContain("echarts.init(e");
  }

  @Test
  void theNumbersOfEveryChartCanBeReadWithoutJavaScript() {
    assertThat(page).contains("<details class=\"numbers\" open>");
    assertThat(page).contains("data-v=\"0.03\">0.03000</td>", "data-v=\"4.0E-5\">4e-5</td>");
  }

  @Test
  void writingReplacesTheFileWhole(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("report.html");
    Files.writeString(file, "before");
    HtmlReport.write(SampleReport.report(), file);
    assertThat(Files.readString(file)).isEqualTo(page);
    try (var files = Files.list(folder)) {
      assertThat(files).containsExactly(file);
    }
    String kept = System.getProperty("lapidary.sampleReport");
    if (kept != null) {
      Files.writeString(Path.of(kept), page);
    }
  }
}
