package org.lapidary.tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** Derivatives by reverse-mode automatic differentiation. */
public final class Autograd {
  private Autograd() {}

  /** Ends what {@link #noGrad} began. */
  public interface Ending extends AutoCloseable {
    @Override
    void close();
  }

  /** Until closed, operations on this thread keep nothing for a backward pass. */
  public static Ending noGrad() {
    return mode(false);
  }

  /** Until closed, operations on this thread can be differentiated (the default). */
  public static Ending enableGrad() {
    return mode(true);
  }

  private static Ending mode(boolean enabled) {
    Natives.load();
    boolean before = GradMode.is_enabled();
    GradMode.set_enabled(enabled);
    return () -> GradMode.set_enabled(before);
  }

  /** Runs with {@link #noGrad}. */
  public static <T> T noGrad(Supplier<T> work) {
    try (Ending ignored = noGrad()) {
      return work.get();
    }
  }

  public static boolean enabled() {
    Natives.load();
    return GradMode.is_enabled();
  }

  /**
   * d output / d input for each input; the backward graph is freed.
   *
   * @param output a scalar
   * @param inputs tensors that require a gradient; one on which the output does not depend gets
   *     zeros
   * @throws ShapeException if the output is not a scalar
   */
  public static List<Tensor> grad(Tensor output, List<Tensor> inputs) {
    return grad(output, inputs, false);
  }

  /**
   * As {@link #grad(Tensor, List)}; with {@code createGraph} the results can be differentiated
   * again. Where the model has attention, compute the output under {@link Decomposition#on}.
   */
  public static List<Tensor> grad(Tensor output, List<Tensor> inputs, boolean createGraph) {
    if (output.shape().elements() != 1) {
      throw new ShapeException(
          "grad needs a scalar to differentiate, was %s; sum it, or pass a weight for each element"
              .formatted(output.type()));
    }
    try (org.bytedeco.pytorch.Tensor one = torch.ones_like(output.handle())) {
      return run(output, inputs, one, createGraph, createGraph);
    }
  }

  /**
   * The vector-Jacobian product: d &lt;output, weight&gt; / d input.
   *
   * @param weight of the output's shape
   * @param keepGraph whether the same output will be differentiated again
   */
  public static List<Tensor> grad(
      Tensor output, List<Tensor> inputs, Tensor weight, boolean keepGraph, boolean createGraph) {
    if (!weight.type().equals(output.type())) {
      throw new ShapeException(
          "the weight of a gradient must be like the output %s, was %s"
              .formatted(output.type(), weight.type()));
    }
    return run(output, inputs, weight.handle(), keepGraph, createGraph);
  }

  private static List<Tensor> run(
      Tensor output,
      List<Tensor> inputs,
      org.bytedeco.pytorch.Tensor weight,
      boolean keepGraph,
      boolean createGraph) {
    if (!output.requiresGrad()) {
      throw new IllegalArgumentException(
          "the output %s does not depend on any tensor that requires a gradient, or was computed under noGrad"
              .formatted(output.type()));
    }
    org.bytedeco.pytorch.Tensor[] handles = new org.bytedeco.pytorch.Tensor[inputs.size()];
    for (int i = 0; i < handles.length; i++) {
      if (!inputs.get(i).requiresGrad()) {
        throw new IllegalArgumentException(
            "input %d (%s) does not require a gradient; use requiresGrad(true) on it first"
                .formatted(i, inputs.get(i).type()));
      }
      handles[i] = inputs.get(i).handle();
    }
    List<Tensor> grads = new ArrayList<>(handles.length);
    try (TensorVector outputs = new TensorVector(output.handle());
        TensorVector wanted = new TensorVector(handles);
        TensorVector weights = new TensorVector(weight);
        BoolOptional keep = new BoolOptional(keepGraph || createGraph);
        TensorVector result =
            Context.current().factorised
                ? BigStack.call(() -> torch.grad(outputs, wanted, weights, keep, createGraph, true))
                : torch.grad(outputs, wanted, weights, keep, createGraph, true)) {
      for (int i = 0; i < handles.length; i++) {
        org.bytedeco.pytorch.Tensor grad = new org.bytedeco.pytorch.Tensor(result.get(i));
        if (!grad.defined()) {
          grad.close();
          grad = torch.zeros_like(handles[i]);
        } else if (grad._is_zerotensor()) { // libtorch's zeros without memory behind them
          org.bytedeco.pytorch.Tensor written = grad.clone();
          grad.close();
          grad = written;
        }
        grads.add(Evaluator.wrap(inputs.get(i).type(), grad));
      }
    } catch (RuntimeException e) {
      throw new NativeException("grad", new TensorType[] {output.type()}, e);
    }
    return grads;
  }

  /**
   * Hessian-vector products: the derivative of &lt;grads, vectors&gt;.
   *
   * @param grads from {@code grad(loss, inputs, true)}
   * @param vectors one for each input, of its shape
   * @param keepGraph whether more products will follow from the same gradients
   */
  public static List<Tensor> hessianVector(
      List<Tensor> grads, List<Tensor> inputs, List<Tensor> vectors, boolean keepGraph) {
    Tensor dot = grads.getFirst().mul(vectors.getFirst()).sum();
    for (int i = 1; i < grads.size(); i++) {
      dot = dot.add(grads.get(i).mul(vectors.get(i)).sum());
    }
    if (!dot.requiresGrad()) {
      return inputs.stream().map(t -> Tensor.zeros(t.dtype(), t.shape())).toList();
    }
    Tensor weight = Tensor.ones(dot.dtype(), dot.shape());
    return grad(dot, inputs, weight, keepGraph, false);
  }
}
