package org.lapidary.compress.hawqv2;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.lapidary.compress.Allocation;

/**
 * The sensitivities of all layers of a model, and the plans that follow from them.
 *
 * @param layers in the order of the model
 */
public record Sensitivities(List<LayerSensitivity> layers) {
  public Sensitivities {
    layers = List.copyOf(layers);
    if (layers.isEmpty()) {
      throw new IllegalArgumentException("there are no layers to choose widths for");
    }
  }

  /** A plan with what it costs and the loss expected of it. */
  public record Choice(BitPlan plan, long cost, double omega) {}

  /** Omega, the sum of the layers' sensitivities at a plan's widths. */
  public double omega(BitPlan plan) {
    return sum(
        plan,
        (layer, w) -> layer.weightOmega(w.weights()) + layer.activationOmega(w.activations()));
  }

  /** Bits of all weights. */
  public long size(BitPlan plan) {
    return (long) sum(plan, (layer, w) -> (double) layer.weights() * w.weights());
  }

  /** Bit operations of one example: products times the widths of both factors. */
  public long bitOperations(BitPlan plan) {
    return (long)
        sum(
            plan,
            (layer, w) ->
                (double) layer.activations().multiplications() * w.weights() * w.activations());
  }

  /** ||Q(W) - W||^2 over all layers. */
  public double weightError(BitPlan plan) {
    return sum(plan, (layer, w) -> layer.weightError(w.weights()));
  }

  private interface Term {
    double of(LayerSensitivity layer, BitPlan.Widths widths);
  }

  private double sum(BitPlan plan, Term term) {
    return layers.stream().mapToDouble(l -> term.of(l, plan.of(l.path()))).sum();
  }

  /**
   * The Pareto front of weight widths: size in bits against Omega. Layers are taken in the order of
   * {@code sensitivity}; if {@code monotone}, none gets more bits than one before it.
   *
   * @param sensitivity avgTr(H_i) for HAWQ-V2; anything else for a comparison
   * @param activations the width of all activations
   */
  public List<Choice> sizeFront(
      long budgetBits,
      boolean monotone,
      int activations,
      ToDoubleFunction<LayerSensitivity> sensitivity) {
    List<LayerSensitivity> order =
        layers.stream().sorted(Comparator.comparingDouble(sensitivity).reversed()).toList();
    List<List<Allocation.Option>> items = new ArrayList<>();
    for (LayerSensitivity l : order) {
      double weight = Math.max(0, sensitivity.applyAsDouble(l));
      items.add(
          l.bits().stream()
              .map(b -> new Allocation.Option(l.weights() * b, weight * l.weightError(b)))
              .toList());
    }
    return Allocation.front(items, budgetBits, monotone).stream()
        .map(point -> {
          Map<String, BitPlan.Widths> chosen = new LinkedHashMap<>();
          for (int i = 0; i < order.size(); i++) {
            LayerSensitivity l = order.get(i);
            chosen.put(l.path(), new BitPlan.Widths(l.bits().get(point.options()[i]), activations));
          }
          return new Choice(new BitPlan(chosen), point.cost(), point.loss());
        })
        .toList();
  }

  /**
   * The plan of least Omega under a budget of bit operations.
   *
   * @param activations the widths that activations may have; one value fixes them
   */
  public Choice underBitOperations(long budget, List<Integer> activations) {
    List<List<Allocation.Option>> items = new ArrayList<>();
    List<List<BitPlan.Widths>> meaning = new ArrayList<>();
    for (LayerSensitivity l : layers) {
      List<Allocation.Option> options = new ArrayList<>();
      List<BitPlan.Widths> widths = new ArrayList<>();
      for (int w : l.bits()) {
        for (int a : activations) {
          options.add(
              new Allocation.Option(
                  l.activations().multiplications() * w * a,
                  l.weightOmega(w) + l.activationOmega(a)));
          widths.add(new BitPlan.Widths(w, a));
        }
      }
      items.add(options);
      meaning.add(widths);
    }
    Allocation.Point best = Allocation.best(items, budget, false);
    Map<String, BitPlan.Widths> chosen = new LinkedHashMap<>();
    for (int i = 0; i < layers.size(); i++) {
      chosen.put(layers.get(i).path(), meaning.get(i).get(best.options()[i]));
    }
    return new Choice(new BitPlan(chosen), best.cost(), best.loss());
  }
}
