package org.lapidary.compress;

import java.util.Map;
import org.lapidary.nn.BatchNorm;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Linear;
import org.lapidary.nn.ModelConfig;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Tensor;

/**
 * An over-parameterised network for {@link org.lapidary.data.generate.HardMnist}: 784-h-h-10 with
 * batch normalisation before each ReLU; x [batch, 784], y [batch, 10].
 */
public final class BigMlp extends Layer implements UnaryLayer {
  private static final int PIXELS = 784;
  private static final int CLASSES = 10;

  /**
   * The settings.
   *
   * @param hidden h; 512 is customary
   */
  public record Config(int hidden) implements ModelConfig {
    public Config {
      if (hidden < 1) {
        throw new IllegalArgumentException("the width is at least 1, was " + hidden);
      }
    }

    @Override
    public String family() {
      return "big-mlp";
    }

    @Override
    public Layer build() {
      return new BigMlp(hidden);
    }

    @Override
    public Map<String, Object> summary() {
      return Map.of("family", family(), "hidden", hidden);
    }
  }

  private final int hidden;
  private final Linear first;
  private final BatchNorm firstNorm;
  private final Linear second;
  private final BatchNorm secondNorm;
  private final Linear head;

  BigMlp(int hidden) {
    this.hidden = hidden;
    first = child("first", linear(PIXELS, hidden));
    firstNorm = child("first_norm", new BatchNorm(hidden));
    second = child("second", linear(hidden, hidden));
    secondNorm = child("second_norm", new BatchNorm(hidden));
    head = child("head", linear(hidden, CLASSES));
  }

  /**
   * Deviation 1 / sqrt(3 in), as PyTorch has it. The scale matters although a norm follows: the
   * smaller the weights begin, the sooner their magnitudes tell what was learned.
   */
  private static Linear linear(int in, int out) {
    return new Linear(in, out, true, 1 / Math.sqrt(3.0 * in));
  }

  @Override
  public Tensor forward(Tensor x) {
    Tensor h = firstNorm.forward(first.forward(x)).relu();
    return head.forward(secondNorm.forward(second.forward(h)).relu());
  }

  @Override
  protected Layer blank() {
    return new BigMlp(hidden);
  }
}
