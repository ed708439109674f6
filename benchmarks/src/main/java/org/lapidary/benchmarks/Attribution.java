package org.lapidary.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.lapidary.interpret.attribution.AttributionPatching;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Model;
import org.lapidary.nn.Parameter;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;
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

/**
 * Attribution patching over every site that a block writes, in a decoder of GPT-2's size (12
 * blocks, d = 768) on a prompt of 64 tokens, against one forward and backward pass of the same
 * model for its parameters' gradients.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 3)
@Measurement(iterations = 5, time = 3)
public class Attribution {
  private static final int LENGTH = 64;
  private static final int VOCAB = 50257;

  private Model model;
  private int[] clean;
  private int[] corrupted;
  private List<Tensor> parameters;

  @Setup
  public void prepare() {
    Rng rng = new Rng(0);
    model = Model.random(DecoderConfig.gpt(VOCAB, 768, 12, 12, LENGTH, "gelu"), rng);
    clean = new int[LENGTH];
    for (int i = 0; i < LENGTH; i++) {
      clean[i] = rng.nextInt(VOCAB);
    }
    corrupted = clean.clone();
    corrupted[5] = (clean[5] + 1) % VOCAB;
    parameters = new ArrayList<>();
    for (Parameter p : model.layer().parameters().values()) {
      parameters.add(p.tensor());
    }
  }

  private static Tensor metric(Tensor logits) {
    Tensor last = logits.select(1, -1);
    return last.select(1, 17).sub(last.select(1, 23)).sum();
  }

  @Benchmark
  public Object plain() {
    model.layer().requiresGrad(true);
    try (var scope = org.lapidary.tensor.Scope.open()) {
      Tensor value = metric(model.forward(Tensor.of(clean, 1, LENGTH)));
      return Autograd.grad(value, parameters).size();
    }
  }

  @Benchmark
  public Object patching() {
    model.layer().requiresGrad(false);
    return AttributionPatching.defaults().of(model, clean, corrupted, Attribution::metric);
  }
}
