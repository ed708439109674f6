package org.lapidary.interpret.dictionary;

import java.util.List;
import org.lapidary.kernels.SparseActivations;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Tensor;

/**
 * The loss of a batch and its gradients. With e = z W_dec + b_dec - y and B tokens the loss is L =
 * (sum e^2 + lambda sum z) / B, and where z is above 0
 *
 * <p>p = dL/dpre = (2 e W_dec^T + lambda) / B, dL/dW_enc = p^T x, dL/db_enc = sum_t p, dL/dW_dec =
 * 2 z^T e / B, dL/db_dec = 2 sum_t e / B.
 *
 * <p>This holds for ReLU and for top-k, whose choice is a constant of the derivative. The products
 * take what fired only, unless that is much, as it is where training begins.
 *
 * @param loss L
 * @param l0 features above 0 per token
 * @param fired which features were above 0 at some token
 * @param parameters gradients in the order of {@link Weights#tensors}
 */
record Gradients(double loss, double l0, boolean[] fired, List<Tensor> parameters) {
  /** The share of activations above 0 from which dense products are faster, measured. */
  private static final double MUCH = 0.25;

  /**
   * To be called without autograd.
   *
   * @param z the activations of the pairs' inputs, [tokens, features]
   */
  static Gradients of(Weights weights, Pairs pairs, Tensor z, double lambda) {
    return SparseActivations.count(z.segment()) < MUCH * z.elements()
        ? sparse(weights, pairs, z, lambda)
        : dense(weights, pairs, z, lambda);
  }

  static Gradients sparse(Weights weights, Pairs pairs, Tensor z, double lambda) {
    int tokens = pairs.tokens();
    int features = (int) z.size(1);
    Tensor x = pairs.input();
    Tensor decoder = weights.decoder();
    int dIn = (int) x.size(1);
    int dOut = (int) decoder.size(1);
    SparseActivations fired = SparseActivations.of(z.segment(), tokens, features);
    Tensor decoded = Tensor.zeros(tokens, dOut);
    fired.decode(decoder.segment(), dOut, decoded.segment());
    Tensor error = error(weights, pairs, decoded);
    Tensor slope = error.mul(2.0 / tokens);
    SparseActivations p =
        fired.products(slope.segment(), decoder.segment(), dOut, (float) (lambda / tokens));
    Tensor encoder = Tensor.zeros(features, dIn);
    p.gather(x.segment(), dIn, encoder.segment());
    Tensor encoderBias = Tensor.zeros(features);
    p.featureSums(encoderBias.segment());
    Tensor directions = Tensor.zeros(features, dOut);
    fired.gather(slope.segment(), dOut, directions.segment());
    boolean[] some = new boolean[features];
    fired.note(some);
    return new Gradients(
        loss(error, fired.sum(), lambda),
        fired.count() / (double) tokens,
        some,
        List.of(encoder, encoderBias, directions, slope.sum(false, 0)));
  }

  static Gradients dense(Weights weights, Pairs pairs, Tensor z, double lambda) {
    int tokens = pairs.tokens();
    Tensor decoder = weights.decoder();
    Tensor fired = z.gt(0).to(DType.FLOAT32);
    Tensor error = error(weights, pairs, z.matmul(decoder));
    Tensor slope = error.mul(2.0 / tokens);
    Tensor p = slope.linear(decoder, null).add(lambda / tokens).mul(fired);
    float[] firings = fired.sum(false, 0).toFloats();
    boolean[] some = new boolean[firings.length];
    double count = 0;
    for (int i = 0; i < some.length; i++) {
      some[i] = firings[i] > 0;
      count += firings[i];
    }
    return new Gradients(
        loss(error, lambda == 0 ? 0 : z.sum().item(), lambda),
        count / tokens,
        some,
        List.of(
            p.t().matmul(pairs.input()),
            p.sum(false, 0),
            z.t().matmul(slope),
            slope.sum(false, 0)));
  }

  /** e [tokens, dOut]. */
  private static Tensor error(Weights weights, Pairs pairs, Tensor decoded) {
    return decoded.add(weights.decoderBias()).sub(pairs.output());
  }

  private static double loss(Tensor error, double activations, double lambda) {
    return (error.square().sum().item() + lambda * activations) / error.size(0);
  }
}
