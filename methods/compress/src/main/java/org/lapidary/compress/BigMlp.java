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
    first = child("first", new Linear(PIXELS, hidden, true, deviation(PIXELS)));
    firstNorm = child("first_norm", new BatchNorm(hidden));
    second = child("second", new Linear(hidden, hidden, true, deviation(hidden)));
    secondNorm = child("second_norm", new BatchNorm(hidden));
    head = child("head", new Linear(hidden, CLASSES, true, deviation(hidden)));
  }

  /**
   * 1 / sqrt(3 in), as PyTorch draws linear layers. Behind a batch norm the scale of weights is the
   * inverse of their learning rate: with He's, 2.5 times as large, they move too little to recover
   * from pruning.
   */
  static double deviation(int in) {
    return 1 / Math.sqrt(3.0 * in);
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
