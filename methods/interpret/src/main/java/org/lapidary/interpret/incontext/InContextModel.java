package org.lapidary.interpret.incontext;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lapidary.interpret.tasks.LabelledPoints;
import org.lapidary.nn.Block;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Lstm;
import org.lapidary.nn.Norm;
import org.lapidary.nn.Parameter;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

/**
 * A causal model over labelled points that predicts every label from the points before it: tokens
 * (x_i, 0) and (0, y_i) in turn, a linear map into the stream, a body, and a linear map of the
 * stream at the tokens of x to one number.
 *
 * <p>A transformer's body is made of the blocks of the house's {@link org.lapidary.nn.Decoder},
 * under the names {@code blocks.0}, ..., with the same sites.
 */
public final class InContextModel extends Layer {

  /** What stands between the two linear maps. */
  public sealed interface Body {

    /**
     * Pre-norm blocks with learned positions.
     *
     * @param mixer a causal token mixer, see {@link org.lapidary.nn.Slots#tokenMixers}
     */
    record Transformer(int layers, int dModel, int heads, String mixer) implements Body {
      /** With causal attention. */
      public Transformer(int layers, int dModel, int heads) {
        this(layers, dModel, heads, "attention");
      }
    }

    /** Layers of LSTM. */
    record Recurrent(int layers, int hidden) implements Body {}

    /** Width of the stream. */
    default int width() {
      return switch (this) {
        case Transformer t -> t.dModel();
        case Recurrent r -> r.hidden();
      };
    }

    /** Layers after each of which the stream can be read. */
    default int depth() {
      return switch (this) {
        case Transformer t -> t.layers();
        case Recurrent r -> r.layers();
      };
    }
  }

  private final int dimensions;
  private final int points;
  private final Body body;
  private final Linear in;
  private final @Nullable Parameter positions;
  private final List<Block> blocks = new ArrayList<>();
  private final List<Lstm> cells = new ArrayList<>();
  private final @Nullable Norm last;
  private final Linear out;

  /**
   * A model of zeros.
   *
   * @param dimensions d of the points
   * @param points the longest sequence of points
   */
  public InContextModel(int dimensions, int points, Body body) {
    if (dimensions < 1 || points < 1) {
      throw new IllegalArgumentException(
          "a model in context reads at least 1 point of at least 1 dimension, was asked for %d of %d"
              .formatted(points, dimensions));
    }
    this.dimensions = dimensions;
    this.points = points;
    this.body = body;
    in = child("in", new Linear(dimensions + 1, body.width(), true));
    switch (body) {
      case Body.Transformer t -> {
        positions = parameter("pos_embed", Tensor.zeros(2L * points, t.dModel()));
        DecoderConfig config =
            DecoderConfig.gpt(1, t.dModel(), t.layers(), t.heads(), 2 * points, "gelu")
                .withSlots("layernorm", "pre", t.mixer(), "mlp");
        Row row = child("blocks", new Row());
        for (int i = 0; i < t.layers(); i++) {
          Block block = row.add(i, new Block(config, i));
          if (!block.mixer().causal()) {
            throw new IllegalArgumentException(
                "a model in context must not look ahead; the token mixer '%s' does"
                    .formatted(t.mixer()));
          }
          blocks.add(block);
        }
        last = child("ln_final", new Norm("layernorm", t.dModel(), 1e-5));
      }
      case Body.Recurrent r -> {
        positions = null;
        last = null;
        Row row = child("cells", new Row());
        for (int i = 0; i < r.layers(); i++) {
          cells.add(row.add(i, new Lstm(r.hidden(), r.hidden())));
        }
      }
    }
    out = child("out", new Linear(body.width(), 1, true));
  }

  /** Children under the names 0, 1, ... */
  private static final class Row extends Layer {
    <L extends Layer> L add(int index, L layer) {
      return child("" + index, layer);
    }

    @Override
    protected Layer blank() {
      throw new IllegalStateException("a row is made by its model");
    }
  }

  /** A model whose matrices are drawn with the deviation 1 / sqrt(fan-in), as suits narrow ones. */
  public static InContextModel random(int dimensions, int points, Body body, Rng rng) {
    InContextModel model = new InContextModel(dimensions, points, body);
    model.initialise(rng);
    for (Linear linear : model.all(Linear.class).values()) {
      linear.weight().set(rng.normal(1 / Math.sqrt(linear.in()), linear.out(), linear.in()));
    }
    return model;
  }

  /** The prediction of every label from the points before it, [sequences, n]. */
  public Tensor forward(LabelledPoints p) {
    List<Tensor> streams = streams(p);
    Tensor x = streams.getLast();
    return out.forward(last == null ? x : last.forward(x)).squeeze(2);
  }

  /** The stream at the tokens of x after every layer, {@code depth} times [sequences, n, width]. */
  public List<Tensor> streams(LabelledPoints p) {
    List<Tensor> all = new ArrayList<>();
    for (Tensor stream : tokenStreams(p)) {
      all.add(stream.slice(1, 0, stream.size(1), 2));
    }
    return all;
  }

  /** The stream before the first layer [sequences, 2 n, width]. */
  public Tensor embed(LabelledPoints p) {
    if (p.dimensions() != dimensions || p.count() > points) {
      throw new IllegalArgumentException(
          "this model reads up to %d points of %d dimensions, was given %d of %d"
              .formatted(points, dimensions, p.count(), p.dimensions()));
    }
    Tensor x = in.forward(p.tokens());
    return positions == null ? x : x.add(positions.value().slice(0, 0, x.size(1)));
  }

  /** The stream at all tokens after every layer, {@code depth} times [sequences, 2 n, width]. */
  public List<Tensor> tokenStreams(LabelledPoints p) {
    Tensor x = embed(p);
    List<Tensor> all = new ArrayList<>();
    for (Block block : blocks) {
      x = block.forward(x, null);
      all.add(x);
    }
    for (Lstm cell : cells) {
      x = cell.forward(x);
      all.add(x);
    }
    return all;
  }

  public Body body() {
    return body;
  }

  /** The longest sequence of points. */
  public int points() {
    return points;
  }

  /** d. */
  public int dimensions() {
    return dimensions;
  }

  @Override
  protected void draw(Rng rng) {
    if (positions != null) {
      positions.set(rng.normal(0.02, 2L * points, body.width()));
    }
  }

  @Override
  protected Layer blank() {
    return new InContextModel(dimensions, points, body);
  }
}
