package org.lapidary.interpret.obsprop;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.evidence.Estimate;
import org.lapidary.interpret.circuit.Circuit;
import org.lapidary.interpret.circuit.CircuitSearch;
import org.lapidary.interpret.circuit.Contribution;
import org.lapidary.interpret.circuit.FrozenPass;
import org.lapidary.interpret.circuit.Pullback;
import org.lapidary.nn.Block;
import org.lapidary.nn.Model;
import org.lapidary.nn.Norm;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Carries observables back through the parameters of a pre-norm decoder, along paths of heads and
 * MLPs, to the residual streams that they read. Heads and norms need no data; an MLP needs one
 * typical stream, at which it is taken as linear.
 */
public final class ObservablePropagation {
  private final Model model;
  private final Pullback pullback;

  /**
   * @throws IllegalArgumentException if the model is not a pre-norm decoder
   */
  public ObservablePropagation(Model model) {
    this.model = model;
    this.pullback = new Pullback(model);
  }

  /** What an observable reads in the last stream: W_U^T n through the gain of the final norm. */
  public FeatureVector output(Observable observable) {
    return new FeatureVector(
        observable.name(), pullback.logits(observable.weights()), layers(), false);
  }

  /**
   * The same with the final norm's own Jacobian.
   *
   * @param stream the last stream at a token, [dModel]
   */
  public FeatureVector outputAt(Observable observable, Tensor stream) {
    try (Scope scope = Scope.open()) {
      Tensor after = pullback.afterFinalNorm(observable.weights());
      return new FeatureVector(
          observable.name(),
          scope.keep(gradient(model.decoder().lnFinal()::forward, after, stream)),
          layers(),
          false);
    }
  }

  /**
   * One head back, to the token that is attended to: the norm turns the direction only a little, so
   * its scale and the part along the stream are left out.
   *
   * @throws IllegalArgumentException if the feature's stream does not see that head
   */
  public FeatureVector throughHead(FeatureVector feature, int layer, int head) {
    check(feature, layer, head);
    return new FeatureVector(
        name(feature, layer, head), pullback.head(feature.direction(), layer, head), layer, false);
  }

  /**
   * The same with the norm's own Jacobian.
   *
   * @param stream the stream before the layer at the token attended to, [dModel]
   */
  public FeatureVector throughHeadAt(FeatureVector feature, int layer, int head, Tensor stream) {
    check(feature, layer, head);
    try (Scope scope = Scope.open()) {
      Tensor before = pullback.headAfterNorm(feature.direction(), layer, head);
      Norm norm = model.decoder().blocks().get(layer).ln1();
      return new FeatureVector(
          name(feature, layer, head),
          scope.keep(gradient(norm::forward, before, stream)),
          layer,
          false);
    }
  }

  /**
   * One MLP back, with its norm, to first order.
   *
   * @param stream the stream before them at a typical token, [dModel]
   * @throws IllegalArgumentException if there is no such MLP or the feature's stream does not see
   *     it
   */
  public FeatureVector throughMlp(FeatureVector feature, int layer, Tensor stream) {
    if (layer < 0 || layer >= feature.block()) {
      throw new IllegalArgumentException(
          "the stream of '%s' sees the MLPs of blocks 0 to %d, not of %d"
              .formatted(feature.name(), feature.block() - 1, layer));
    }
    Block block = model.decoder().blocks().get(layer);
    UnaryLayer mlp = block.mlp();
    Norm norm = block.ln2();
    if (mlp == null || norm == null) {
      throw new IllegalArgumentException("block " + layer + " has no MLP");
    }
    try (Scope scope = Scope.open()) {
      return new FeatureVector(
          feature.name() + " ← L" + layer + " MLP",
          scope.keep(gradient(x -> mlp.forward(norm.forward(x)), feature.direction(), stream)),
          layer,
          true);
    }
  }

  /**
   * What a head looks for at the tokens it attends to, given what asks: W_K^T W_Q q / sqrt(dHead),
   * whose product with a stream, normalised, is the score but for what all keys share.
   *
   * @param stream the stream before the layer at the token that asks, [dModel]
   * @throws IllegalArgumentException if positions turn the queries and keys
   */
  public FeatureVector attended(int layer, int head, Tensor stream) {
    if (!model.decoder().config().positions().equals("learned")
        && !model.decoder().config().positions().equals("none")) {
      throw new IllegalArgumentException(
          "this model turns queries and keys by position (%s), so what a head looks for is no one direction"
              .formatted(model.decoder().config().positions()));
    }
    Norm norm = model.decoder().blocks().get(layer).ln1();
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor normed = norm.forward(stream.unsqueeze(0));
      return new FeatureVector(
          "L%dH%d attends to".formatted(layer, head),
          scope.keep(pullback.keys(normed.squeeze(0).to(DType.FLOAT64), layer, head)),
          layer,
          false);
    }
  }

  private interface Part {
    Tensor forward(Tensor x);
  }

  /** The gradient of y . part(x) at a stream. */
  private static Tensor gradient(Part part, Tensor y, Tensor stream) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.enableGrad()) {
      Tensor x = stream.detach().unsqueeze(0).copy().requiresGrad(true);
      Tensor value = part.forward(x).mul(y.to(x.dtype())).sum();
      return scope.keep(Autograd.grad(value, List.of(x)).getFirst().squeeze(0).to(DType.FLOAT64));
    }
  }

  private void check(FeatureVector feature, int layer, int head) {
    int seen = feature.block() + (feature.beforeMlp() ? 1 : 0);
    if (layer < 0 || layer >= seen || head < 0 || head >= model.decoder().config().heads()) {
      throw new IllegalArgumentException(
          "the stream of '%s' sees heads 0 to %d of blocks 0 to %d, not head %d of block %d"
              .formatted(
                  feature.name(), model.decoder().config().heads() - 1, seen - 1, head, layer));
    }
  }

  private static String name(FeatureVector feature, int layer, int head) {
    return "%s ← L%dH%d".formatted(feature.name(), layer, head);
  }

  private int layers() {
    return model.decoder().blocks().size();
  }

  /** W_E y: how much each token's own embedding has of a feature, float64 [vocab]. */
  public Tensor tokens(FeatureVector feature) {
    return Autograd.noGrad(() ->
        model
            .decoder()
            .embedding()
            .value()
            .to(DType.FLOAT64)
            .matmul(feature.direction().unsqueeze(1))
            .squeeze(1));
  }

  /**
   * A head and how much it tells one prompt from another.
   *
   * @param deviation standard deviation over prompts of what it adds to the observable at the last
   *     token: what it adds to all of them decides nothing
   */
  public record Strength(int layer, int head, double deviation) {}

  /** All heads by what they add to an observable after some prompts, the strongest first. */
  public List<Strength> heads(Observable observable, int[][] prompts) {
    if (prompts.length < 2) {
      throw new IllegalArgumentException(
          "heads are ranked by what differs between prompts; give at least 2");
    }
    Map<List<Integer>, double[]> added = new LinkedHashMap<>();
    for (int p = 0; p < prompts.length; p++) {
      FrozenPass pass = FrozenPass.of(model, prompts[p]);
      for (Contribution c :
          pass.contributions(pass.logits(observable.weights(), prompts[p].length - 1))) {
        if (c.source().kind() == Circuit.Kind.HEAD) {
          added
                  .computeIfAbsent(
                      List.of(c.source().layer(), c.source().index()),
                      head -> new double[prompts.length])[p] +=
              c.attribution();
        }
      }
    }
    List<Strength> heads = new ArrayList<>();
    added.forEach((head, values) ->
        heads.add(new Strength(head.get(0), head.get(1), Estimate.of(values).deviation())));
    heads.sort(Comparator.comparingDouble(Strength::deviation).reversed());
    return heads;
  }

  /** The paths that bring most of an observable after a prompt. */
  public Circuit circuit(Observable observable, int[] prompt, CircuitSearch search) {
    FrozenPass pass = FrozenPass.of(model, prompt);
    return search.search(pass, pass.logits(observable.weights(), prompt.length - 1));
  }
}
