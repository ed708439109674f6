package org.lapidary.nn;

import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

/**
 * The same MLP over the positions of every channel (MLP-Mixer, Tolstikhin et al., 2021, arXiv
 * 2105.01601, equation 1): x [batch, position, dModel] to x' with x'[:, :, j] = MLP(x[:, :, j]).
 * Sites: {@code mlp.hook_pre}, {@code mlp.hook_post} [batch, dModel, hidden].
 */
public final class TokenMlp extends Layer implements TokenMixer {
  private final BlockConfig config;
  private final int hidden;
  private final Mlp mlp;

  /**
   * A mixer for a fixed number of positions.
   *
   * @param hidden width between the two maps
   */
  public TokenMlp(BlockConfig config, int hidden) {
    if (config.positions() < 1 || hidden < 1) {
      throw new IllegalArgumentException(
          "a token-mlp needs a fixed number of positions and a hidden width, as in token-mlp:384; were %d and %d"
              .formatted(config.positions(), hidden));
    }
    this.config = config;
    this.hidden = hidden;
    mlp =
        child(
            "mlp",
            new Mlp(
                config.positions(),
                hidden,
                config.activation(),
                config.biases().mlp(),
                config.outDeviation()));
  }

  @Override
  public Tensor forward(Tensor x, Positions positions) {
    if (x.size(1) != config.positions()) {
      throw new ShapeException(
          "this token-mlp mixes %d positions, was given %d (%s)"
              .formatted(config.positions(), x.size(1), x.type()));
    }
    return mlp.forward(x.transpose(1, 2)).transpose(1, 2);
  }

  @Override
  protected Layer blank() {
    return new TokenMlp(config, hidden);
  }
}
