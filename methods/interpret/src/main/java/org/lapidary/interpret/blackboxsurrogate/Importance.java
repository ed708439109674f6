package org.lapidary.interpret.blackboxsurrogate;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * How much every column matters to a black box, by three measures and in all.
 *
 * @param attention mean of a_j over rows that are classified rightly
 * @param permutation loss with the column shuffled minus the loss, mean over repetitions
 * @param gradient mean of |d logit / d x_j x_j|, the logit of the predicted class
 * @param aggregate mean of the three normalised ranks (Borda), 1 for a column that leads them all
 */
public record Importance(
    double[] attention, double[] permutation, double[] gradient, double[] aggregate) {

  /**
   * Measures on a table.
   *
   * @param repeats of every permutation
   */
  public static Importance of(BlackBox box, Table table, int repeats, Rng rng) {
    double[] attention = attention(box, table);
    double[] permutation = permutation(box, table, repeats, rng);
    double[] gradient = gradient(box, table);
    double[] aggregate = new double[attention.length];
    for (double[] measure : new double[][] {attention, permutation, gradient}) {
      int[] order = order(measure);
      for (int r = 0; r < order.length; r++) {
        aggregate[order[r]] += (1 - (double) r / order.length) / 3;
      }
    }
    return new Importance(attention, permutation, gradient, aggregate);
  }

  /** The columns of the largest aggregate, falling. */
  public int[] top(int k) {
    return Arrays.copyOf(order(aggregate), k);
  }

  /**
   * The columns that matter more than every shadow.
   *
   * @param columns how many of the columns are no shadows; they come first, as {@link
   *     Table#withShadows} puts them
   */
  public int[] aboveShadows(int columns) {
    double most =
        IntStream.range(columns, aggregate.length)
            .mapToDouble(j -> aggregate[j])
            .max()
            .orElseThrow();
    return IntStream.range(0, columns).filter(j -> aggregate[j] > most).toArray();
  }

  private static int[] order(double[] measure) {
    return IntStream.range(0, measure.length)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer j) -> -measure[j]))
        .mapToInt(j -> j)
        .toArray();
  }

  private static double[] attention(BlackBox box, Table table) {
    return Autograd.noGrad(() -> {
      try (Scope scope = Scope.open()) {
        Tensor x = table.tensor();
        Tensor y = Tensor.of(table.y(), table.rows());
        Tensor right = box.forward(x).argmax(1).eq(y).to(x.dtype()).unsqueeze(1);
        Tensor sum = box.attention(x).mul(right).sum(false, 0);
        return sum.div(Math.max(1, right.sum().item())).toDoubles();
      }
    });
  }

  private static double[] gradient(BlackBox box, Table table) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.enableGrad()) {
      Tensor x = table.tensor().requiresGrad(true);
      Tensor logits = box.forward(x);
      Tensor chosen = logits.gather(1, logits.argmax(1).unsqueeze(1)).sum();
      Tensor g = Autograd.grad(chosen, java.util.List.of(x)).getFirst();
      return g.mul(x.detach()).abs().mean(false, 0).toDoubles();
    }
  }

  /**
   * Permutation importance by halving: a block of columns is shuffled together; where that does not
   * raise the loss noticeably, its columns share what it does, else its halves are looked at.
   */
  private static double[] permutation(BlackBox box, Table table, int repeats, Rng rng) {
    double[] found = new double[table.columns()];
    Autograd.noGrad(() -> {
      try (Scope scope = Scope.open()) {
        Tensor x = table.tensor();
        Tensor y = Tensor.of(table.y(), table.rows());
        double loss = box.forward(x).crossEntropy(y).item();
        double noticeable = 0.002 * Math.max(loss, 0.1);
        // the columns of the largest gradient share their blocks
        int[] order = order(gradient(box, table));
        halve(box, table, order, 0, order.length, loss, noticeable, repeats, rng, found);
      }
      return found;
    });
    return found;
  }

  private static void halve(
      BlackBox box,
      Table table,
      int[] order,
      int from,
      int to,
      double loss,
      double noticeable,
      int repeats,
      Rng rng,
      double[] found) {
    double raised = raised(box, table, Arrays.copyOfRange(order, from, to), loss, repeats, rng);
    if (to - from == 1 || raised < noticeable) {
      for (int i = from; i < to; i++) {
        found[order[i]] = raised / (to - from);
      }
      return;
    }
    int middle = (from + to) / 2;
    halve(box, table, order, from, middle, loss, noticeable, repeats, rng, found);
    halve(box, table, order, middle, to, loss, noticeable, repeats, rng, found);
  }

  private static double raised(
      BlackBox box, Table table, int[] columns, double loss, int repeats, Rng rng) {
    double sum = 0;
    for (int r = 0; r < repeats; r++) {
      float[][] shuffled = new float[table.rows()][];
      int[] order = rng.permutation(table.rows());
      for (int i = 0; i < shuffled.length; i++) {
        shuffled[i] = table.x()[i].clone();
        for (int column : columns) {
          shuffled[i][column] = table.x()[order[i]][column];
        }
      }
      try (Scope scope = Scope.open()) {
        Table changed = new Table(shuffled, table.y());
        Tensor y = Tensor.of(table.y(), table.rows());
        sum += box.forward(changed.tensor()).crossEntropy(y).item() - loss;
      }
    }
    return sum / repeats;
  }
}
