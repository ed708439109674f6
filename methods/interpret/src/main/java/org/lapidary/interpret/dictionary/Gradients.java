package org.lapidary.interpret.dictionary;

import java.util.List;
import java.util.function.Function;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Tensor;

/**
 * The loss of a batch and its gradients. With e = z W_dec + b_dec - y and B tokens the loss of a
 * ReLU dictionary is L = (sum e^2 + lambda sum z) / B, and where z is above 0
 *
 * <p>p = dL/dpre = (2 e W_dec^T + lambda) / B, dL/dW_enc = p^T x, dL/db_enc = sum_t p, dL/dW_dec =
 * 2 z^T e / B, dL/db_dec = 2 sum_t e / B.
 *
 * <p>This holds for top-k too, whose choice is a constant of the derivative. For the others:
 *
 * <ul>
 *   <li>Gated: the penalty is on g = max(0, pre + b_gate), and g must itself reconstruct y, e' = g
 *       W_dec + b_dec - y, through a decoder that learns nothing from it: L = (sum e^2 + lambda sum
 *       g + sum e'^2) / B. The magnitude's path has the slope 2 e W_dec^T / B where z is above 0,
 *       the gate's (2 e' W_dec^T + lambda) / B where g is.
 *   <li>JumpReLU: the penalty counts, L = (sum e^2 + lambda #(z > 0)) / B. Its gradient in a
 *       threshold theta is estimated with a rectangular kernel of width h around it (arXiv
 *       2407.14435, equation 10): the sum over the places with |pre - theta| below h / 2 of -(theta
 *       2 e W_dec^T + lambda) / (B h). What is trained is log theta.
 * </ul>
 *
 * @param loss L
 * @param l0 features above 0 per token
 * @param fired which features were above 0 at some token
 * @param parameters gradients in the order of {@link Weights#tensors}
 */
record Gradients(double loss, double l0, boolean[] fired, List<Tensor> parameters) {

  /**
   * To be called without autograd.
   *
   * @param pre of the pairs' inputs, [tokens, features]
   * @param z the activations that follow
   * @param bandwidth the width h of the thresholds' kernel
   */
  static Gradients of(
      Weights weights, Pairs pairs, Tensor pre, Tensor z, double lambda, double bandwidth) {
    return of(weights, pairs, pre, z, lambda, bandwidth, Firing::of);
  }

  static Gradients of(
      Weights weights,
      Pairs pairs,
      Tensor pre,
      Tensor z,
      double lambda,
      double bandwidth,
      Function<Tensor, Firing> kept) {
    Batch batch = new Batch(weights, pairs, pre, kept.apply(z), lambda / pairs.tokens());
    return switch (weights.activation()) {
      case Activation.Relu ignored -> batch.plain();
      case Activation.TopK ignored -> batch.plain();
      case Activation.Choice ignored ->
          throw new IllegalStateException("a choice of codes has no gradient");
      case Activation.Experts ignored ->
          throw new IllegalStateException("a mixture of experts is trained with its model");
      case Activation.JumpRelu jump -> batch.jump(jump, bandwidth, kept);
      case Activation.Gated gated -> batch.gated(gated, kept);
    };
  }

  /** A batch whose penalty has the weight {@code share} = lambda / B. */
  private record Batch(Weights weights, Pairs pairs, Tensor pre, Firing fired, double share) {

    /** Reconstruction errors [tokens, dOut] and 2 / B times them. */
    private record Errors(double squares, Tensor slope) {}

    private Errors errors(Firing activations) {
      Tensor e =
          activations.decode(weights.decoder()).add(weights.decoderBias()).sub(pairs.output());
      return new Errors(e.square().sum().item(), e.mul(2.0 / pairs.tokens()));
    }

    private Gradients finish(
        double loss, Tensor encoder, Tensor encoderBias, Tensor slope, List<Tensor> ofActivation) {
      boolean[] some = new boolean[(int) pre.size(1)];
      fired.note(some);
      List<Tensor> all =
          new java.util.ArrayList<>(
              List.of(encoder, encoderBias, fired.gather(slope), slope.sum(false, 0)));
      all.addAll(ofActivation);
      return new Gradients(loss, fired.count() / pairs.tokens(), some, all);
    }

    Gradients plain() {
      Errors errors = errors(fired);
      Firing p = fired.products(errors.slope, weights.decoder(), share);
      double loss = errors.squares / pairs.tokens() + (share == 0 ? 0 : share * fired.sum());
      return finish(loss, p.gather(pairs.input()), p.sums(), errors.slope, List.of());
    }

    Gradients jump(Activation.JumpRelu jump, double bandwidth, Function<Tensor, Firing> kept) {
      Errors errors = errors(fired);
      Firing p = fired.products(errors.slope, weights.decoder(), 0);
      Tensor theta = jump.threshold();
      Tensor near = pre.sub(theta).abs().lt(bandwidth / 2).to(DType.FLOAT32);
      Firing places = kept.apply(near);
      Tensor slopes = places.products(errors.slope, weights.decoder(), 0).sums();
      Tensor byThreshold =
          theta.mul(slopes).add(places.sums().mul(share)).div(bandwidth).neg().mul(theta);
      double loss = errors.squares / pairs.tokens() + share * fired.count();
      return finish(loss, p.gather(pairs.input()), p.sums(), errors.slope, List.of(byThreshold));
    }

    Gradients gated(Activation.Gated gated, Function<Tensor, Firing> kept) {
      Errors errors = errors(fired);
      Firing magnitude = fired.products(errors.slope, weights.decoder(), 0);
      Firing open = kept.apply(pre.add(gated.gateBias()).relu());
      Errors alone = errors(open);
      Firing gate = open.products(alone.slope, weights.decoder(), share);
      Tensor scale = gated.logScale().exp();
      Tensor read = magnitude.gather(pairs.input()).mul(scale.unsqueeze(1));
      Tensor byScale = read.mul(weights.encoder()).sum(false, 1);
      double loss = (errors.squares + alone.squares) / pairs.tokens() + share * open.sum();
      return finish(
          loss,
          read.add(gate.gather(pairs.input())),
          Tensor.zeros(pre.size(1)),
          errors.slope,
          List.of(gate.sums(), byScale, magnitude.sums()));
    }
  }
}
