package org.lapidary.benchmarks;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.lapidary.kernels.FusedAdamW;
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

/** A step of AdamW: the fused kernel against a plain loop over Java arrays. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(2)
@Warmup(iterations = 4, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
public class OptimizerStep {
  private static final FusedAdamW.Settings SETTINGS =
      new FusedAdamW.Settings(1e-3f, 0.9f, 0.999f, 1e-8f, 0.01f);

  @Param({"65536", "1048576"})
  public int parameters;

  private float[] param;
  private float[] grad;
  private float[] m;
  private float[] v;
  private MemorySegment paramSegment;
  private MemorySegment gradSegment;
  private MemorySegment mSegment;
  private MemorySegment vSegment;
  private long step;

  @Setup
  public void prepare() {
    Random random = new Random(11);
    param = new float[parameters];
    grad = new float[parameters];
    for (int i = 0; i < parameters; i++) {
      param[i] = (float) random.nextGaussian();
      grad[i] = (float) random.nextGaussian();
    }
    m = new float[parameters];
    v = new float[parameters];
    paramSegment = copy(param);
    gradSegment = copy(grad);
    mSegment = copy(m);
    vSegment = copy(v);
  }

  private static MemorySegment copy(float[] values) {
    MemorySegment copy = Arena.global().allocate(4L * values.length, 64);
    MemorySegment.copy(values, 0, copy, ValueLayout.JAVA_FLOAT, 0, values.length);
    return copy;
  }

  @Benchmark
  public MemorySegment fused() {
    FusedAdamW.step(paramSegment, gradSegment, mSegment, vSegment, SETTINGS, ++step);
    return paramSegment;
  }

  @Benchmark
  public float[] plain() {
    step++;
    float shrink = 1 - SETTINGS.learningRate() * SETTINGS.weightDecay();
    float rate = (float) (SETTINGS.learningRate() / (1 - Math.pow(SETTINGS.beta1(), step)));
    float scale = (float) (1 / Math.sqrt(1 - Math.pow(SETTINGS.beta2(), step)));
    for (int i = 0; i < parameters; i++) {
      m[i] += (1 - SETTINGS.beta1()) * (grad[i] - m[i]);
      v[i] = SETTINGS.beta2() * v[i] + (1 - SETTINGS.beta2()) * grad[i] * grad[i];
      float denominator = (float) Math.sqrt(v[i]) * scale + SETTINGS.epsilon();
      param[i] = param[i] * shrink - rate * m[i] / denominator;
    }
    return param;
  }
}
