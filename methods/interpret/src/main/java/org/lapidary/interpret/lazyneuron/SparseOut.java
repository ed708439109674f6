package org.lapidary.interpret.lazyneuron;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lapidary.kernels.SparseDown;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Mlp;
import org.lapidary.nn.Model;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Graph;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

/**
 * The second matrix of a ReLU MLP for inference: of W [dModel, dMlp] only the columns of the units
 * that fire are read, by {@link SparseDown}. Per token it costs 2 dModel nnz operations instead of
 * 2 dModel dMlp. Where the input wants a gradient or a graph is recorded, the dense matrix is used.
 */
public final class SparseOut extends Layer implements UnaryLayer, Layer.Unique {
  private final Tensor weight;
  private final @Nullable Tensor bias;
  private final SparseDown kernel;

  /** Copies a linear layer whose inputs are never negative. */
  public SparseOut(Linear linear) {
    this(
        linear.weight().value().copy().unscoped(),
        linear.bias() == null ? null : linear.bias().value().copy().unscoped());
  }

  private SparseOut(Tensor weight, @Nullable Tensor bias) {
    if (weight.dtype() != DType.FLOAT32) {
      throw new ShapeException("the kernel takes float32 matrices, was " + weight.type());
    }
    this.weight = weight;
    this.bias = bias;
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      MemorySegment rows = weight.t().contiguous().segment();
      kernel = new SparseDown(rows, (int) weight.size(1), (int) weight.size(0));
    }
  }

  /**
   * A model whose ReLU MLPs, plain or top-k, skip the units that do not fire.
   *
   * @throws IllegalArgumentException if it has none
   */
  public static Model apply(Model model) {
    Model sparse = model.copy();
    int found = 0;
    for (Map.Entry<String, Layer> mlp : sparse.layer().all(Layer.class).entrySet()) {
      boolean relu =
          mlp.getValue() instanceof TopKMlp
              || mlp.getValue() instanceof Mlp plain && plain.activation().equals("relu");
      if (relu && mlp.getValue().layer("out") instanceof Linear linear) {
        mlp.getValue().replace("out", new SparseOut(linear));
        found++;
      }
    }
    if (found == 0) {
      throw new IllegalArgumentException(
          "this %s has no MLP with ReLU, whose silent units could be skipped"
              .formatted(model.config().family()));
    }
    return sparse;
  }

  /** h [..., dMlp], not negative, to [..., dModel]. */
  @Override
  public Tensor forward(Tensor h) {
    Tensor x = site("hook_in", h);
    if (x.requiresGrad() || Graph.recording()) {
      return x.linear(weight, bias);
    }
    if (x.dtype() != DType.FLOAT32 || x.size(-1) != kernel.dFF()) {
      throw new ShapeException(
          "the kernel takes float32 [..., %d], was %s".formatted(kernel.dFF(), x.type()));
    }
    long[] sizes = x.shape().toArray();
    sizes[sizes.length - 1] = kernel.d();
    long rows = x.elements() / kernel.dFF();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment in = x.contiguous().segment();
      MemorySegment out = arena.allocate(rows * kernel.d() * Float.BYTES, 64);
      for (long r = 0; r < rows; r++) {
        kernel.multiply(
            in.asSlice(r * kernel.dFF() * Float.BYTES, (long) kernel.dFF() * Float.BYTES),
            out.asSlice(r * kernel.d() * Float.BYTES, (long) kernel.d() * Float.BYTES));
      }
      Tensor y = Tensor.from(out, DType.FLOAT32, sizes);
      return bias == null ? y : y.add(bias);
    }
  }

  @Override
  protected Layer blank() {
    return new SparseOut(weight, bias);
  }
}
