package org.lapidary.interpret.attribution;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.lapidary.evidence.Figure;
import org.lapidary.interpret.circuit.Circuit;
import org.lapidary.interpret.circuit.Circuit.Edge;
import org.lapidary.interpret.circuit.Circuit.Kind;
import org.lapidary.interpret.circuit.Circuit.Node;

/**
 * How much of a difference between two runs each activation accounts for.
 *
 * @param clean the metric of the clean run
 * @param corrupted that of the corrupted run
 * @param bySite attributions [position][head], of one head where a site has none
 */
public record Attributions(double clean, double corrupted, Map<String, double[][]> bySite) {
  private static final String HEADS = ".attn.hook_z";
  private static final String MLP = ".hook_mlp_out";

  /**
   * Every site's attributions by position, summed over heads.
   *
   * @param tokens the clean prompt as it is shown
   */
  public Figure.Heatmap byPosition(String title, List<String> tokens) {
    List<String> sites = new ArrayList<>(bySite.keySet());
    double[][] values = new double[sites.size()][];
    for (int s = 0; s < values.length; s++) {
      double[][] rows = at(sites.get(s));
      values[s] = IntStream.range(0, rows.length).mapToDouble(p -> sum(rows[p])).toArray();
    }
    return new Figure.Heatmap(title, "token", "site", tokens, sites, values);
  }

  /** The heads' attributions, summed over positions: layer by head. */
  public Figure.Heatmap byHead(String title) {
    List<String> layers = new ArrayList<>();
    List<double[]> values = new ArrayList<>();
    bySite.forEach((site, rows) -> {
      if (site.endsWith(HEADS)) {
        layers.add("block " + layer(site));
        double[] sums = new double[rows[0].length];
        for (double[] row : rows) {
          for (int h = 0; h < sums.length; h++) {
            sums[h] += row[h];
          }
        }
        values.add(sums);
      }
    });
    int heads = values.isEmpty() ? 0 : values.getFirst().length;
    List<String> names = IntStream.range(0, heads).mapToObj(Integer::toString).toList();
    return new Figure.Heatmap(title, "head", "", names, layers, values.toArray(double[][]::new));
  }

  /**
   * The heads and MLPs, at their tokens, that account for most, as a circuit of what they do to the
   * metric; kept is the sum of their attributions, total the whole difference.
   *
   * @param count at most so many
   * @param token the position at which the metric is read
   * @throws IllegalArgumentException if neither heads nor MLPs were attributed to
   */
  public Circuit circuit(int count, int token) {
    List<Edge> all = new ArrayList<>();
    Node root = new Node(Kind.LOGIT, "ln_final.hook_normalized", -1, -1, token, clean);
    bySite.forEach((site, rows) -> {
      boolean heads = site.endsWith(HEADS);
      if (heads || site.endsWith(MLP)) {
        for (int p = 0; p < rows.length; p++) {
          for (int h = 0; h < rows[p].length; h++) {
            Node node =
                new Node(
                    heads ? Kind.HEAD : Kind.MLP, site, layer(site), heads ? h : -1, p, rows[p][h]);
            all.add(new Edge(node, root, List.of(), 1, rows[p][h]));
          }
        }
      }
    });
    if (all.isEmpty()) {
      throw new IllegalArgumentException(
          "a circuit needs the sites blocks.*.attn.hook_z or blocks.*.hook_mlp_out among "
              + bySite.keySet());
    }
    all.sort(Comparator.comparingDouble((Edge e) -> -Math.abs(e.attribution())));
    List<Edge> kept = all.subList(0, Math.min(count, all.size()));
    List<Node> nodes = new ArrayList<>(List.of(root));
    kept.forEach(e -> nodes.add(e.from()));
    return new Circuit(
        root, nodes, kept, clean - corrupted, kept.stream().mapToDouble(Edge::attribution).sum());
  }

  private static int layer(String site) {
    return Integer.parseInt(site.split("\\.", 3)[1]);
  }

  private double[][] at(String site) {
    return java.util.Objects.requireNonNull(bySite.get(site));
  }

  private static double sum(double[] values) {
    double sum = 0;
    for (double v : values) {
      sum += v;
    }
    return sum;
  }

  /** The sums over positions and heads, by site, the largest first. */
  public Map<String, Double> totals() {
    Map<String, Double> totals = new LinkedHashMap<>();
    bySite.entrySet().stream()
        .map(e ->
            Map.entry(
                e.getKey(),
                IntStream.range(0, e.getValue().length)
                    .mapToDouble(p -> sum(e.getValue()[p]))
                    .sum()))
        .sorted(
            Comparator.comparingDouble((Map.Entry<String, Double> e) -> -Math.abs(e.getValue())))
        .forEach(e -> totals.put(e.getKey(), e.getValue()));
    return totals;
  }
}
