package org.lapidary.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.EnumMap;
import java.util.Map;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.lapidary.kernels.PackedMatrix;
import org.lapidary.kernels.TopKSelect;

/** Loads libtorch with its settings, and moves between its types and ours. */
final class Natives {
  private Natives() {}

  private static final Map<DType, TensorOptions> OPTIONS = new EnumMap<>(DType.class);
  private static final DType[] BY_CODE = new DType[64];

  static {
    // libtorch's and the BLAS library's thread pools spin when idle and starve one another on few
    // cores: a training step of a small network takes 65 ms instead of 7. It must be set in the
    // process environment before the libraries load; Java cannot, setenv can.
    setEnvironmentDefault("OMP_WAIT_POLICY", "PASSIVE");
    // JavaCPP asks the operating system for the resident size at every allocation unless told not
    // to.
    if (System.getProperty("org.bytedeco.javacpp.maxPhysicalBytes") == null) {
      System.setProperty("org.bytedeco.javacpp.maxPhysicalBytes", "0");
    }
    for (DType dtype : DType.values()) {
      TensorOptions plain = new TensorOptions();
      OPTIONS.put(dtype, plain.dtype(new ScalarTypeOptional(scalarType(dtype))));
      BY_CODE[scalarType(dtype).value] = dtype;
    }
    String threads = System.getProperty("lapidary.threads");
    if (threads != null) {
      torch.set_num_threads(Integer.parseInt(threads));
    }
  }

  /** Makes sure that libtorch is loaded. */
  static void load() {}

  private static void setEnvironmentDefault(String name, String value) {
    if (System.getenv(name) != null) {
      return;
    }
    Linker linker = Linker.nativeLinker();
    linker
        .defaultLookup()
        .find("setenv")
        .ifPresent(address -> {
          MethodHandle setenv =
              linker.downcallHandle(
                  address,
                  FunctionDescriptor.of(
                      ValueLayout.JAVA_INT,
                      ValueLayout.ADDRESS,
                      ValueLayout.ADDRESS,
                      ValueLayout.JAVA_INT));
          try (Arena arena = Arena.ofConfined()) {
            int ignored =
                (int) setenv.invokeExact(arena.allocateFrom(name), arena.allocateFrom(value), 0);
          } catch (Throwable e) {
            throw new IllegalStateException("could not set " + name, e);
          }
        });
  }

  static ScalarType scalarType(DType dtype) {
    return switch (dtype) {
      case FLOAT32 -> ScalarType.Float;
      case FLOAT64 -> ScalarType.Double;
      case FLOAT16 -> ScalarType.Half;
      case BFLOAT16 -> ScalarType.BFloat16;
      case INT8 -> ScalarType.Char;
      case UINT8 -> ScalarType.Byte;
      case INT16 -> ScalarType.Short;
      case INT32 -> ScalarType.Int;
      case INT64 -> ScalarType.Long;
      case BOOL -> ScalarType.Bool;
      case COMPLEX64 -> ScalarType.ComplexFloat;
      case COMPLEX128 -> ScalarType.ComplexDouble;
    };
  }

  static TensorOptions options(DType dtype) {
    return java.util.Objects.requireNonNull(OPTIONS.get(dtype));
  }

  /** What libtorch says a tensor is. */
  static TensorType type(Tensor x) {
    int rank = (int) x.dim();
    long[] sizes = new long[rank];
    for (int i = 0; i < rank; i++) {
      sizes[i] = x.size(i);
    }
    return new TensorType(BY_CODE[x.scalar_type().value], Shape.trusted(sizes));
  }

  static Tensor likeDevice(Tensor x, Tensor like) {
    return like.is_cpu() ? x.alias() : x.to(like.device(), x.scalar_type());
  }

  /** The bytes of a contiguous tensor in main memory. */
  static MemorySegment segment(Tensor x, long bytes) {
    return bytes == 0
        ? MemorySegment.NULL
        : MemorySegment.ofAddress(x.data_ptr().address()).reinterpret(bytes);
  }

  /** Whether our own kernel finds the largest: float32 in main memory, along the last dimension. */
  static boolean selects(Op.TopK top, Tensor x) {
    return top.largest()
        && x.is_cpu()
        && x.scalar_type().value == ScalarType.Float.value
        && x.dim() > 0
        && top.dim() == x.dim() - 1
        && x.size(top.dim()) <= Integer.MAX_VALUE
        && x.numel() > 0;
  }

  /**
   * Values and indices, as {@code torch::topk} gives them, several times as fast. Autograd sees the
   * values as gathered.
   */
  static Tensor[] topK(long k, Tensor x) {
    int width = (int) x.size(-1);
    int rows = Math.toIntExact(x.numel() / width);
    long[] shape = new long[(int) x.dim()];
    for (int d = 0; d < shape.length; d++) {
      shape[d] = x.size(d);
    }
    shape[shape.length - 1] = k;
    Tensor values = torch.empty(shape, options(DType.FLOAT32), null);
    Tensor indices = torch.empty(shape, options(DType.INT64), null);
    long found = rows * k;
    try (Tensor dense = x.contiguous()) {
      TopKSelect.rows(
          segment(dense, (long) rows * width * Float.BYTES),
          rows,
          width,
          (int) k,
          segment(values, found * Float.BYTES),
          segment(indices, found * Long.BYTES));
    }
    if (x.requires_grad()) {
      values.close();
      return new Tensor[] {torch.gather(x, shape.length - 1, indices), indices};
    }
    return new Tensor[] {values, indices};
  }

  static Tensor packedLinear(PackedMatrix matrix, Tensor x, TensorType out) {
    Tensor y = torch.empty(out.shape().raw(), options(DType.FLOAT32), null);
    long rows = out.shape().elements() / Math.max(1, matrix.rows());
    try (Tensor dense = x.contiguous()) {
      matrix.multiply(
          segment(dense, rows * matrix.columns() * Float.BYTES),
          segment(y, out.bytes()),
          Math.toIntExact(rows));
    }
    return y;
  }
}
