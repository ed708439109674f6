package org.lapidary.examples;

import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Cost;
import org.lapidary.tensor.Graph;
import org.lapidary.tensor.Op;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

/** Records the graph of a model and reads it: what it costs, and where. */
public final class CountFlops {
  private CountFlops() {}

  /** Takes no arguments. */
  public static void main(String[] args) {
    Model model = Model.random(DecoderConfig.llama(100, 64, 2, 8, 4, 172, 128, true), new Rng(0));
    Graph graph = model.graph(Tensor.of(new int[16], 1, 16));
    double products = 0;
    for (Graph.Node node : graph.nodes()) {
      products +=
          switch (node.op()) {
            case Op.Contraction ignored -> Cost.of(node).flops();
            case Op.Fused ignored -> 0;
            case Op.Pointwise ignored -> 0;
            case Op.Reduction ignored -> 0;
            case Op.Layout ignored -> 0;
            case Op.Indexing ignored -> 0;
            case Op.LinearAlgebra ignored -> 0;
          };
    }
    Cost all = Cost.of(graph);
    System.out.printf(
        "%d operations, %.0f FLOPs, %.1f%% of them in matrix products%n",
        graph.nodes().size(), all.flops(), 100 * products / all.flops());
  }
}
