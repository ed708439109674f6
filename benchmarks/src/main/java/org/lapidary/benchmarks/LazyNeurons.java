package org.lapidary.benchmarks;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.lapidary.kernels.PackedMatrix;
import org.lapidary.kernels.SparseDown;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** The second matrix of an MLP, d = 1024, dFF = 4096, 5% of the units active, on one thread. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 2, jvmArgsAppend = "-Dlapidary.kernelThreads=1")
@Warmup(iterations = 4, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
public class LazyNeurons {
  private static final int D = 1024;
  private static final int D_FF = 4096;

  private SparseDown sparse;
  private PackedMatrix dense;
  private MemorySegment h;
  private MemorySegment y;

  @Setup
  public void prepare() {
    Random random = new Random(5);
    float[] out = new float[D * D_FF];
    for (int i = 0; i < out.length; i++) {
      out[i] = (float) random.nextGaussian();
    }
    MemorySegment down = Arena.global().allocate(4L * out.length, 64);
    for (int i = 0; i < out.length; i++) {
      down.setAtIndex(ValueLayout.JAVA_FLOAT, (long) i % D_FF * D + i / D_FF, out[i]);
    }
    dense = PackedMatrix.dense(out, D, D_FF);
    sparse = new SparseDown(down, D_FF, D);
    h = Arena.global().allocate(4L * D_FF, 64);
    y = Arena.global().allocate(4L * D, 64);
    for (int i = 0; i < D_FF; i++) {
      h.setAtIndex(ValueLayout.JAVA_FLOAT, i, random.nextInt(20) == 0 ? random.nextFloat() : 0);
    }
  }

  @Benchmark
  public MemorySegment dense() {
    dense.multiply(h, y, 1);
    return y;
  }

  @Benchmark
  public int sparse() {
    return sparse.multiply(h, y);
  }
}
