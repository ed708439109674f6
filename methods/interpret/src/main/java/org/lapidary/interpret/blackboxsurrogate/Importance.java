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
  private static final int ROWS = 1000; // that are shuffled
  private static final double NOTICEABLE = 0.01; // of the loss

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
    Table part = table.rows(0, Math.min(ROWS, table.rows()));
    // columns of like gradients share their blocks
    int[] order = order(gradient(box, part));
    return Autograd.noGrad(() -> {
      try (Scope scope = Scope.open()) {
        Halving halving = new Halving(box, part, order, repeats, rng);
        halving.halve(0, order.length);
        return halving.found;
      }
    });
  }

  private static final class Halving {
    private final BlackBox box;
    private final Tensor x;
    private final Tensor y;
    private final int[] order;
    private final int repeats;
    private final Rng rng;
    private final double loss;
    private final double[] found;

    Halving(BlackBox box, Table table, int[] order, int repeats, Rng rng) {
      this.box = box;
      this.x = table.tensor();
      this.y = Tensor.of(table.y(), table.rows());
      this.order = order;
      this.repeats = repeats;
      this.rng = rng;
      this.loss = box.forward(x).crossEntropy(y).item();
      this.found = new double[order.length];
    }

    void halve(int from, int to) {
      double raised = raised(Arrays.copyOfRange(order, from, to));
      if (to - from == 1 || raised < NOTICEABLE * Math.max(loss, 0.1)) {
        for (int i = from; i < to; i++) {
          found[order[i]] = raised / (to - from);
        }
        return;
      }
      int middle = (from + to) / 2;
      halve(from, middle);
      halve(middle, to);
    }

    private double raised(int[] columns) {
      boolean[] chosen = new boolean[order.length];
      for (int column : columns) {
        chosen[column] = true;
      }
      double sum = 0;
      for (int r = 0; r < repeats; r++) {
        try (Scope scope = Scope.open()) {
          int[] rows = rng.permutation((int) x.size(0));
          Tensor shuffled = x.indexSelect(0, Tensor.of(rows, rows.length));
          Tensor mask = Tensor.of(chosen, 1, chosen.length);
          Tensor changed = Tensor.where(mask, shuffled, x);
          sum += box.forward(changed).crossEntropy(y).item() - loss;
        }
      }
      return sum / repeats;
    }
  }
}
