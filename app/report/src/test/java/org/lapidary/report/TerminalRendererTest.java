package org.lapidary.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Figure.Series;

class TerminalRendererTest {
  private final TerminalRenderer plain = new TerminalRenderer(80, false);
  private final TerminalRenderer coloured = new TerminalRenderer(80, true);

  @Test
  void columnsOfATableAlignAndNumbersStandRight() {
    String text =
        plain.render(
            new Figure.Table(
                "Layers",
                List.of("name", "weights", "holds"),
                List.of(List.of("attn", 4096, true), List.of("a longer name", 11008, false))));
    assertThat(text)
        .isEqualTo(
            """
            Layers
            name           weights  holds
            ─────────────────────────────
            attn             4,096  yes
            a longer name   11,008  no
            """);
  }

  @Test
  void noLineIsWiderThanTheTerminal() {
    for (int width : new int[] {40, 57, 80, 132}) {
      String text = new TerminalRenderer(width, false).render(SampleReport.report());
      assertThat(
              text.lines()
                  .filter(line -> !line.contains("script"))
                  .filter(line -> Cells.width(line) > width))
          .as("at %d columns", width)
          .isEmpty();
    }
  }

  @Test
  void withoutColourThereIsNoEscapeAndWithColourOnlyColours() {
    assertThat(plain.render(SampleReport.report())).doesNotContain("\u001b");
    String text = coloured.render(SampleReport.report());
    assertThat(text).contains("\u001b[");
    assertThat(text.replaceAll("\u001b\\[[0-9;]*m", "")).doesNotContain("\u001b");
  }

  @Test
  void noColorAndDumbTerminalsAreRespected() {
    assertThat(TerminalRenderer.of(true, 100, Map.of()).colour()).isTrue();
    assertThat(TerminalRenderer.of(true, 100, Map.of("NO_COLOR", "1")).colour()).isFalse();
    assertThat(TerminalRenderer.of(true, 100, Map.of("TERM", "dumb")).colour()).isFalse();
    assertThat(TerminalRenderer.of(false, 0, Map.of())).isEqualTo(new TerminalRenderer(100, false));
  }

  @Test
  void aRisingLineIsDrawnFromCornerToCorner() {
    String text =
        plain.render(
            new Figure.Lines(
                "", "x", "", List.of(new Series("y", new double[] {0, 10}, new double[] {0, 5}))));
    List<String> lines = text.lines().toList();
    assertThat(lines.getFirst()).startsWith("   5 ┤ ").endsWith("⠉");
    assertThat(lines.get(11)).startsWith("   0 ┤⣀");
    assertThat(lines.getLast()).contains("0").endsWith("10");
  }

  @Test
  void severalCurvesCanBeToldApartWithoutColour() {
    String text = plain.render(SampleReport.curves());
    assertThat(text).contains("a dense", "b 2:4", "aaa", "bbb");
    assertThat(text).containsPattern("d 3 bits +1\\.7");
  }

  @Test
  void emptyAndNotFiniteFiguresAreDrawnToo() {
    double nan = Double.NaN;
    List<Figure> odd =
        List.of(
            new Figure.Table("t", List.of("a"), List.of()),
            new Figure.Lines("t", "x", "y", List.of()),
            new Figure.Lines(
                "t",
                "x",
                "y",
                true,
                true,
                List.of(new Series("s", new double[] {-1, 0}, new double[] {nan, 0}))),
            new Figure.Lines(
                "t", "x", "y", List.of(new Series("s", new double[] {1, 1}, new double[] {3, 3}))),
            new Figure.Histogram("t", "x", new double[] {0}, new double[0]),
            new Figure.Histogram("t", "x", new double[] {0, 1}, new double[] {nan}),
            new Figure.Heatmap("t", "x", "y", List.of(), List.of(), new double[0][]),
            new Figure.Heatmap("t", "x", "y", List.of("c"), List.of("r"), new double[][] {{nan}}),
            new Figure.Diagram("t", List.of(), List.of()),
            new Figure.TokenText(
                "t", List.of(new Figure.TokenLine(List.of("a"), new double[] {nan}))),
            new Figure.Images("t", List.of(new Figure.Image("c", new double[0][]))));
    for (Figure figure : odd) {
      assertThat(plain.render(figure)).startsWith("t\n");
      assertThat(coloured.render(figure)).contains("t");
      assertThat(JsonRenderer.render(figure).toString()).doesNotContain("NaN");
      Report report =
          new Report("r", List.of(new Section("s", "s", List.of(new Block.FigureBlock(figure)))));
      assertThat(HtmlReport.render(report)).contains("</html>");
    }
  }

  @Test
  void bracketsMarkTheStrongTokens() {
    assertThat(plain.render(SampleReport.tokens()))
        .contains("[ Lily]", "[- upon]", "strongest: 2.1");
  }

  @Test
  void aDiagramNamesWhatFeedsEachNode() {
    String text =
        plain.render(
            new Figure.Diagram(
                "",
                List.of(
                    new Figure.Node("s", "sum", "op", "[2]"),
                    new Figure.Node("a", "first", "op", ""),
                    new Figure.Node("b", "second", "op", "")),
                List.of(new Figure.Edge("a", "s", "", 0.25), new Figure.Edge("b", "s", "", -2))));
    assertThat(text).isEqualTo("1  first\n2  second\n3  sum  [2]  ← 2 (-2), 1 (0.25)\n");
  }

  @Test
  void wideCharactersTakeTwoColumns() {
    assertThat(Cells.width("日本")).isEqualTo(4);
    assertThat(Cells.width("é")).isEqualTo(1);
    assertThat(Cells.fit("日本語", 5)).isEqualTo("日本…");
    assertThat(Cells.visible("a\u001b[2Jb\n\u202Ec\u0085")).isEqualTo("a␛[2Jb⏎\uFFFDc\uFFFD");
  }
}
