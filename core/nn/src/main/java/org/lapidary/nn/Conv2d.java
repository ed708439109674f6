package org.lapidary.nn;

import org.jspecify.annotations.Nullable;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

/**
 * A convolution over images: x [batch, in, height, width], W [out, in, kernel, kernel], b [out], y
 * [batch, out, height', width'] with height' = (height + 2 padding - kernel) / stride + 1. Site:
 * {@code hook_in}, x.
 */
public final class Conv2d extends Layer implements UnaryLayer {

  /**
   * What kind of convolution.
   *
   * @param in channels
   * @param out channels
   * @param kernel its height and width
   * @param stride pixels between two places of the kernel
   * @param padding rows and columns of zeros on every side
   */
  public record Settings(int in, int out, int kernel, int stride, int padding, boolean bias) {
    public Settings {
      if (in < 1 || out < 1 || kernel < 1 || stride < 1 || padding < 0) {
        throw new IllegalArgumentException(
            "a convolution needs in, out, kernel and stride of at least 1 and no negative padding, were %d, %d, %d, %d and %d"
                .formatted(in, out, kernel, stride, padding));
      }
    }

    /** 3x3 that keeps the size of the image (divides it by the stride), without bias. */
    public static Settings same(int in, int out, int stride) {
      return new Settings(in, out, 3, stride, 1, false);
    }
  }

  private final Settings settings;
  private final Parameter weight;
  private final @Nullable Parameter bias;

  /** Drawn from a normal distribution with variance 2 / (in kernel^2) (He et al., 2015). */
  public Conv2d(Settings settings) {
    this.settings = settings;
    long k = settings.kernel();
    weight = parameter("weight", Tensor.zeros(settings.out(), settings.in(), k, k));
    bias = settings.bias() ? parameter("bias", Tensor.zeros((long) settings.out())) : null;
  }

  @Override
  public Tensor forward(Tensor x) {
    return site("hook_in", x)
        .conv2d(
            weight.value(),
            bias == null ? null : bias.value(),
            settings.stride(),
            settings.padding(),
            1);
  }

  public Settings settings() {
    return settings;
  }

  public Parameter weight() {
    return weight;
  }

  /** Products summed for one image. */
  public long multiplications(long height, long width) {
    return weight.tensor().elements() * places(height) * places(width);
  }

  private long places(long size) {
    long places = (size + 2L * settings.padding() - settings.kernel()) / settings.stride() + 1;
    if (places < 1) {
      throw new ShapeException(
          "a kernel of %d does not fit into %d pixels with padding %d"
              .formatted(settings.kernel(), size, settings.padding()));
    }
    return places;
  }

  @Override
  protected void draw(Rng rng) {
    double fanIn = (double) settings.in() * settings.kernel() * settings.kernel();
    weight.set(rng.normal(Math.sqrt(2 / fanIn), weight.tensor().shape().toArray()));
  }

  @Override
  protected Layer blank() {
    return new Conv2d(settings);
  }
}
