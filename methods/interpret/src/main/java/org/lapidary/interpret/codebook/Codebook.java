package org.lapidary.interpret.codebook;

import org.jspecify.annotations.Nullable;
import org.lapidary.interpret.dictionary.Activation;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Parameter;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

/**
 * A bottleneck: each token's activation a [..., width] becomes the mean q of the k codes most
 * similar to it. What comes back for q goes on to a as it is (straight through), and to the codes.
 * Sites: {@code hook_in}, a, and {@code hook_code}, q.
 */
public final class Codebook extends Layer implements UnaryLayer {

  /** By what codes are chosen. */
  public enum Similarity {
    /** a . c / |c|: the cosine, but for a's own norm. */
    COSINE,
    /** a . c. */
    PRODUCT,
    /** -|a - c|^2. */
    DISTANCE
  }

  /** What codes and inputs learn from besides the task. */
  public enum Learning {
    /** Codes from the task and from |q - a|^2 with a fixed. */
    AE,
    /** Codes from |q - a|^2 with a fixed only; inputs from beta |q - a|^2 with q fixed. */
    VQVAE,
    /** Codes from the task only. */
    BASE,
    /** Codes and inputs from |q - a|^2, and codes from the task. */
    FULL_AE
  }

  private static final double BETA = 0.25;

  /**
   * What a codebook is.
   *
   * @param codes how many
   * @param width of a code
   * @param k codes per token, at most {@code codes}
   */
  public record Shape(int codes, int width, int k, Similarity similarity, Learning learning) {
    public Shape {
      if (codes < 1 || width < 1 || k < 1 || k > codes) {
        throw new IllegalArgumentException(
            "a codebook needs codes, a width and a k from 1 to its codes; were %d, %d and %d"
                .formatted(codes, width, k));
      }
    }

    /** One code a token, by the cosine. */
    public static Shape of(int codes, int width) {
      return new Shape(codes, width, 1, Similarity.COSINE, Learning.AE);
    }

    public Shape withK(int other) {
      return new Shape(codes, width, other, similarity, learning);
    }

    public Shape with(Similarity other) {
      return new Shape(codes, width, k, other, learning);
    }

    public Shape with(Learning other) {
      return new Shape(codes, width, k, similarity, other);
    }
  }

  private final Shape shape;
  private final Parameter codes;
  private @Nullable Tensor reconstruction;
  private long[] unused;

  public Codebook(Shape shape) {
    this.shape = shape;
    codes = parameter("codes", Tensor.zeros(shape.codes(), shape.width()));
    unused = new long[shape.codes()];
  }

  @Override
  protected void draw(Rng rng) {
    codes.set(rng.normal(1, shape.codes(), shape.width()));
  }

  /** What it is. */
  public Shape shape() {
    return shape;
  }

  /** C [codes, width]. */
  public Tensor codes() {
    return codes.value();
  }

  /**
   * The codebook as a dictionary: its encoder ranks codes as the similarity does, its activation
   * gives the k first 1 / k each, and its directions are the codes.
   */
  public Dictionary dictionary() {
    try (var ignored = Autograd.noGrad()) {
      Tensor c = codes.value().detach();
      Tensor encoder =
          switch (shape.similarity()) {
            case COSINE -> c.div(c.norm(true, 1).maximum(1e-12));
            case PRODUCT -> c.copy();
            case DISTANCE -> c.mul(2);
          };
      Tensor bias =
          shape.similarity() == Similarity.DISTANCE
              ? c.square().sum(false, 1).neg()
              : Tensor.zeros(shape.codes());
      return new Dictionary(
          encoder,
          bias,
          c.copy(),
          Tensor.zeros(shape.width()),
          new Activation.Choice(shape.k()),
          "",
          "");
    }
  }

  /** The ids of the codes chosen for activations [..., width]: INT64 [..., k], the best first. */
  public Tensor ids(Tensor a) {
    if (a.rank() == 0 || a.size(-1) != shape.width()) {
      throw new org.lapidary.tensor.ShapeException(
          "this codebook's codes are %d wide, was given %s".formatted(shape.width(), a.shape()));
    }
    try (var ignored = Autograd.noGrad()) {
      return dictionary().preActivations(a.detach()).topk(shape.k(), -1).indices();
    }
  }

  /** The mean of codes by id, [..., k] to [..., width]. */
  public Tensor mean(Tensor ids) {
    Tensor chosen = codes.value().embedding(ids);
    return shape.k() == 1 ? chosen.squeeze(-2) : chosen.mean(false, -2);
  }

  @Override
  public Tensor forward(Tensor activation) {
    Tensor a = site("hook_in", activation);
    Tensor ids = ids(a);
    Tensor q = mean(ids);
    if (isTraining()) {
      reconstruction = reconstruction(a, q);
      note(ids);
    }
    Tensor through = shape.learning() == Learning.VQVAE ? q.detach() : q;
    return site("hook_code", through.add(a.sub(a.detach())));
  }

  private Tensor reconstruction(Tensor a, Tensor q) {
    return switch (shape.learning()) {
      case AE -> squared(q, a.detach());
      case VQVAE -> squared(q, a.detach()).add(squared(q.detach(), a).mul(BETA));
      case BASE -> squared(q, a).detach();
      case FULL_AE -> squared(q, a);
    };
  }

  private static Tensor squared(Tensor x, Tensor y) {
    return x.sub(y).square().sum(false, -1).mean();
  }

  /**
   * What the last pass in training adds to the loss: the mean over tokens of |q - a|^2, as the
   * learning says; it belongs to that pass's scope.
   *
   * @throws IllegalStateException before such a pass
   */
  public Tensor reconstruction() {
    Tensor last = reconstruction;
    if (last == null) {
      throw new IllegalStateException(
          "the codebook '%s' has seen no pass in training".formatted(path()));
    }
    return last;
  }

  private void note(Tensor ids) {
    boolean[] used = new boolean[shape.codes()];
    for (long id : ids.toLongs()) {
      used[(int) id] = true;
    }
    for (int i = 0; i < used.length; i++) {
      unused[i] = used[i] ? 0 : unused[i] + 1;
    }
  }

  /**
   * Puts activations drawn at random in the place of codes that no token chose in the last steps of
   * training.
   *
   * @param steps so many
   * @param a activations to draw from, [tokens, width]
   * @return how many codes
   */
  public int replaceUnused(long steps, Tensor a, Rng rng) {
    int replaced = 0;
    float[] all = codes.tensor().toFloats();
    float[] rows = a.detach().toFloats();
    int tokens = (int) a.size(0);
    for (int i = 0; i < unused.length; i++) {
      if (unused[i] >= steps) {
        System.arraycopy(
            rows, rng.nextInt(tokens) * shape.width(), all, i * shape.width(), shape.width());
        unused[i] = 0;
        replaced++;
      }
    }
    if (replaced > 0) {
      java.lang.foreign.MemorySegment.copy(
          all,
          0,
          codes.tensor().segment(),
          java.lang.foreign.ValueLayout.JAVA_FLOAT,
          0,
          all.length);
    }
    return replaced;
  }

  @Override
  protected Layer blank() {
    return new Codebook(shape);
  }
}
