package org.lapidary.workbench;

import java.util.List;
import java.util.stream.Collectors;
import org.lapidary.catalog.runs.MetricSeries;
import org.lapidary.catalog.runs.Output;
import org.lapidary.catalog.runs.Run;
import org.lapidary.evidence.Figure;
import org.lapidary.report.HtmlParts;
import org.lapidary.report.JsonReader;

/** What a run has to show, as HTML: its metrics as curves, then its figures and sections. */
final class RunFigures {
  private RunFigures() {}

  static String html(Run run) {
    StringBuilder body = new StringBuilder();
    for (MetricSeries metric : run.metrics()) {
      body.append(
          HtmlParts.figure(
              new Figure.Lines(metric.name(), "step", metric.name(), List.of(metric.series()))));
    }
    for (Output output : run.outputs()) {
      body.append(
          switch (output.kind()) {
            case FIGURE -> HtmlParts.figure(JsonReader.figure(output.json()));
            case SECTION -> HtmlParts.section(JsonReader.section(output.json()));
            case REPORT ->
                JsonReader.report(output.json()).sections().stream()
                    .map(HtmlParts::section)
                    .collect(Collectors.joining());
          });
    }
    return body.toString();
  }
}
