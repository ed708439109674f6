package org.lapidary.interpret.circuit;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import org.lapidary.nn.Activations;
import org.lapidary.nn.Intervention;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Shape;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * What a model still does when only a circuit's units carry what the prompt says, and what it does
 * when only they do not; by ablation, as Wang et al. (2022, arXiv 2211.00593) judge circuits.
 *
 * @param whole the metric of the model as it is
 * @param alone with every other unit replaced
 * @param without with the circuit's units replaced
 * @param nothing with all units replaced
 */
public record Faithfulness(double whole, double alone, double without, double nothing) {

  /**
   * Something that can be replaced.
   *
   * @param site whose activation is [batch, position, ...]
   * @param index along the dimension after the position: a head, neuron or feature; -1 for all
   * @param token the position
   */
  public record Unit(String site, int index, int token) {}

  /** How much of what the units do the circuit does alone: 1 for a faithful one. */
  public double faithfulness() {
    return (alone - nothing) / (whole - nothing);
  }

  /** How much of what the units do is gone without the circuit: 1 for a complete one. */
  public double completeness() {
    return (whole - without) / (whole - nothing);
  }

  /**
   * Runs the model four times.
   *
   * @param tokens the prompt
   * @param metric of the logits [1, position, vocab]
   * @param circuit what counts as the circuit
   * @param replacements for every site whose units are judged, what stands there otherwise: of the
   *     activation's shape, or one that broadcasts to it
   * @throws IllegalArgumentException if a unit is at no such site or outside its activation
   */
  public static Faithfulness of(
      Model model,
      int[] tokens,
      ToDoubleFunction<Tensor> metric,
      Set<Unit> circuit,
      Map<String, Tensor> replacements) {
    for (Unit unit : circuit) {
      if (!replacements.containsKey(unit.site())) {
        throw new IllegalArgumentException(
            "the unit at '%s' cannot be judged; there are replacements for %s"
                .formatted(unit.site(), replacements.keySet()));
      }
    }
    Tensor input = LanguageModeling.tensor(new int[][] {tokens});
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      return new Faithfulness(
          metric.applyAsDouble(model.forward(input)),
          run(model, input, metric, circuit, true, replacements),
          run(model, input, metric, circuit, false, replacements),
          run(model, input, metric, Set.of(), true, replacements));
    }
  }

  private static double run(
      Model model,
      Tensor input,
      ToDoubleFunction<Tensor> metric,
      Set<Unit> circuit,
      boolean keep,
      Map<String, Tensor> replacements) {
    try (Scope scope = Scope.open()) {
      Intervention replaced =
          new Intervention(
              "{" + String.join(",", replacements.keySet()) + "}",
              (site, x) -> {
                Tensor chosen = mask(x.shape(), site, circuit);
                Tensor other = java.util.Objects.requireNonNull(replacements.get(site));
                Tensor instead = other.to(x.dtype()).expand(x.shape().toArray());
                return keep ? Tensor.where(chosen, x, instead) : Tensor.where(chosen, instead, x);
              });
      return metric.applyAsDouble(model.with(replaced).forward(input));
    }
  }

  /** True at the units of a site. */
  static Tensor mask(Shape shape, String site, Set<Unit> units) {
    int positions = (int) shape.dim(1);
    int width = (int) shape.dim(2);
    boolean[] chosen = new boolean[positions * width];
    for (Unit unit : units) {
      if (unit.site().equals(site)) {
        if (unit.token() < 0 || unit.token() >= positions || unit.index() >= width) {
          throw new IllegalArgumentException(
              "%s is outside the activation %s".formatted(unit, shape));
        }
        int from = unit.index() < 0 ? 0 : unit.index();
        int to = unit.index() < 0 ? width : unit.index() + 1;
        for (int i = from; i < to; i++) {
          chosen[unit.token() * width + i] = true;
        }
      }
    }
    long[] sizes = new long[shape.rank()];
    java.util.Arrays.fill(sizes, 1);
    sizes[1] = positions;
    sizes[2] = width;
    return Tensor.of(chosen, sizes).expand(shape.toArray());
  }

  /**
   * The mean activations of sites over texts and positions, as replacements: [1, 1, ...]. They
   * belong to the caller's scope.
   *
   * @param sites a glob
   */
  public static Map<String, Tensor> means(Model model, List<int[]> texts, String sites) {
    Map<String, Tensor> sums = new LinkedHashMap<>();
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      for (int[] text : texts) {
        try (Scope one = Scope.open()) {
          Activations acts = model.capture(LanguageModeling.tensor(new int[][] {text}), sites);
          acts.map()
              .forEach((site, x) -> {
                Tensor mean = x.mean(true, 0, 1).div(texts.size());
                Tensor before = sums.get(site);
                sums.put(site, one.keep(before == null ? mean : before.add(mean)));
              });
        }
      }
      sums.values().forEach(scope::keep);
      return sums;
    }
  }
}
