package org.lapidary.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Figure.Diagram;
import org.lapidary.evidence.Figure.Edge;
import org.lapidary.evidence.Figure.Node;
import org.lapidary.evidence.Figure.Series;

/** A report with every kind of block and figure, and strings that must be escaped. */
final class SampleReport {
  static final String HOSTILE =
      "</script><script>alert(1)</script><img src=x onerror=\"alert('2')\">&";

  private SampleReport() {}

  static Report report() {
    return new Report(
        "What is inside a small story teller",
        "5 layers, 260,032 parameters, float32. Two cores, seed 0.",
        List.of(
            new Section(
                "anatomy",
                "Anatomy",
                List.of(
                    new Block.Text(
                        """
                        The model is a decoder with grouped queries. It reads 512 tokens at most; its
                        embedding is tied to its output, so that `tok_embeddings.weight` counts once.

                        Loss is measured on text the model has not been calibrated on.\
                        """),
                    new Block.KeyValues(
                        List.of(
                            new Block.Entry("Parameters", "260,032", "1.04 MB in float32"),
                            new Block.Entry("Loss", "1.302 nats", "95% interval 1.291 to 1.313"),
                            new Block.Entry("Perplexity", "3.68", ""),
                            new Block.Entry(
                                "Speed", "4,310 tokens/s", "one sequence, two threads"))),
                    new Block.FigureBlock(
                        new Figure.Table(
                            "Where the parameters are",
                            List.of("part", "shape", "parameters", "share", "tied"),
                            List.of(
                                List.of("tok_embeddings.weight", "[512, 64]", 32768, 0.126, true),
                                List.of("blocks.0.attn.w_q", "[64, 64]", 4096, 0.01575, false),
                                List.of("blocks.0.mlp.w_in", "[172, 64]", 11008, 0.0423, false),
                                List.of(
                                    "a name with <b>marks</b> & \"quotes\"",
                                    "[1]",
                                    1L,
                                    3.8e-6,
                                    false)))),
                    new Block.FigureBlock(
                        decoder(4), "Arrows are as wide as the tensors they carry."))),
            new Section(
                "activity",
                "Activity",
                List.of(
                    new Block.Warning("Layer 3 was skipped because its input was not finite."),
                    new Block.FigureBlock(curves(), "Shaded: 95% interval over three seeds."),
                    new Block.FigureBlock(log()),
                    new Block.FigureBlock(histogram()),
                    new Block.FigureBlock(
                        heatmap(), "How far skipping a layer moves every later one."),
                    new Block.FigureBlock(signed()))),
            new Section(
                "features",
                "Features",
                List.of(
                    new Block.FigureBlock(tokens(), "Feature 41 waits for the name after a verb."),
                    new Block.FigureBlock(circuit(130)),
                    new Block.FigureBlock(images()))),
            new Section(
                "escaping",
                "Escaping " + HOSTILE,
                List.of(
                    new Block.Text(HOSTILE + " `" + HOSTILE + "`"),
                    new Block.Warning(HOSTILE),
                    new Block.KeyValues(List.of(new Block.Entry(HOSTILE, HOSTILE, HOSTILE))),
                    new Block.FigureBlock(
                        new Figure.Table(
                            HOSTILE,
                            List.of(HOSTILE),
                            List.of(List.of(HOSTILE), List.of("\u001b[31m\u0000"))),
                        HOSTILE),
                    new Block.FigureBlock(
                        new Figure.Lines(
                            HOSTILE,
                            HOSTILE,
                            HOSTILE,
                            List.of(
                                new Series(
                                    HOSTILE, new double[] {0, 1}, new double[] {1, Double.NaN})))),
                    new Block.FigureBlock(
                        new Figure.Heatmap(
                            HOSTILE,
                            HOSTILE,
                            HOSTILE,
                            List.of(HOSTILE),
                            List.of(HOSTILE),
                            new double[][] {{1}})),
                    new Block.FigureBlock(
                        new Diagram(
                            HOSTILE,
                            List.of(new Node(HOSTILE, HOSTILE, HOSTILE, HOSTILE)),
                            List.of(new Edge(HOSTILE, HOSTILE, HOSTILE, 1)))),
                    new Block.FigureBlock(
                        new Figure.TokenText(
                            HOSTILE,
                            List.of(
                                new Figure.TokenLine(
                                    List.of(HOSTILE, "\u001b[2J"), new double[] {1, 0})))))),
            new Section(
                "odds", "Odds and ends", List.of(Block.KeyValues.of(Map.of("seed", "0"))))));
  }

  static Figure.Lines curves() {
    List<Series> series = new ArrayList<>();
    String[] names = {"dense", "2:4", "4 bits", "3 bits"};
    for (int k = 0; k < names.length; k++) {
      double[] x = new double[25];
      double[] y = new double[25];
      double[] low = new double[25];
      double[] high = new double[25];
      for (int i = 0; i < x.length; i++) {
        x[i] = i * 20;
        y[i] = 1.3 + 0.12 * k + 2.5 * Math.exp(-i / (4.0 + k)) + 0.02 * Math.sin(i * (k + 1));
        low[i] = y[i] - 0.05 - 0.01 * k;
        high[i] = y[i] + 0.05 + 0.01 * k;
      }
      series.add(k < 2 ? new Series(names[k], x, y, low, high) : new Series(names[k], x, y));
    }
    return new Figure.Lines("Loss while training", "step", "nats/token", series);
  }

  static Figure.Lines log() {
    double[] x = {0.01, 0.03, 0.1, 0.3, 0.6, 0.9};
    double[] y = {3e-6, 4e-5, 7e-4, 0.02, 0.4, 9};
    return new Figure.Lines(
        "Divergence by share of weights removed",
        "share removed",
        "KL, nats",
        true,
        true,
        List.of(new Series("magnitude", x, y)));
  }

  static Figure.Histogram histogram() {
    double[] edges = new double[41];
    double[] counts = new double[40];
    for (int i = 0; i <= 40; i++) {
      edges[i] = -4 + 0.2 * i;
    }
    for (int i = 0; i < 40; i++) {
      counts[i] = Math.rint(9000 * Math.exp(-edges[i] * edges[i] / 2));
    }
    return new Figure.Histogram("Pre-activations of layer 2", "hook_pre", edges, counts);
  }

  static Figure.Heatmap heatmap() {
    List<String> names = List.of("0", "1", "2", "3", "4", "out");
    double[][] values = new double[5][6];
    for (int i = 0; i < 5; i++) {
      for (int j = 0; j < 6; j++) {
        values[i][j] = j <= i ? Double.NaN : 0.9 / (1 + j - i) + 0.04 * i;
      }
    }
    return new Figure.Heatmap(
        "Effect of skipping", "later layer", "skipped layer", names, names.subList(0, 5), values);
  }

  static Figure.Heatmap signed() {
    Random random = new Random(1);
    List<String> rows = new ArrayList<>();
    List<String> columns = new ArrayList<>();
    double[][] values = new double[12][40];
    for (int i = 0; i < 12; i++) {
      rows.add("head " + i);
      for (int j = 0; j < 40; j++) {
        values[i][j] = random.nextGaussian() * Math.exp(-Math.abs(i * 3 - j) / 8.0);
      }
    }
    for (int j = 0; j < 40; j++) {
      columns.add("t" + j);
    }
    return new Figure.Heatmap(
        "Attribution by head and position", "position", "head", columns, rows, values);
  }

  static Figure.TokenText tokens() {
    List<String> words =
        List.of(
            "Once", " upon", " a", " time", ",", " there", " was", " a", " girl", " named", " Lily",
            ".", "\n", " She");
    double[] a = {0, 0.02, 0, 0, 0, 0.1, 0.05, 0, 0.3, 0.9, 2.1, -0.4, 0, 0.2};
    double[] b = {0, -1.2, 0, 0.4, 0, 0.1, 0.05, -0.3, 0.3, 1.9, 1.1, -0.4, 0, 0.2};
    return new Figure.TokenText(
        "Where feature 41 is active",
        List.of(new Figure.TokenLine(words, a), new Figure.TokenLine(words, b)));
  }

  static Figure.Images images() {
    List<Figure.Image> images = new ArrayList<>();
    for (int k = 0; k < 6; k++) {
      double[][] pixels = new double[16][16];
      for (int i = 0; i < 16; i++) {
        for (int j = 0; j < 16; j++) {
          pixels[i][j] = 0.5 + 0.5 * Math.sin(i * 0.3 * (k + 1)) * Math.cos(j * 0.4);
        }
      }
      images.add(new Figure.Image("unit " + k, pixels));
    }
    return new Figure.Images("First filters", images);
  }

  /** A decoder of so many layers, as the ops of its graph. */
  static Diagram decoder(int layers) {
    List<Node> nodes = new ArrayList<>();
    List<Edge> edges = new ArrayList<>();
    nodes.add(new Node("tokens", "tokens\n[1, 128]", "input", "token ids"));
    nodes.add(new Node("embed", "embed\n[1, 128, 64]", "op", "0 FLOPs"));
    nodes.add(new Node("we", "tok_embeddings", "parameter", "[512, 64]"));
    edges.add(new Edge("tokens", "embed", "", 1));
    edges.add(new Edge("we", "embed", "", 1));
    String residual = "embed";
    for (int i = 0; i < layers; i++) {
      String p = "b" + i;
      for (String part :
          List.of(
              "norm1",
              "q",
              "k",
              "v",
              "attention",
              "o",
              "add1",
              "norm2",
              "in",
              "gelu",
              "out",
              "add2")) {
        nodes.add(new Node(p + part, part, "op", "[1, 128, 64]"));
      }
      for (String weight : List.of("q", "k", "v", "o", "in", "out")) {
        nodes.add(
            new Node(p + "w" + weight, "blocks." + i + ".w_" + weight, "parameter", "[64, 64]"));
        edges.add(new Edge(p + "w" + weight, p + weight, "", 1));
      }
      for (String[] e :
          new String[][] {
            {"norm1", "q"},
            {"norm1", "k"},
            {"norm1", "v"},
            {"q", "attention"},
            {"k", "attention"},
            {"v", "attention"},
            {"attention", "o"},
            {"o", "add1"},
            {"add1", "norm2"},
            {"norm2", "in"},
            {"in", "gelu"},
            {"gelu", "out"},
            {"out", "add2"},
            {"add1", "add2"}
          }) {
        edges.add(new Edge(p + e[0], p + e[1], "", 1));
      }
      edges.add(new Edge(residual, p + "norm1", "", 1));
      edges.add(new Edge(residual, p + "add1", "", 1));
      residual = p + "add2";
    }
    nodes.add(new Node("logits", "logits\n[1, 128, 512]", "output", "8.4 MFLOPs"));
    edges.add(new Edge(residual, "logits", "", 1));
    edges.add(new Edge("we", "logits", "tied", 1));
    return new Diagram("The graph of the model", nodes, edges);
  }

  /** Features of several layers with signed weights between them. */
  static Diagram circuit(int size) {
    Random random = new Random(7);
    List<Node> nodes = new ArrayList<>();
    List<Edge> edges = new ArrayList<>();
    String[] kinds = {"embedding", "feature", "head", "feature", "logit"};
    for (int i = 0; i < size; i++) {
      int layer = Math.min(4, i * 5 / size);
      nodes.add(
          new Node(
              "n" + i, "L" + layer + " f" + random.nextInt(999), kinds[layer], "activation " + i));
      for (int k = 0; k < 2 && layer > 0; k++) {
        int from = random.nextInt(Math.max(1, layer * size / 5));
        edges.add(new Edge("n" + from, "n" + i, "", random.nextGaussian()));
      }
    }
    return new Diagram("A circuit of " + size + " features", nodes, edges);
  }
}
