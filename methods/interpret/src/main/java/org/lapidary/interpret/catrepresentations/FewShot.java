package org.lapidary.interpret.catrepresentations;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Classification from a few labelled examples a class: the nearest class mean by cosine.
 *
 * @param shots labelled examples a class
 * @param episodes draws of them
 */
public record FewShot(int shots, int episodes) {

  /** The mean accuracy on all other rows; features [n, d], labels of n rows. */
  public double accuracy(Tensor features, int[] labels, Rng rng) {
    int classes = Arrays.stream(labels).max().orElse(-1) + 1;
    try (Scope scope = Scope.open()) {
      Tensor x = features.detach().to(DType.FLOAT64);
      Tensor z = x.sub(x.mean(true, 0));
      Tensor unit = z.div(z.norm(true, 1).maximum(1e-12));
      double sum = 0;
      for (int episode = 0; episode < episodes; episode++) {
        sum += accuracy(unit, labels, classes, rng.fork(episode));
      }
      return sum / episodes;
    }
  }

  private double accuracy(Tensor unit, int[] labels, int classes, Rng rng) {
    List<List<Integer>> chosen = new ArrayList<>();
    for (int c = 0; c < classes; c++) {
      chosen.add(new ArrayList<>());
    }
    boolean[] taken = new boolean[labels.length];
    for (int row : rng.permutation(labels.length)) {
      if (chosen.get(labels[row]).size() < shots) {
        chosen.get(labels[row]).add(row);
        taken[row] = true;
      }
    }
    try (Scope scope = Scope.open()) {
      List<Tensor> means = new ArrayList<>();
      for (int c = 0; c < classes; c++) {
        if (chosen.get(c).size() < shots) {
          throw new IllegalArgumentException(
              "class %d has fewer than %d examples".formatted(c, shots));
        }
        int[] rows = chosen.get(c).stream().mapToInt(Integer::intValue).toArray();
        Tensor mean = unit.indexSelect(0, Tensor.of(rows)).mean(false, 0);
        means.add(mean.div(mean.norm(false).maximum(1e-12)));
      }
      long[] found = unit.matmul(Tensor.stack(means).t()).argmax(1).toLongs();
      int right = 0;
      int all = 0;
      for (int i = 0; i < labels.length; i++) {
        if (!taken[i]) {
          right += found[i] == labels[i] ? 1 : 0;
          all++;
        }
      }
      return (double) right / all;
    }
  }
}
