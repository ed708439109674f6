package org.lapidary.interpret.relativerepresentations;

import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Norm;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Tensor;

/**
 * An encoder, and a decoder that reads its code: the embedding as it is (absolute), or its cosines
 * with those of the anchors (relative), which are encoded anew every time, so that gradients flow
 * through both.
 */
public final class Communicating extends Layer implements UnaryLayer {
  private static final double EPSILON = 1e-5;

  private final Slot<UnaryLayer> encoder;
  private final Slot<UnaryLayer> decoder;
  private final @Nullable Norm norm;
  private final @Nullable Tensor anchors;
  private final int width;

  private Communicating(
      Layer encoder, Layer decoder, @Nullable Tensor anchors, boolean normed, int width) {
    this.encoder = slot("encoder", UnaryLayer.class, encoder);
    this.norm = normed ? child("norm", new Norm("layernorm", width, EPSILON)) : null;
    this.decoder = slot("decoder", UnaryLayer.class, decoder);
    this.anchors = anchors;
    this.width = width;
  }

  /** The decoder reads the embedding. */
  public static Communicating absolute(Layer encoder, Layer decoder) {
    return new Communicating(encoder, decoder, null, false, 0);
  }

  /**
   * The decoder reads the cosines with the anchors.
   *
   * @param anchors [m, ...] inputs of the encoder
   * @param normed whether a layernorm of width m stands before the decoder
   */
  public static Communicating relative(
      Layer encoder, Layer decoder, Tensor anchors, boolean normed) {
    return new Communicating(
        encoder, decoder, anchors.unscoped(), normed, Math.toIntExact(anchors.size(0)));
  }

  /** The embedding [n, d]. */
  public Tensor embed(Tensor x) {
    return encoder.get().forward(x);
  }

  /** What the decoder reads: [n, d] or [n, m]. */
  public Tensor code(Tensor x) {
    return anchors == null ? embed(x) : code(x, anchors);
  }

  private Tensor code(Tensor x, Tensor to) {
    return RelativeProjection.defaults().project(embed(x), embed(to));
  }

  /** The output for a code of this or another network. */
  public Tensor decode(Tensor code) {
    return decoder.get().forward(norm == null ? code : norm.forward(code));
  }

  @Override
  public Tensor forward(Tensor x) {
    return decode(code(x));
  }

  /** Another's decoder on this one's code, without training. */
  public UnaryOperator<Tensor> into(Communicating other) {
    return x -> other.decode(code(x));
  }

  /** The same, with this one's code relative to other anchors, as if they were not shared. */
  public UnaryOperator<Tensor> into(Communicating other, Tensor own) {
    return x -> other.decode(code(x, own));
  }

  /**
   * A metric of every encoder with every decoder.
   *
   * @return by encoder and decoder; the diagonal is the models as they are
   */
  public static double[][] stitch(
      List<Communicating> models, ToDoubleFunction<UnaryOperator<Tensor>> metric) {
    double[][] all = new double[models.size()][models.size()];
    for (int a = 0; a < all.length; a++) {
      for (int b = 0; b < all.length; b++) {
        all[a][b] = metric.applyAsDouble(models.get(a).into(models.get(b)));
      }
    }
    return all;
  }

  @Override
  protected Layer blank() {
    return new Communicating(
        ((Layer) encoder.get()).copy(),
        ((Layer) decoder.get()).copy(),
        anchors,
        norm != null,
        width);
  }
}
