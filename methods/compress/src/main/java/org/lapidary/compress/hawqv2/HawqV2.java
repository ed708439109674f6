package org.lapidary.compress.hawqv2;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import org.lapidary.compress.BlockMatrices;
import org.lapidary.compress.Hutchinson;
import org.lapidary.compress.StraightThrough;
import org.lapidary.nn.Conv2d;
import org.lapidary.nn.Decoder;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Model;
import org.lapidary.nn.Sites;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * The method with its settings.
 *
 * @param bits widths that weights may have, ascending, each 2 to 8
 * @param hutchinson how traces are estimated
 * @param monotone whether a layer of a larger average trace never gets fewer bits, as published;
 *     else the optimum over all configurations
 */
public record HawqV2(List<Integer> bits, Hutchinson hutchinson, boolean monotone) {

  public HawqV2 {
    bits = bits.stream().sorted().distinct().toList();
    if (bits.isEmpty() || bits.getFirst() < 2 || bits.getLast() > 8) {
      throw new IllegalArgumentException("weights have 2 to 8 bits, were " + bits);
    }
  }

  public static HawqV2 defaults() {
    return new HawqV2(List.of(2, 3, 4, 8), Hutchinson.defaults(), true);
  }

  public HawqV2 withBits(Integer... widths) {
    return new HawqV2(List.of(widths), hutchinson, monotone);
  }

  public HawqV2 withHutchinson(Hutchinson traces) {
    return new HawqV2(bits, traces, monotone);
  }

  public HawqV2 withMonotone(boolean on) {
    return new HawqV2(bits, hutchinson, on);
  }

  /**
   * What a search found.
   *
   * @param front size in bits against Omega, up to the budget
   * @param best the one of least Omega
   */
  public record Found(
      Sensitivities sensitivities, List<Sensitivities.Choice> front, Sensitivities.Choice best) {
    /** The model rounded to the best plan. */
    public QuantizedModel apply(Model model) {
      return QuantizedModel.of(model, best.plan(), sensitivities);
    }
  }

  /**
   * Widths of the weights under a budget of bits for all of them; activations stay as they are.
   *
   * @param loss of a model on calibration data, averaged over examples
   * @throws IllegalArgumentException if not even the smallest widths fit
   */
  public Found search(Model model, Function<Model, Tensor> loss, long budgetBits, Rng rng) {
    Sensitivities sensitivities = sensitivities(model, loss, false, rng);
    List<Sensitivities.Choice> front =
        sensitivities.sizeFront(budgetBits, monotone, BitPlan.FLOAT, l -> l.trace().average());
    return new Found(sensitivities, front, front.getLast());
  }

  /**
   * The sensitivities of all convolutions and linear layers (inside the blocks, for a decoder).
   *
   * @param loss of a model on calibration data, averaged over examples; examples must not influence
   *     one another, so the model is not in training mode
   * @param activations whether to look at activations too
   */
  public Sensitivities sensitivities(
      Model model, Function<Model, Tensor> loss, boolean activations, Rng rng) {
    Map<String, Layer> layers = layers(model);
    Map<String, Hutchinson.Trace> traces =
        hutchinson.traces(
            model.layer(),
            layers.keySet().stream().map(p -> p + ".weight").toList(),
            () -> loss.apply(model),
            rng);
    Map<String, LayerSensitivity.Reading> readings =
        activations ? readings(model, loss, layers, rng) : Map.of();
    List<LayerSensitivity> found = new ArrayList<>();
    layers.forEach((path, layer) -> {
      Tensor w = layer.parameterAt("weight").tensor().detach();
      found.add(
          new LayerSensitivity(
              path,
              w.elements(),
              bits,
              requireNonNull(traces.get(path + ".weight")),
              bits.stream().mapToDouble(b -> error(w, b)).toArray(),
              readings.get(path)));
    });
    return new Sensitivities(found);
  }

  private static double error(Tensor w, int b) {
    try (Scope scope = Scope.open()) {
      return StraightThrough.roundedPerOutput(w, b).sub(w).square().sum().item();
    }
  }

  private Map<String, LayerSensitivity.Reading> readings(
      Model model, Function<Model, Tensor> loss, Map<String, Layer> layers, Rng rng) {
    Set<String> sites = new LinkedHashSet<>();
    layers.keySet().forEach(p -> sites.add(p + ".hook_in"));
    Map<String, LayerSensitivity.Reading> readings = new LinkedHashMap<>();
    try (Scope scope = Scope.open()) {
      Map<String, Tensor> activations = activations(model, loss, sites);
      if (activations.size() < sites.size()) {
        sites.removeAll(activations.keySet());
        throw new IllegalArgumentException(
            "the loss does not run the layers that read at %s".formatted(sites));
      }
      Map<String, Hutchinson.Trace> traces = activationTraces(model, loss, activations, rng);
      layers.forEach((path, layer) -> {
        String site = path + ".hook_in";
        Tensor a = requireNonNull(activations.get(site));
        List<Clip> clips = bits.stream().map(b -> Clip.fit(a, b)).toList();
        readings.put(
            path,
            new LayerSensitivity.Reading(
                multiplications(layer, a),
                requireNonNull(traces.get(site)),
                clips.stream().mapToDouble(clip -> clip.error(a) / a.size(0)).toArray(),
                clips));
      });
    }
    return readings;
  }

  /** Layers with a weight to round, by path. */
  static Map<String, Layer> layers(Model model) {
    Map<String, Layer> found = new LinkedHashMap<>();
    if (model.layer() instanceof Decoder) {
      found.putAll(BlockMatrices.of(model));
    } else {
      model
          .layer()
          .walk((path, layer) -> {
            if (layer instanceof Conv2d || layer instanceof Linear) {
              found.put(path, layer);
            }
          });
    }
    return found;
  }

  /** Products summed for one example, given what the layer reads [example, ...]. */
  private static long multiplications(Layer layer, Tensor a) {
    return layer instanceof Conv2d conv
        ? conv.multiplications(a.size(2), a.size(3))
        : layer.parameterAt("weight").tensor().elements() * (a.elements() / a.size(0) / a.size(-1));
  }

  /** What every layer reads, by site. */
  private static Map<String, Tensor> activations(
      Model model, Function<Model, Tensor> loss, Set<String> sites) {
    Map<String, Tensor> seen = new LinkedHashMap<>();
    try (var ignored = Autograd.noGrad()) {
      visiting(
          sites,
          (path, x) -> {
            seen.put(path, x);
            return x;
          },
          () -> loss.apply(model));
    }
    return seen;
  }

  /**
   * With a zero leaf added to every activation, the Hessian over the leaf is that over the
   * activation. The loss averages over examples, so the sum over the examples' blocks is their
   * mean.
   *
   * @return by site, for one example
   */
  private Map<String, Hutchinson.Trace> activationTraces(
      Model model, Function<Model, Tensor> loss, Map<String, Tensor> activations, Rng rng) {
    Map<String, Tensor> leaves = new LinkedHashMap<>();
    activations.forEach((site, a) -> leaves.put(site, Tensor.zeros(a.dtype(), a.shape())));
    List<Hutchinson.Trace> traces =
        hutchinson.traces(
            List.copyOf(leaves.values()),
            () ->
                visiting(
                    leaves.keySet(),
                    (path, x) -> x.add(requireNonNull(leaves.get(path))),
                    () -> loss.apply(model)),
            rng);
    Map<String, Hutchinson.Trace> bySite = new LinkedHashMap<>();
    for (String site : leaves.keySet()) {
      Hutchinson.Trace t = traces.get(bySite.size());
      long examples = requireNonNull(leaves.get(site)).size(0);
      bySite.put(
          site,
          new Hutchinson.Trace(t.trace(), t.standardError(), t.size() / examples, t.probes()));
    }
    return bySite;
  }

  private static Tensor visiting(
      Set<String> sites, BiFunction<String, Tensor, Tensor> change, Supplier<Tensor> work) {
    return Sites.visiting(
        new Sites.Visitor() {
          @Override
          public boolean wants(String path) {
            return sites.contains(path);
          }

          @Override
          public Tensor visit(String path, Tensor activation) {
            return change.apply(path, activation);
          }
        },
        work);
  }
}
