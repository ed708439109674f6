package org.lapidary.interpret.iclnewton;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.evidence.Figure;
import org.lapidary.interpret.incontext.Agreement;
import org.lapidary.interpret.incontext.InContextAlgorithm;
import org.lapidary.interpret.tasks.LabelledPoints;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * How the layers of a learner line up with the steps of an algorithm.
 *
 * @param algorithm its name
 * @param steps the numbers of steps that were compared, rising
 * @param similarity of errors, {@code similarity[layer][i]} with the algorithm after {@code
 *     steps[i]} steps
 */
public record AlgorithmMatch(String algorithm, int[] steps, double[][] similarity) {

  /**
   * Compares every layer with the algorithm after the given numbers of steps.
   *
   * @param layers what every layer predicts, [sequences, n] each, as {@link LayerReadouts#predict}
   * @param steps rising, the last at most those that the algorithm takes
   */
  public static AlgorithmMatch of(
      List<Tensor> layers,
      InContextAlgorithm.Iterative algorithm,
      LabelledPoints points,
      int... steps) {
    for (int i = 0; i < steps.length; i++) {
      if (steps[i] < 0 || steps[i] > algorithm.steps() || (i > 0 && steps[i] <= steps[i - 1])) {
        throw new IllegalArgumentException(
            "steps to compare rise from 0 to at most the algorithm's %d, were %s"
                .formatted(algorithm.steps(), java.util.Arrays.toString(steps)));
      }
    }
    try (Scope scope = Scope.open()) {
      Tensor x = points.x().to(DType.FLOAT64);
      List<Tensor> iterates = algorithm.iterates(points);
      double[][] similarity = new double[layers.size()][steps.length];
      for (int i = 0; i < steps.length; i++) {
        Tensor says = iterates.get(steps[i]).mul(x).sum(false, 2);
        for (int l = 0; l < layers.size(); l++) {
          similarity[l][i] = Agreement.similarityOfErrors(layers.get(l), says, points.y());
        }
      }
      return new AlgorithmMatch(algorithm.name(), steps.clone(), similarity);
    }
  }

  private int bestIndex(int layer) {
    int best = 0;
    for (int i = 1; i < steps.length; i++) {
      if (similarity[layer][i] > similarity[layer][best]) {
        best = i;
      }
    }
    return best;
  }

  /** k*(l): the number of steps whose errors are most like those of a layer, from 0. */
  public int bestSteps(int layer) {
    return steps[bestIndex(layer)];
  }

  /** How like they are. */
  public double best(int layer) {
    return similarity[layer][bestIndex(layer)];
  }

  /** The largest similarity of a layer with the algorithm after at most so many steps. */
  public double bestWithin(int layer, int budget) {
    double best = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < steps.length && steps[i] <= budget; i++) {
      best = Math.max(best, similarity[layer][i]);
    }
    return best;
  }

  /** Layers against steps. */
  public Figure.Heatmap heatmap(String title) {
    List<String> columns = new ArrayList<>();
    for (int k : steps) {
      columns.add("" + k);
    }
    List<String> rows = new ArrayList<>();
    for (int l = 1; l <= similarity.length; l++) {
      rows.add("" + l);
    }
    return new Figure.Heatmap(title, "steps of " + algorithm, "layer", columns, rows, similarity);
  }
}
