package org.lapidary.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lapidary.evidence.Figure;

class JsonRendererTest {
  private final ObjectMapper mapper = new ObjectMapper();

  @Test
  void aReportReadsBackWithEverythingInIt() throws Exception {
    JsonNode node = mapper.readTree(JsonRenderer.render(SampleReport.report()).toString());
    assertThat(node.at("/sections/0/blocks/1/entries/0/value").asText()).isEqualTo("260,032");
    assertThat(node.at("/sections/0/blocks/2/figure/rows/0/2").isIntegralNumber()).isTrue();
    assertThat(node.at("/sections/0/blocks/2/figure/rows/0/3").asDouble()).isEqualTo(0.126);
    assertThat(node.at("/sections/0/blocks/2/figure/rows/0/4").isBoolean()).isTrue();
    assertThat(node.findValuesAsText("type"))
        .contains("text", "keyValues", "figure", "warning")
        .contains("table", "lines", "histogram", "heatmap", "diagram", "tokenText", "images");
  }

  @Test
  void whatJsonCannotHoldIsNull() {
    JsonNode node =
        JsonRenderer.render(
            new Figure.Heatmap(
                "t",
                "x",
                "y",
                List.of("a", "b", "c"),
                List.of("r"),
                new double[][] {{Double.NaN, Double.NEGATIVE_INFINITY, 1.5}}));
    assertThat(node.get("values").toString()).isEqualTo("[[null,null,1.5]]");
  }

  @Test
  void scriptsCannotBeEndedFromInside() throws Exception {
    JsonNode node = JsonRenderer.render(SampleReport.tokens()).put("x", SampleReport.HOSTILE);
    assertThat(Html.json(node)).doesNotContain("<");
    assertThat(mapper.readTree(Html.json(node)).toString()).isEqualTo(node.toString());
  }

  @Test
  void sectionsNeedGoodAndUniqueIds() {
    assertThatThrownBy(() -> new Section("Two words", "t", List.of()))
        .hasMessageContaining("'Two words'");
    Section section = new Section("a", "t", List.of());
    assertThatThrownBy(() -> new Report("r", List.of(section, section)))
        .hasMessageContaining("two sections");
  }
}
