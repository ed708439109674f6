package org.lapidary.nn;

import java.util.List;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Shape;
import org.lapidary.tensor.Tensor;

/**
 * Normalisation over the last dimension (for {@code groupnorm} the last two), by name:
 *
 * <ul>
 *   <li>{@code layernorm}: (x - mean) / sqrt(variance + epsilon) * weight + bias
 *   <li>{@code rmsnorm}: x / sqrt(mean(x^2) + epsilon) * weight
 *   <li>{@code rmsnorm1p}: the same times (1 + weight), as Gemma stores it
 *   <li>{@code groupnorm}: a layernorm whose mean and variance are over all positions and channels
 *       of an example, x [batch, position, dModel], as PoolFormer's group norm with one group
 *   <li>{@code none}: x
 * </ul>
 *
 * Sites: {@code hook_scale} [..., 1] (groupnorm: [batch, 1, 1]), what x (or x - mean) is divided
 * by, and {@code hook_normalized} [..., dModel], before the weight.
 */
public final class Norm extends Layer implements UnaryLayer {
  /** The kinds there are. */
  public static final List<String> KINDS =
      List.of("layernorm", "rmsnorm", "rmsnorm1p", "groupnorm", "none");

  private final String kind;
  private final int width;
  private final double epsilon;
  private final boolean hasBias;
  private final Parameter weight;
  private final Parameter bias;

  public Norm(String kind, int width, double epsilon) {
    this(kind, width, epsilon, centres(kind));
  }

  /** A norm; those that have no bias ignore that it was asked for. */
  static Norm of(String kind, int width, double epsilon, boolean bias) {
    return new Norm(kind, width, epsilon, centres(kind) && bias);
  }

  private static boolean centres(String kind) {
    return kind.equals("layernorm") || kind.equals("groupnorm");
  }

  /** {@code hasBias} may be false for a layernorm without bias. */
  public Norm(String kind, int width, double epsilon, boolean hasBias) {
    this.kind = Slots.check("norm", kind, KINDS.toArray(String[]::new));
    this.width = width;
    this.epsilon = epsilon;
    this.hasBias = hasBias;
    Tensor ones =
        kind.equals("rmsnorm1p")
            ? Tensor.zeros(DType.FLOAT32, Shape.of(width))
            : Tensor.ones(DType.FLOAT32, Shape.of(width));
    boolean hasWeight = !kind.equals("none");
    this.weight = hasWeight ? parameter("weight", ones) : new Parameter(ones);
    Tensor zeros = Tensor.zeros(width);
    this.bias = hasWeight && hasBias ? parameter("bias", zeros) : new Parameter(zeros);
  }

  @Override
  public Tensor forward(Tensor x) {
    if (kind.equals("none")) {
      return x;
    }
    if (wanted("hook_scale") || wanted("hook_normalized")) {
      return inParts(x);
    }
    return switch (kind) {
      case "layernorm" -> x.layerNorm(weight.value(), bias.value(), epsilon);
      case "groupnorm" ->
          x.flatten(-2, -1)
              .layerNorm(null, null, epsilon)
              .reshape(x.shape())
              .mul(weight.value())
              .add(bias.value());
      case "rmsnorm1p" -> x.rmsNorm(weight.value().add(1), epsilon);
      default -> x.rmsNorm(weight.value(), epsilon);
    };
  }

  private Tensor inParts(Tensor x) {
    int[] over = kind.equals("groupnorm") ? new int[] {-2, -1} : new int[] {-1};
    Tensor centred = centres(kind) ? x.sub(x.mean(true, over)) : x;
    Tensor scale = site("hook_scale", centred.square().mean(true, over).add(epsilon).sqrt());
    Tensor normalized = site("hook_normalized", centred.div(scale));
    Tensor w = kind.equals("rmsnorm1p") ? weight.value().add(1) : weight.value();
    Tensor y = normalized.mul(w);
    return centres(kind) ? y.add(bias.value()) : y;
  }

  public String kind() {
    return kind;
  }

  public double epsilon() {
    return epsilon;
  }

  /** What the normalised activations are multiplied by, [dModel]. */
  public Tensor gain() {
    return kind.equals("rmsnorm1p") ? weight.value().add(1) : weight.value();
  }

  /** What is added after that, [dModel]; zeros where the norm has none. */
  public Tensor shift() {
    return bias.value();
  }

  @Override
  protected Layer blank() {
    return new Norm(kind, width, epsilon, hasBias);
  }
}
