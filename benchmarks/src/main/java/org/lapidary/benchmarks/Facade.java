package org.lapidary.benchmarks;

import java.util.concurrent.TimeUnit;
import org.bytedeco.pytorch.global.torch;
import org.lapidary.tensor.Tensor;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/** What a tensor operation costs: 64 additions of 8 elements, freed at once or with their scope. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(3)
@Warmup(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class Facade {
  private static final int ADDS = 64;

  private Tensor a;
  private Tensor b;
  private org.bytedeco.pytorch.Tensor rawA;
  private org.bytedeco.pytorch.Tensor rawB;

  @Setup
  public void prepare() {
    a = Tensor.of(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, 8).unscoped();
    b = Tensor.of(new float[] {8, 7, 6, 5, 4, 3, 2, 1}, 8).unscoped();
    rawA = torch.rand(new long[] {8}, new org.bytedeco.pytorch.TensorOptions());
    rawB = torch.rand(new long[] {8}, new org.bytedeco.pytorch.TensorOptions());
  }

  @Benchmark
  @OperationsPerInvocation(ADDS)
  public void facade(Blackhole hole) {
    try (var scope = org.lapidary.tensor.Scope.open()) {
      for (int i = 0; i < ADDS; i++) {
        hole.consume(a.add(b));
      }
    }
  }

  @Benchmark
  @OperationsPerInvocation(ADDS)
  public void raw(Blackhole hole) {
    for (int i = 0; i < ADDS; i++) {
      try (org.bytedeco.pytorch.Tensor sum = torch.add(rawA, rawB)) {
        hole.consume(sum);
      }
    }
  }
}
