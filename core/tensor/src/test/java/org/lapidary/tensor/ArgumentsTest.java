package org.lapidary.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiFunction;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/**
 * Operations on arguments of arbitrary shapes and types: they either give the type that the shape
 * reading foretold, or refuse in our own words; only ids out of range are left to libtorch. Nothing
 * ends the virtual machine.
 */
class ArgumentsTest {

  /** Arguments that an operation may be given, drawn anew for every call. */
  private static final class Draw {
    private static final DType[] TYPES = {
      DType.FLOAT32, DType.FLOAT32, DType.FLOAT64, DType.INT64, DType.BOOL
    };
    private final Rng rng;

    Draw(long seed) {
      rng = new Rng(seed);
    }

    Tensor tensor() {
      return tensor(TYPES[rng.nextInt(TYPES.length)]);
    }

    Tensor tensor(DType dtype) {
      long[] shape = new long[rng.nextInt(5)];
      for (int i = 0; i < shape.length; i++) {
        shape[i] = rng.nextInt(5);
      }
      Tensor x = rng.normal(1, shape);
      return dtype == DType.BOOL ? x.gt(0) : x.mul(3).to(dtype);
    }

    /** Whole numbers, most of them in range, as ids and positions. */
    Tensor ids() {
      return tensor(DType.INT64).abs();
    }

    int dim() {
      return rng.nextInt(8) - 4;
    }

    long small() {
      return rng.nextInt(7) - 2;
    }
  }

  /** Operations whose arguments may be wrong by their values, which only libtorch looks at. */
  private static final Set<String> INDEXED =
      Set.of(
          "crossEntropy", "embedding", "gather", "indexSelect", "oneHot", "scatter", "scatterAdd");

  private static final Map<String, BiFunction<Tensor, Draw, Tensor>> OPERATIONS = operations();

  private static Map<String, BiFunction<Tensor, Draw, Tensor>> operations() {
    Map<String, BiFunction<Tensor, Draw, Tensor>> all = new TreeMap<>();
    all.put("neg", (x, d) -> x.neg());
    all.put("sqrt", (x, d) -> x.sqrt());
    all.put("gelu", (x, d) -> x.gelu());
    all.put("not", (x, d) -> x.not());
    all.put("add", (x, d) -> x.add(d.tensor()));
    all.put("div", (x, d) -> x.div(d.tensor()));
    all.put("remainder", (x, d) -> x.to(DType.FLOAT32).remainder(d.tensor(DType.FLOAT32)));
    all.put("maximum", (x, d) -> x.maximum(d.tensor()));
    all.put("pow", (x, d) -> x.to(DType.FLOAT64).pow(d.tensor(DType.FLOAT64)));
    all.put("and", (x, d) -> x.and(d.tensor()));
    all.put("eq", (x, d) -> x.eq(d.tensor()));
    all.put("where", (x, d) -> Tensor.where(d.tensor(DType.BOOL), x, d.tensor()));
    all.put("maskedFill", (x, d) -> x.maskedFill(d.tensor(DType.BOOL), 1));
    all.put("sum", (x, d) -> x.sum(d.small() > 0, d.dim()));
    all.put("mean", (x, d) -> x.mean(false, d.dim(), d.dim()));
    all.put("max", (x, d) -> x.max(false, d.dim()));
    all.put("logSumExp", (x, d) -> x.logSumExp(true, d.dim()));
    all.put("variance", (x, d) -> x.variance(false, d.dim()));
    all.put("any", (x, d) -> x.any(false, d.dim()));
    all.put("argmax", (x, d) -> x.argmax(d.dim()));
    all.put("cumsum", (x, d) -> x.cumsum(d.dim()));
    all.put("reshape", (x, d) -> x.reshape(d.small(), d.small()));
    all.put("flatten", (x, d) -> x.flatten(d.dim(), d.dim()));
    all.put("permute", (x, d) -> x.permute(d.dim(), d.dim(), d.dim()));
    all.put("transpose", (x, d) -> x.transpose(d.dim(), d.dim()));
    all.put("expand", (x, d) -> x.expand(d.small(), d.small(), d.small()));
    all.put("unsqueeze", (x, d) -> x.unsqueeze(d.dim()));
    all.put("squeeze", (x, d) -> x.squeeze(d.dim()));
    all.put("concat", (x, d) -> Tensor.concat(d.dim(), x, d.tensor()));
    all.put("stack", (x, d) -> Tensor.stack(List.of(x, d.tensor())));
    all.put("slice", (x, d) -> x.slice(d.dim(), d.small(), d.small(), d.small()));
    all.put("split", (x, d) -> x.split(d.dim(), Math.toIntExact(d.small())).getLast());
    all.put("select", (x, d) -> x.select(d.dim(), d.small()));
    all.put("pad", (x, d) -> x.pad(d.dim(), d.small(), d.small(), 0));
    all.put("flip", (x, d) -> x.flip(d.dim(), d.dim()));
    all.put("tril", (x, d) -> x.tril(d.small()));
    all.put("diagonal", (x, d) -> x.diagonal());
    all.put("gather", (x, d) -> x.gather(d.dim(), d.ids()));
    all.put("scatter", (x, d) -> x.scatter(d.dim(), d.ids(), d.tensor(x.dtype())));
    all.put("scatterAdd", (x, d) -> x.scatterAdd(d.dim(), d.ids(), d.tensor(x.dtype())));
    all.put("indexSelect", (x, d) -> x.indexSelect(d.dim(), d.ids()));
    all.put("embedding", (x, d) -> x.embedding(d.ids()));
    all.put("sort", (x, d) -> x.sort(d.dim(), true).values());
    all.put("topk", (x, d) -> x.topk(d.small(), d.dim()).values());
    all.put("oneHot", (x, d) -> x.oneHot(d.small()));
    all.put("matmul", (x, d) -> x.matmul(d.tensor()));
    all.put("linear", (x, d) -> x.linear(d.tensor(), d.small() > 2 ? d.tensor() : null));
    all.put("einsum", (x, d) -> Tensor.einsum("ij,jk->ik", x, d.tensor()));
    all.put("conv2d", (x, d) -> x.conv2d(d.tensor(), null, d.small(), d.small(), d.small()));
    all.put("conv1d", (x, d) -> x.conv1d(d.tensor(), d.tensor(), d.small(), d.small(), 1, 1));
    all.put("maxPool2d", (x, d) -> x.maxPool2d(d.small(), d.small(), d.small()));
    all.put("avgPool2d", (x, d) -> x.avgPool2d(d.small(), d.small(), d.small()));
    all.put("softmax", (x, d) -> x.softmax(d.dim()));
    all.put("layerNorm", (x, d) -> x.layerNorm(d.tensor(), d.tensor(), 1e-5));
    all.put("rmsNorm", (x, d) -> x.rmsNorm(d.tensor(), 1e-5));
    all.put("groupNorm", (x, d) -> x.groupNorm(d.small(), d.tensor(), d.tensor(), 1e-5));
    all.put("batchNorm", (x, d) -> x.batchNormTraining(d.tensor(), d.tensor(), 1e-5).y());
    all.put(
        "attention",
        (x, d) -> Tensor.attention(x, d.tensor(x.dtype()), d.tensor(x.dtype()), null, true, 1));
    all.put("crossEntropy", (x, d) -> x.crossEntropy(d.ids()));
    all.put("svd", (x, d) -> Linalg.svd(x).s());
    all.put("qr", (x, d) -> Linalg.qr(x).r());
    all.put(
        "solve",
        (x, d) ->
            Linalg.solve(
                x.matmul(x.t()).add(Tensor.eye(x.dtype(), x.size(0))), d.tensor(x.dtype())));
    all.put("fft", (x, d) -> Fft.real(Fft.rfft(x, d.dim())));
    all.put("irfft", (x, d) -> Fft.irfft(Fft.complex(x, x), d.small(), d.dim()));
    return all;
  }

  @Property(tries = 300)
  void everyOperationGivesWhatWasForetoldOrRefusesInOurWords(@ForAll long seed) {
    Draw draw = new Draw(seed);
    OPERATIONS.forEach((name, operation) -> {
      try (Scope scope = Scope.open()) {
        Tensor x = draw.tensor();
        Tensor y;
        try {
          y = operation.apply(x, draw);
        } catch (NativeException e) {
          if (INDEXED.contains(name)) {
            return;
          }
          throw new AssertionError(name + " of " + x.type() + " reached libtorch", e);
        } catch (IllegalArgumentException e) {
          assertThat(e.getMessage()).as(name).isNotBlank();
          return;
        }
        assertThat(Natives.type(y.handle())).as(name).isEqualTo(y.type());
      }
    });
  }
}
