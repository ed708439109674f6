package org.lapidary.assay;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lapidary.evidence.Figure;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.KvCache;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.CircuitDiagram;
import org.lapidary.tensor.Cost;
import org.lapidary.tensor.Graph;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * What a language model is, read from its graph.
 *
 * @param summary settings, in order
 * @param parameters trainable scalars
 * @param flopsPerToken of a forward pass over {@code length} tokens, a token
 * @param bytesPerToken moved in it, a token
 * @param length tokens of the pass
 * @param parts cost by part: attention, MLP, norms, embedding and unembedding
 * @param diagram one block (of all, for a shallow model) as boxes and arrows
 */
public record Anatomy(
    Map<String, Object> summary,
    long parameters,
    double flopsPerToken,
    double bytesPerToken,
    int length,
    Map<String, Part> parts,
    Figure.Diagram diagram) {

  private static final int ROUNDS = 7;

  /** Parameters and operations of a part of the model. */
  public record Part(long parameters, double flopsPerToken) {}

  /** Reads a model. */
  public static Anatomy of(Model model) {
    DecoderConfig config = model.decoder().config();
    int length = Math.min(64, config.context());
    try (Scope scope = Scope.open()) {
      Graph graph = model.graph(Tensor.of(new int[length], 1, length));
      Cost cost = Cost.of(graph);
      return new Anatomy(
          config.summary(),
          model.layer().parameterCount(),
          cost.flops() / length,
          cost.bytes() / length,
          length,
          parts(model, graph, length),
          diagram(config));
    }
  }

  private static Map<String, Part> parts(Model model, Graph graph, int length) {
    Map<String, Long> weights = new LinkedHashMap<>();
    Map<String, Double> flops = new LinkedHashMap<>();
    for (String part : List.of("embedding", "attention", "MLP", "norms", "unembedding")) {
      weights.put(part, 0L);
      flops.put(part, 0.0);
    }
    model
        .layer()
        .parameters()
        .forEach((path, p) -> weights.merge(partOf(path), p.tensor().elements(), Long::sum));
    String current = "embedding";
    for (Graph.Node node : graph.nodes()) {
      for (Graph.Value input : node.inputs()) {
        String name = graph.name(input);
        if (name != null) {
          boolean last = name.equals("embed") && !current.equals("embedding");
          current = last ? "unembedding" : partOf(name);
        }
      }
      flops.merge(current, Cost.of(node).flops() / length, Double::sum);
    }
    Map<String, Part> parts = new LinkedHashMap<>();
    weights.forEach((part, n) -> parts.put(part, new Part(n, flops.getOrDefault(part, 0.0))));
    return parts;
  }

  private static String partOf(String path) {
    if (path.contains(".attn.")) {
      return "attention";
    }
    if (path.contains(".mlp.")) {
      return "MLP";
    }
    if (path.startsWith("unembed")) {
      return "unembedding";
    }
    return path.contains("ln") ? "norms" : "embedding";
  }

  /**
   * The graph of a decoder as boxes and arrows, from its configuration alone. Blocks are alike, so
   * a deep model is drawn with one of its; values play no part, so its parameters are not drawn.
   */
  public static Figure.Diagram diagram(DecoderConfig config) {
    boolean deep = config.layers() > 1;
    DecoderConfig drawn = deep ? config.withLayers(1) : config;
    Model model = new Model(drawn, drawn.build(), null);
    int length = Math.min(8, config.context());
    try (Scope scope = Scope.open()) {
      Graph graph = model.graph(Tensor.of(new int[length], 1, length));
      String title =
          deep
              ? "One of the %d blocks, between embedding and unembedding".formatted(config.layers())
              : "The model";
      return CircuitDiagram.of(title, graph, List.of(List.of("batch", "position")));
    }
  }

  /** Tokens a second when writing one token after another with a cache; the median of runs. */
  public static double tokensPerSecond(Model model, int tokens) {
    return tokensPerSecond(List.of(model), tokens)[0];
  }

  /** The same of several models that take turns, so that what else runs falls on all. */
  public static double[] tokensPerSecond(List<Model> models, int tokens) {
    double[][] speeds = new double[models.size()][ROUNDS];
    for (int round = -1; round < ROUNDS; round++) { // the first warms up
      for (int m = 0; m < models.size(); m++) {
        double speed = speed(models.get(m), tokens);
        if (round >= 0) {
          speeds[m][round] = speed;
        }
      }
    }
    return Arrays.stream(speeds)
        .mapToDouble(s -> Arrays.stream(s).sorted().toArray()[ROUNDS / 2])
        .toArray();
  }

  private static double speed(Model model, int tokens) {
    int n = Math.min(tokens, model.decoder().config().context());
    try (KvCache cache = new KvCache(model.decoder().config().layers());
        var ignored = Autograd.noGrad()) {
      long start = System.nanoTime();
      for (int i = 0; i < n; i++) {
        try (Scope scope = Scope.open()) {
          // the logits are read, as a sampler would
          model.decoder().forward(Tensor.of(new int[] {i % 2}, 1, 1), cache).toFloats();
        }
      }
      return n / ((System.nanoTime() - start) / 1e9);
    }
  }

  /** Parts as a table. */
  public Figure.Table table() {
    List<List<Object>> rows = new ArrayList<>();
    parts.forEach((name, p) ->
        rows.add(
            List.of(
                name,
                p.parameters(),
                Reports.round(p.flopsPerToken()),
                String.format(Locale.ROOT, "%.1f%%", 100 * p.flopsPerToken() / flopsPerToken))));
    return new Figure.Table(
        "Where parameters and work are",
        List.of("part", "parameters", "FLOPs a token", "share of FLOPs"),
        rows);
  }
}
