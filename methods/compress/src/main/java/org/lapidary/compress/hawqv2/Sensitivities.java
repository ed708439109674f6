package org.lapidary.compress.hawqv2;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
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
    return sizeFront(budgetBits, monotone, activations, sensitivity, sensitivity);
  }

  /**
   * As {@link #sizeFront(long, boolean, int, ToDoubleFunction)}, with layers in descending order of
   * one value and the squared errors weighted by another.
   */
  public List<Choice> sizeFront(
      long budgetBits,
      boolean monotone,
      int activations,
      ToDoubleFunction<LayerSensitivity> rank,
      ToDoubleFunction<LayerSensitivity> sensitivity) {
    List<LayerSensitivity> order = descending(rank);
    List<List<Allocation.Option>> items = new ArrayList<>();
    for (LayerSensitivity l : order) {
      double weight = Math.max(0, sensitivity.applyAsDouble(l));
      items.add(
          l.bits().stream()
              .map(b -> new Allocation.Option(l.weights() * b, weight * l.weightError(b)))
              .toList());
    }
    return Allocation.front(items, budgetBits, monotone).stream()
        .map(point ->
            new Choice(plan(order, point.options(), activations), point.cost(), point.loss()))
        .toList();
  }

  private List<LayerSensitivity> descending(ToDoubleFunction<LayerSensitivity> rank) {
    return layers.stream().sorted(Comparator.comparingDouble(rank).reversed()).toList();
  }

  private static BitPlan plan(List<LayerSensitivity> order, int[] options, int activations) {
    Map<String, BitPlan.Widths> chosen = new LinkedHashMap<>();
    for (int i = 0; i < options.length; i++) {
      LayerSensitivity l = order.get(i);
      chosen.put(l.path(), new BitPlan.Widths(l.bits().get(options[i]), activations));
    }
    return new BitPlan(chosen);
  }

  /**
   * All plans of weight widths that keep an order, no layer getting more bits than one before it,
   * and fill the budget: no single layer can have its next width without breaking one of the two.
   * There are at most C(L + B - 1, B - 1) for L layers and B widths; all are tried.
   *
   * @param rank the larger, the earlier
   * @param activations the width of all activations
   */
  public List<BitPlan> filling(
      long budgetBits, int activations, ToDoubleFunction<LayerSensitivity> rank) {
    List<LayerSensitivity> order = descending(rank);
    List<BitPlan> found = new ArrayList<>();
    fill(
        order,
        new int[order.size()],
        0,
        budgetBits,
        options -> {
          found.add(plan(order, options, activations));
        });
    return found;
  }

  private static void fill(
      List<LayerSensitivity> order, int[] options, int next, long left, Consumer<int[]> found) {
    if (next == order.size()) {
      for (int i = 0; i < options.length; i++) {
        List<Integer> bits = order.get(i).bits();
        boolean inOrder = i == 0 ? options[i] + 1 < bits.size() : options[i] < options[i - 1];
        if (inOrder
            && order.get(i).weights() * (bits.get(options[i] + 1) - bits.get(options[i])) <= left) {
          return;
        }
      }
      found.accept(options);
      return;
    }
    LayerSensitivity layer = order.get(next);
    int most = next == 0 ? layer.bits().size() - 1 : options[next - 1];
    for (int o = 0; o <= most; o++) {
      long rest = left - layer.weights() * layer.bits().get(o);
      if (rest >= 0) {
        options[next] = o;
        fill(order, options, next + 1, rest, found);
      }
    }
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
