package org.lapidary.compress.slim;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lapidary.compress.BlockMatrices;
import org.lapidary.compress.Gptq;
import org.lapidary.compress.InputStatistics;
import org.lapidary.compress.Masks;
import org.lapidary.compress.Quantized;
import org.lapidary.compress.Scores;
import org.lapidary.compress.dsnot.Dsnot;
import org.lapidary.evidence.Progress;
import org.lapidary.kernels.PackedMatrix;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Model;
import org.lapidary.nn.PackedLinear;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * Measures what every option costs, plans, and carries the plan out.
 *
 * @param group inputs that share a scale
 */
public record Slimmer(int group) {

  public static Slimmer defaults() {
    return new Slimmer(64);
  }

  /**
   * A slimmed model.
   *
   * @param dense the model with dequantised matrices, as other tools run it
   * @param packed the same model with its matrices packed for the kernels
   * @param plan what each matrix became
   * @param matrices the packed matrices, by path
   */
  public record Slimmed(Model dense, Model packed, Plan plan, Map<String, PackedMatrix> matrices) {
    /** Bits a weight of the block matrices, everything included. */
    public double bitsPerWeight() {
      long weights = matrices.values().stream().mapToLong(m -> (long) m.rows() * m.columns()).sum();
      return 8.0 * plan.bytes() / weights;
    }
  }

  /**
   * The divergence of the outputs and the size for every matrix and option, each measured with that
   * matrix alone replaced.
   *
   * @param calibration sequences for the statistics
   * @param probe sequences on which the divergence is measured
   */
  public Map<String, List<Plan.Price>> prices(
      Model model, int[][] calibration, int[][] probe, Progress progress) {
    Map<String, InputStatistics> statistics = InputStatistics.of(model, calibration);
    Model changed = model.copy();
    Map<String, Linear> matrices = BlockMatrices.of(changed);
    Map<String, List<Plan.Price>> prices = new LinkedHashMap<>();
    try (Scope outer = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor tokens = LanguageModeling.tensor(probe);
      Tensor reference = model.forward(tokens).logSoftmax(-1);
      progress.begin("measuring what each matrix can bear", matrices.size());
      int done = 0;
      for (var e : matrices.entrySet()) {
        Linear linear = e.getValue();
        Tensor original = linear.weight().tensor();
        InputStatistics inputs = java.util.Objects.requireNonNull(statistics.get(e.getKey()));
        List<Plan.Price> options = new ArrayList<>();
        Map<Option.Pattern, Tensor> masks = new EnumMap<>(Option.Pattern.class);
        for (Option option : Option.all(linear.in())) {
          if (option.pattern() != Option.Pattern.DENSE) {
            masks.computeIfAbsent(option.pattern(), p -> mask(original, inputs, p));
          }
          try (Scope scope = Scope.open()) {
            Rounded rounded = round(original, inputs, option, masks.get(option.pattern()));
            linear.weight().set(rounded.weight());
            Tensor logits = changed.forward(tokens).logSoftmax(-1);
            double kl = reference.exp().mul(reference.sub(logits)).sum(false, 2).mean().item();
            options.add(new Plan.Price(option, rounded.packed().bytes(), Math.max(0, kl)));
            linear.weight().set(original);
            rounded.weight().close();
          }
        }
        prices.put(e.getKey(), options);
        progress.step(++done, e.getKey());
        if (progress.stopped()) {
          break;
        }
      }
      progress.end();
    }
    return prices;
  }

  /** Carries out a plan, block after block, each seeing those before it as they became. */
  public Slimmed apply(Model model, Plan plan, int[][] calibration) {
    Model dense = model.copy();
    Map<String, PackedMatrix> packed = new LinkedHashMap<>();
    InputStatistics.blockwise(
        dense,
        calibration,
        (matrices, statistics) ->
            matrices.forEach((path, linear) -> {
              Option option = plan.choices().get(path);
              if (option == null) {
                return;
              }
              try (Scope scope = Scope.open()) {
                InputStatistics inputs = java.util.Objects.requireNonNull(statistics.get(path));
                Rounded rounded =
                    round(
                        linear.weight().tensor(),
                        inputs,
                        option,
                        mask(linear.weight().tensor(), inputs, option.pattern()));
                scope.keep(rounded.weight());
                linear.weight().set(rounded.weight());
                packed.put(path, rounded.packed());
              }
            }));
    return new Slimmed(dense, pack(dense, packed), plan, packed);
  }

  /** A copy of a model that runs the given matrices by their kernels. */
  public static Model pack(Model model, Map<String, PackedMatrix> matrices) {
    Model copy = model.copy();
    Map<String, Linear> linears = BlockMatrices.of(copy);
    matrices.forEach((path, matrix) -> {
      Linear linear = java.util.Objects.requireNonNull(linears.get(path), path);
      Tensor bias = linear.bias() == null ? null : linear.bias().tensor();
      copy.layer().replace(path, new PackedLinear(matrix, bias));
    });
    return copy;
  }

  private record Rounded(Tensor weight, PackedMatrix packed) {}

  private Rounded round(
      Tensor weight, InputStatistics inputs, Option option, @Nullable Tensor mask) {
    int rows = Math.toIntExact(weight.size(0));
    int columns = Math.toIntExact(weight.size(1));
    if (option.bits() == 16) {
      Tensor pruned = mask == null ? weight.detach() : Gptq.compensate(weight, inputs, mask);
      Tensor half = pruned.to(DType.FLOAT16).to(DType.FLOAT32).contiguous();
      float[] values = half.toFloats();
      PackedMatrix packed =
          switch (option.pattern()) {
            case DENSE -> PackedMatrix.half(values, rows, columns);
            case UNSTRUCTURED -> PackedMatrix.sparse(values, rows, columns);
            case TWO_FOUR -> PackedMatrix.structured(values, rows, columns, 2, 4);
          };
      return new Rounded(half.copy(), packed);
    }
    Quantized q = Gptq.round(weight, inputs, mask, option.bits(), group);
    PackedMatrix.Pattern pattern =
        switch (option.pattern()) {
          case DENSE -> PackedMatrix.Pattern.DENSE;
          case UNSTRUCTURED -> PackedMatrix.Pattern.UNSTRUCTURED;
          case TWO_FOUR -> PackedMatrix.Pattern.TWO_FOUR;
        };
    return new Rounded(q.dequantize(), q.pack(pattern));
  }

  /** Wanda's mask or its refinement by swaps, whichever leaves the smaller layer error. */
  private @Nullable Tensor mask(Tensor weight, InputStatistics inputs, Option.Pattern pattern) {
    if (pattern == Option.Pattern.DENSE) {
      return null;
    }
    Tensor score = Scores.WANDA.of(weight, inputs);
    Dsnot swaps = Dsnot.defaults();
    Tensor start;
    if (pattern == Option.Pattern.TWO_FOUR) {
      start = Masks.structured(score, 2, 4);
      swaps = swaps.withPattern(2, 4);
    } else {
      start = Masks.perRow(score, 0.5);
    }
    Tensor refined = swaps.refine(weight, inputs, start).mask();
    return error(weight, inputs, refined) < error(weight, inputs, start) ? refined : start;
  }

  /** E ||(W - W') x||^2 after compensation. */
  private static double error(Tensor weight, InputStatistics inputs, Tensor mask) {
    Tensor delta = weight.detach().sub(Gptq.compensate(weight, inputs, mask)).to(DType.FLOAT64);
    return delta.matmul(inputs.meanGram()).mul(delta).sum().item();
  }
}
