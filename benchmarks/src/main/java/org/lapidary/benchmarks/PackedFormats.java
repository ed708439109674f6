package org.lapidary.benchmarks;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.lapidary.kernels.PackedMatrix;
import org.lapidary.kernels.PackedMatrix.Pattern;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** A matrix times one vector, as in decoding, in every packed format on one thread. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 2, jvmArgsAppend = "-Dlapidary.kernelThreads=1")
@Warmup(iterations = 4, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
public class PackedFormats {

  @Param({"64x172", "1024x1024", "4096x1024"})
  public String size;

  @Param({
    "float32",
    "float16",
    "float32-sparse-50%",
    "float32-2:4",
    "int8-g64",
    "int4-g64",
    "int4-g32",
    "int3-g64",
    "int2-g64",
    "int8-g64-2:4",
    "int4-g64-2:4",
    "int4-g32-2:4",
    "int8-g64-sparse-50%",
    "int4-g64-sparse-50%"
  })
  public String format;

  private PackedMatrix matrix;
  private MemorySegment x;
  private MemorySegment y;

  @Setup
  public void prepare() {
    String[] sizes = size.split("x");
    int rows = Integer.parseInt(sizes[0]);
    int columns = Integer.parseInt(sizes[1]);
    matrix = matrix(format, rows, columns);
    x = Arena.global().allocate(4L * columns, 64);
    y = Arena.global().allocate(4L * rows, 64);
    Random random = new Random(7);
    for (int i = 0; i < columns; i++) {
      x.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
    }
  }

  @Benchmark
  public MemorySegment multiply() {
    matrix.multiply(x, y, 1);
    return y;
  }

  /** Random weights in the named format; sparse ones keep half. */
  static PackedMatrix matrix(String format, int rows, int columns) {
    Random random = new Random(3);
    Pattern pattern =
        format.contains("sparse")
            ? Pattern.UNSTRUCTURED
            : format.endsWith("2:4") ? Pattern.TWO_FOUR : Pattern.DENSE;
    boolean[] kept = new boolean[rows * columns];
    for (int i = 0; i < kept.length; i++) {
      kept[i] =
          switch (pattern) {
            case DENSE -> true;
            case UNSTRUCTURED -> random.nextBoolean();
            case TWO_FOUR -> i % columns % 4 % 3 != 0;
          };
    }
    if (format.startsWith("float")) {
      float[] w = new float[kept.length];
      for (int i = 0; i < w.length; i++) {
        w[i] = kept[i] ? (float) random.nextGaussian() : 0;
      }
      return switch (pattern) {
        case DENSE ->
            format.equals("float16")
                ? PackedMatrix.half(w, rows, columns)
                : PackedMatrix.dense(w, rows, columns);
        case UNSTRUCTURED -> PackedMatrix.sparse(w, rows, columns);
        case TWO_FOUR -> PackedMatrix.structured(w, rows, columns, 2, 4);
      };
    }
    String[] parts = format.split("-");
    int bits = Integer.parseInt(parts[0].substring(3));
    int group = Integer.parseInt(parts[1].substring(1));
    byte[] codes = new byte[kept.length];
    for (int i = 0; i < codes.length; i++) {
      codes[i] = kept[i] ? (byte) (random.nextInt(1 << bits) - (1 << bits - 1) | 1) : 0;
    }
    float[] scales = new float[rows * ((columns + group - 1) / group)];
    for (int i = 0; i < scales.length; i++) {
      scales[i] = 0.01f + random.nextFloat();
    }
    return PackedMatrix.quantized(codes, scales, bits, group, rows, columns, pattern);
  }
}
