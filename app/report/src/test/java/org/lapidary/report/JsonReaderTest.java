package org.lapidary.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Random;
import org.junit.jupiter.api.Test;

class JsonReaderTest {
  @Test
  void aReportThatWasWrittenIsReadBack() {
    ObjectNode written = JsonRenderer.render(SampleReport.report());
    Report read = JsonReader.report(written.toString());
    assertThat(JsonRenderer.render(read)).isEqualTo(written);
    assertThat(HtmlReport.render(read)).isEqualTo(HtmlReport.render(SampleReport.report()));
  }

  @Test
  void aMissingFieldIsNamed() {
    ObjectNode written = JsonRenderer.render(SampleReport.report());
    written.remove("subtitle");
    assertThatThrownBy(() -> JsonReader.report(written))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("the field 'subtitle' is missing");
  }

  @Test
  void whatIsNoReportIsRefusedInWords() {
    assertThatThrownBy(() -> JsonReader.report("{")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> JsonReader.report("[1]")).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void brokenTextGivesAReportOrARefusalAndNothingElse() {
    String whole = JsonRenderer.render(SampleReport.report()).toString();
    Random random = new Random(7);
    for (int i = 0; i < 2000; i++) {
      StringBuilder broken = new StringBuilder(whole);
      for (int k = 0; k < 1 + i % 3; k++) {
        int at = random.nextInt(broken.length());
        if (random.nextBoolean()) {
          broken.setCharAt(at, "{}[],:\"01nt ".charAt(random.nextInt(12)));
        } else {
          broken.delete(at, Math.min(broken.length(), at + 1 + random.nextInt(9)));
        }
      }
      try {
        assertThat(JsonReader.report(broken.toString())).isNotNull();
      } catch (IllegalArgumentException e) {
        assertThat(e.getMessage()).isNotBlank();
      }
    }
  }
}
