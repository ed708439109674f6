package org.lapidary.nn;

import org.jspecify.annotations.Nullable;

/**
 * What a {@link Block} is made of, whichever backbone it stands in.
 *
 * @param dModel width of the residual stream
 * @param layers blocks in the whole model; what writes to the stream is drawn smaller the more
 *     there are
 * @param heads attention heads
 * @param kvHeads heads of keys and values
 * @param dHead width of a head
 * @param dMlp hidden width of the channel mixer
 * @param positions how many there are, or the most there may be; 0 where nobody knows
 * @param norm see {@link Norm}
 * @param epsilon of the norms
 * @param placement see {@link DecoderConfig}
 * @param mixer the token mixer, see {@link Slots#tokenMixers}
 * @param mlp the channel mixer, see {@link Slots#channelMixers}, or {@code none}
 * @param activation see {@link Slots#ACTIVATIONS}
 * @param rope null where positions are not rotary
 * @param biases which projections have one
 * @param extras what few families have
 * @param layerScale what each sublayer writes is multiplied by a trained vector that starts at this
 *     (Touvron et al., 2021, arXiv 2103.17239); 0 means there is none
 */
public record BlockConfig(
    int dModel,
    int layers,
    int heads,
    int kvHeads,
    int dHead,
    int dMlp,
    int positions,
    String norm,
    double epsilon,
    String placement,
    String mixer,
    String mlp,
    String activation,
    @Nullable Rope rope,
    DecoderConfig.Biases biases,
    DecoderConfig.Extras extras,
    double layerScale) {

  /** The deviation with which the last projection of a sublayer is drawn (GPT-2). */
  public double outDeviation() {
    return 0.02 / Math.sqrt(2.0 * Math.max(1, layers));
  }

  /** A norm over the stream. */
  Norm newNorm() {
    return Norm.of(norm, dModel, epsilon, biases.norm());
  }
}
