package org.lapidary.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.lapidary.evidence.Figure.Diagram;
import org.lapidary.evidence.Figure.Edge;
import org.lapidary.evidence.Figure.Node;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

class SvgDiagramTest {

  private static Document parsed(String svg) throws Exception {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new InputSource(new StringReader(svg)));
  }

  private static Diagram random(Random random, int nodes, int edges, boolean cycles) {
    List<Node> list = new ArrayList<>();
    for (int i = 0; i < nodes; i++) {
      list.add(new Node("n" + i, "node " + i, "kind " + random.nextInt(3), ""));
    }
    List<Edge> arrows = new ArrayList<>();
    for (int i = 0; i < edges; i++) {
      int a = random.nextInt(nodes);
      int b = random.nextInt(nodes);
      if (cycles || a != b) {
        arrows.add(
            new Edge(
                "n" + (cycles ? a : Math.min(a, b)), "n" + (cycles ? b : Math.max(a, b)), "", 1));
      }
    }
    return new Diagram("random", list, arrows);
  }

  private static LayeredLayout layout(Diagram diagram) {
    return LayeredLayout.of(diagram, node -> 80, node -> 26);
  }

  @Test
  void everyStringIsEscapedAndTheFileIsXml() throws Exception {
    String hostile = SampleReport.HOSTILE + "\u0000\uD800";
    Diagram diagram =
        new Diagram(
            hostile,
            List.of(new Node(hostile, hostile, hostile, hostile), new Node("b", "b", "k", "")),
            List.of(new Edge(hostile, "b", hostile, Double.NaN), new Edge("b", "b", "", -1)));
    Document document = parsed(SvgDiagram.standalone(diagram));
    assertThat(document.getElementsByTagName("script").getLength()).isZero();
    assertThat(document.getElementsByTagName("rect").getLength()).isEqualTo(2 + 2); // and a legend
  }

  @Test
  void nodesLeadToTheirAddressesWhichAreEscaped() {
    Diagram diagram =
        new Diagram(
            "a <b>",
            List.of(new Node("a", "one", "op", ""), new Node("b", "two", "op", "")),
            List.of(new Edge("a", "b", "", 1)));
    String html = HtmlParts.diagram(diagram, Map.of("b", "/x?y=\"1\"&z=<"), "caption <i>");
    assertThat(html)
        .contains("<a href=\"/x?y=&quot;1&quot;&amp;z=&lt;\"><g class=\"node")
        .doesNotContain("<i>", "a <b>");
    assertThat(html.split("<a href", -1)).hasSize(2);
  }

  @Test
  void edgesPointDownAndBoxesOfALayerDoNotOverlap() {
    Random random = new Random(3);
    for (int round = 0; round < 60; round++) {
      int nodes = 1 + random.nextInt(120);
      LayeredLayout layout = layout(random(random, nodes, random.nextInt(3 * nodes), false));
      Map<Integer, List<LayeredLayout.Place>> layers = new HashMap<>();
      for (LayeredLayout.Place place : layout.places()) {
        layers.computeIfAbsent(place.layer(), i -> new ArrayList<>()).add(place);
        assertThat(place.x() - place.width() / 2).isGreaterThanOrEqualTo(0);
        assertThat(place.x() + place.width() / 2).isLessThanOrEqualTo(layout.width());
        assertThat(place.top() + place.height()).isLessThanOrEqualTo(layout.height());
      }
      for (List<LayeredLayout.Place> layer : layers.values()) {
        layer.sort((a, b) -> Double.compare(a.x(), b.x()));
        for (int i = 1; i < layer.size(); i++) {
          double gap = layer.get(i).x() - layer.get(i - 1).x() - 80;
          assertThat(gap).isGreaterThanOrEqualTo(LayeredLayout.BETWEEN_NODES - 1e-6);
        }
      }
      for (LayeredLayout.Route route : layout.routes()) {
        for (int i = 1; i < route.y().length; i++) {
          assertThat(route.y()[i]).isGreaterThanOrEqualTo(route.y()[i - 1]);
        }
      }
    }
  }

  @Test
  void cyclesAndLoopsAreDrawn() throws Exception {
    Random random = new Random(4);
    for (int round = 0; round < 60; round++) {
      int nodes = 1 + random.nextInt(40);
      Diagram diagram = random(random, nodes, random.nextInt(3 * nodes), true);
      Document document = parsed(SvgDiagram.standalone(diagram));
      int heads = 0;
      for (int i = 0; i < document.getElementsByTagName("path").getLength(); i++) {
        var attribute = document.getElementsByTagName("path").item(i).getAttributes();
        heads += attribute.getNamedItem("class") == null ? 0 : 1;
      }
      assertThat(heads).isEqualTo(diagram.edges().size());
    }
  }

  @Test
  void crossingsThatCanBeAvoidedAre() {
    // Two ladders whose nodes are given interleaved and upside down.
    List<Node> nodes = new ArrayList<>();
    List<Edge> edges = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      nodes.add(new Node("a" + i, "", "", ""));
      nodes.add(0, new Node("b" + i, "", "", ""));
      if (i > 0) {
        edges.add(new Edge("a" + (i - 1), "a" + i, "", 1));
        edges.add(new Edge("b" + (i - 1), "b" + i, "", 1));
      }
    }
    LayeredLayout layout = layout(new Diagram("", nodes, edges));
    Map<String, Double> x = new HashMap<>();
    layout.places().forEach(place -> x.put(place.node().id(), place.x()));
    boolean left = x.get("a0") < x.get("b0");
    for (int i = 1; i < 6; i++) {
      assertThat(x.get("a" + i) < x.get("b" + i)).isEqualTo(left);
      assertThat(x.get("a" + i)).isCloseTo(x.get("a0"), org.assertj.core.data.Offset.offset(1.0));
    }
  }

  @Test
  void aParameterStandsJustAboveWhatItFeeds() {
    LayeredLayout layout = layout(SampleReport.decoder(3));
    Map<String, Integer> layer = new HashMap<>();
    layout.places().forEach(place -> layer.put(place.node().id(), place.layer()));
    assertThat(layer.get("b2wout")).isEqualTo(layer.get("b2out") - 1);
    assertThat(layer.get("tokens")).isZero();
  }

  @Test
  void aThousandNodesAreLaidOutInSeconds() {
    long start = System.nanoTime();
    LayeredLayout layout =
        layout(SampleReport.decoder(60)); // 1,080 nodes, one edge over 540 layers
    assertThat(layout.places()).hasSize(3 + 60 * 18 + 1);
    assertThat((System.nanoTime() - start) / 1e9).isLessThan(20);
  }

  @Test
  void widthsFollowWeights() {
    String svg =
        SvgDiagram.standalone(
            new Diagram(
                "",
                List.of(
                    new Node("a", "a", "", ""),
                    new Node("b", "b", "", ""),
                    new Node("c", "c", "", "")),
                List.of(new Edge("a", "b", "", -4), new Edge("a", "c", "", 2))));
    assertThat(svg).contains("stroke-width=\"4.5\"", "stroke-width=\"2.6\"", "class=\"negative\"");
  }
}
