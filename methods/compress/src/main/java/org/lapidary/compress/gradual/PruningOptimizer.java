package org.lapidary.compress.gradual;

import static java.util.Objects.requireNonNull;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.compress.Masks;
import org.lapidary.compress.StraightThrough;
import org.lapidary.nn.Parameter;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.Optimizer;

/**
 * Another optimizer's steps with masks: gradients of dropped weights are zeroed before the step,
 * the weights themselves after it, and after the steps of the schedule the masks are chosen anew.
 */
public final class PruningOptimizer implements Optimizer {
  private final GradualPruning settings;
  private final Map<String, Parameter> pruned;
  private final Map<String, Tensor> masks = new LinkedHashMap<>(); // BOOL, true where kept
  private final Map<String, Integer> places = new LinkedHashMap<>(); // in the inner parameters
  private final Optimizer inner;

  PruningOptimizer(GradualPruning settings, Map<String, Parameter> pruned, Optimizer inner) {
    this.settings = settings;
    this.pruned = pruned;
    this.inner = inner;
    pruned.forEach((path, parameter) -> {
      places.put(path, place(path, parameter.tensor()));
      Tensor mask = Tensor.ones(DType.BOOL, parameter.tensor().shape()).unscoped();
      masks.put(path, mask);
      if (settings.returning()) {
        parameter.view(w -> StraightThrough.pass(w, w.detach().maskedFill(mask.not(), 0)));
      }
    });
    if (settings.schedule().at(0) > 0) {
      update(settings.schedule().at(0));
    }
  }

  private int place(String path, Tensor tensor) {
    List<Tensor> trained = inner.parameters();
    for (int i = 0; i < trained.size(); i++) {
      if (trained.get(i) == tensor) {
        return i;
      }
    }
    throw new IllegalArgumentException(
        "the optimizer does not train '%s'; make it of the same layer".formatted(path));
  }

  @Override
  public void step(List<Tensor> gradients, double learningRate) {
    if (settings.returning()) {
      inner.step(gradients, learningRate);
    } else {
      List<Tensor> masked = new ArrayList<>(gradients);
      places.forEach((path, place) -> {
        Tensor gradient = gradients.get(place).contiguous();
        zero(gradient, mask(path));
        masked.set(place, gradient);
      });
      inner.step(masked, learningRate);
      clear(); // momentum from before a weight was dropped would move it still
    }
    if (settings.schedule().updatesAt(steps())) {
      update(settings.schedule().at(steps()));
    }
  }

  private void update(double sparsity) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Map<String, Tensor> scores = new LinkedHashMap<>();
      pruned.forEach((path, parameter) -> {
        Tensor magnitude = parameter.tensor().detach().abs();
        scores.put(
            path, settings.returning() ? magnitude : magnitude.maskedFill(mask(path).not(), -1));
      });
      Units units = settings.units();
      if (settings.global()) {
        Map<String, Tensor> flat = new LinkedHashMap<>();
        scores.forEach((path, score) -> flat.put(path, units.scores(score)));
        long n = flat.values().stream().mapToLong(Tensor::elements).sum();
        Masks.keeping(flat, Units.kept(sparsity, n))
            .forEach(
                (path, kept) -> put(path, units.spread(kept, requireNonNull(scores.get(path)))));
      } else {
        scores.forEach((path, score) -> put(path, units.keep(score, sparsity)));
      }
    }
    if (!settings.returning()) {
      clear();
    }
  }

  private void put(String path, Tensor mask) {
    MemorySegment.copy(mask.contiguous().segment(), 0, mask(path).segment(), 0, mask.elements());
  }

  private void clear() {
    pruned.forEach((path, parameter) -> zero(parameter.tensor(), mask(path)));
  }

  /** Without a branch for each weight, which at random masks would cost more than all the rest. */
  private static void zero(Tensor values, Tensor mask) {
    MemorySegment to = values.segment();
    MemorySegment kept = mask.segment();
    for (long i = 0; i < mask.elements(); i++) {
      int all = -kept.get(ValueLayout.JAVA_BYTE, i); // 1 gives 32 set bits, 0 none
      int bits = to.getAtIndex(ValueLayout.JAVA_INT_UNALIGNED, i);
      to.setAtIndex(ValueLayout.JAVA_INT_UNALIGNED, i, bits & all);
    }
  }

  private Tensor mask(String path) {
    return requireNonNull(masks.get(path));
  }

  /** BOOL by parameter path, of the parameter's shape, true where kept; they change in place. */
  public Map<String, Tensor> masks() {
    return Collections.unmodifiableMap(masks);
  }

  /** How large the pruned parameters are. */
  public SparseSize size() {
    return SparseSize.of(masks.values());
  }

  @Override
  public List<Tensor> parameters() {
    return inner.parameters();
  }

  /** The inner optimizer's tensors and the masks. */
  @Override
  public Map<String, Tensor> state() {
    Map<String, Tensor> state = new LinkedHashMap<>(inner.state());
    masks.forEach((path, mask) -> state.put("mask." + path, mask));
    return state;
  }

  @Override
  public long steps() {
    return inner.steps();
  }

  @Override
  public void restore(long done) {
    inner.restore(done);
  }

  /** Ends the pruning: the layer's parameters are then the masked ones, without a view. */
  @Override
  public void close() {
    if (settings.returning()) {
      clear();
      pruned.values().forEach(parameter -> parameter.view(null));
    }
    masks.values().forEach(Tensor::close);
    inner.close();
  }
}
