package org.lapidary.interpret.dictionary;

import org.lapidary.tensor.Tensor;

/**
 * Centres and scales activations: x' = (x - meanIn) / scaleIn, y' = (y - meanOut) / scaleOut, each
 * coordinate with a mean square of 1 on average.
 */
record Scaling(Tensor meanIn, double scaleIn, Tensor meanOut, double scaleOut) {

  static Scaling of(Pairs pairs) {
    Tensor meanIn = pairs.input().mean(false, 0);
    Tensor meanOut = pairs.output().mean(false, 0);
    return new Scaling(
        meanIn.unscoped(),
        scale(pairs.input(), meanIn),
        meanOut.unscoped(),
        scale(pairs.output(), meanOut));
  }

  private static double scale(Tensor x, Tensor mean) {
    double scale = Math.sqrt(x.sub(mean).square().mean().item());
    if (!Double.isFinite(scale)) {
      throw new IllegalArgumentException(
          "the activations hold values that are not finite; look for bad parameters in the model");
    }
    if (scale == 0) {
      throw new IllegalArgumentException(
          "all activations are the same; a dictionary needs different tokens to learn from");
    }
    return scale;
  }

  Pairs apply(Pairs pairs) {
    Tensor x = pairs.input().sub(meanIn).div(scaleIn);
    boolean same = pairs.input() == pairs.output();
    return new Pairs(x, same ? x : pairs.output().sub(meanOut).div(scaleOut));
  }
}
