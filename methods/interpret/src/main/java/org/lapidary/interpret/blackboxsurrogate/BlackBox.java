package org.lapidary.interpret.blackboxsurrogate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.Dropout;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Parameter;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.AdamW;
import org.lapidary.train.Schedule;
import org.lapidary.train.Trainer;

/**
 * A classifier of wide tables with an embedding: feature attention, an autoencoder and a head.
 *
 * <p>a_h = softmax(s (U_h tanh(V_h x) + b_h)), s a sharpness that lets it choose among thousands, a
 * = mean over H heads, x~ = p a * x; z = f(x~) through one hidden layer of ReLU; x^ = g(z); logits
 * = h(z). Loss = cross-entropy + alpha ||x - x^||^2 / p.
 */
public final class BlackBox extends Layer implements UnaryLayer {

  /**
   * Widths and training.
   *
   * @param heads of the attention
   * @param rank of the attention's map from x
   * @param sharpness s of the attention
   * @param hidden units of encoder and decoder
   * @param embedding d_z
   * @param alpha weight of the reconstruction
   * @param dropout of the hidden layer
   * @param decay of the weights
   * @param epochs at most; the weights of the best validation loss are kept
   * @param patience epochs without improvement after which training stops
   */
  public record Settings(
      int heads,
      int rank,
      double sharpness,
      int hidden,
      int embedding,
      double alpha,
      double dropout,
      double decay,
      double rate,
      int epochs,
      int patience,
      int batch) {
    public static Settings defaults() {
      return new Settings(1, 4, 100, 32, 16, 0.1, 0.4, 10, 1e-3, 100, 30, 100);
    }
  }

  private final int columns;
  private final int classes;
  private final Settings settings;
  private final List<Linear> keys = new ArrayList<>();
  private final List<Linear> scores = new ArrayList<>();
  private final Linear in;
  private final Dropout dropout;
  private final Linear embed;
  private final Linear back;
  private final Linear reconstruct;
  private final Linear middle;
  private final Linear head;

  public BlackBox(int columns, int classes, Settings settings) {
    this.columns = columns;
    this.classes = classes;
    this.settings = settings;
    for (int h = 0; h < settings.heads(); h++) {
      keys.add(child("key" + h, new Linear(columns, settings.rank(), false)));
      scores.add(child("score" + h, new Linear(settings.rank(), columns, true, 1e-4)));
    }
    in = child("in", new Linear(columns, settings.hidden(), true));
    dropout = child("dropout", new Dropout(settings.dropout()));
    embed = child("embed", new Linear(settings.hidden(), settings.embedding(), true));
    back = child("back", new Linear(settings.embedding(), settings.hidden(), true));
    reconstruct = child("reconstruct", new Linear(settings.hidden(), columns, true));
    middle = child("middle", new Linear(settings.embedding(), settings.hidden(), true));
    head = child("head", new Linear(settings.hidden(), classes, true));
  }

  /**
   * Trains on the first four fifths of a table and stops early on the others.
   *
   * @param table with columns of mean 0 and deviation 1
   */
  public static BlackBox fit(Table table, Settings settings, long seed) {
    BlackBox box = new BlackBox(table.columns(), table.classes(), settings);
    box.initialise(new Rng(seed).fork(1));
    int cut = table.rows() * 4 / 5;
    Tensor x = table.rows(0, cut).tensor();
    Tensor y = Tensor.of(Arrays.copyOf(table.y(), cut), cut);
    Table held = table.rows(cut, table.rows());
    Tensor heldX = held.tensor();
    Tensor heldY = Tensor.of(held.y(), held.rows());
    long each = Math.max(1, cut / settings.batch());
    double[] best = {Double.POSITIVE_INFINITY};
    List<Tensor> kept = new ArrayList<>();
    try (AdamW adam =
        new AdamW(
            Trainer.parameters(box), new AdamW.Settings(0.9, 0.999, 1e-8, settings.decay()))) {
      new Trainer(
              box,
              adam,
              (step, rng) -> {
                Tensor rows =
                    Tensor.of(rng.ints(settings.batch(), 0, cut).asLongStream().toArray());
                return box.loss(x.indexSelect(0, rows), y.indexSelect(0, rows));
              },
              Trainer.Settings.of(
                      each * settings.epochs(),
                      Schedule.cosine(settings.rate(), each, each * settings.epochs(), 0),
                      seed)
                  .withEvaluation(each, settings.patience()))
          .evaluateWith(() -> {
            double loss = box.forward(heldX).crossEntropy(heldY).item();
            if (loss < best[0]) {
              best[0] = loss;
              kept.clear();
              box.state().values().forEach(p -> kept.add(p.tensor().detach().copy().unscoped()));
            }
            return loss;
          })
          .run(Progress.silent());
    }
    int i = 0;
    for (Parameter p : box.state().values()) {
      p.set(kept.get(i++));
    }
    box.requiresGrad(false);
    return box;
  }

  private Tensor loss(Tensor x, Tensor y) {
    Tensor z = encode(x);
    Tensor error = reconstruct.forward(back.forward(z).relu()).sub(x).square().mean();
    return logits(z).crossEntropy(y).add(error.mul(settings.alpha()));
  }

  /** a, the attention of every column [rows, columns]; the columns of a row sum to 1. */
  public Tensor attention(Tensor x) {
    Tensor sum = head(0, x);
    for (int h = 1; h < keys.size(); h++) {
      sum = sum.add(head(h, x));
    }
    return site("hook_attention", sum.div(keys.size()));
  }

  private Tensor head(int h, Tensor x) {
    Tensor keyed = keys.get(h).forward(x).tanh();
    return scores.get(h).forward(keyed).mul(settings.sharpness()).softmax(1);
  }

  /** z [rows, embedding]. */
  public Tensor encode(Tensor x) {
    Tensor gated = attention(x).mul(x).mul(columns);
    Tensor hidden = site("hook_hidden", in.forward(gated).relu());
    return site("hook_embed", embed.forward(dropout.forward(hidden)));
  }

  private Tensor logits(Tensor z) {
    return head.forward(middle.forward(z.relu()).relu());
  }

  /** Logits [rows, classes]. */
  @Override
  public Tensor forward(Tensor x) {
    return logits(encode(x));
  }

  /** The likeliest class of every row. */
  public int[] classes(Table table) {
    return Autograd.noGrad(() -> {
      try (Scope scope = Scope.open()) {
        return forward(table.tensor()).argmax(1).toInts();
      }
    });
  }

  /** The share of rows whose class it finds. */
  public double accuracy(Table table) {
    int[] says = classes(table);
    int right = 0;
    for (int i = 0; i < says.length; i++) {
      right += says[i] == table.y()[i] ? 1 : 0;
    }
    return (double) right / says.length;
  }

  @Override
  protected Layer blank() {
    return new BlackBox(columns, classes, settings);
  }
}
