package org.lapidary.benchmarks;

import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.lapidary.evidence.Progress;
import org.lapidary.interpret.dictionary.Activation;
import org.lapidary.interpret.dictionary.DictionaryTrainer;
import org.lapidary.interpret.dictionary.PairSource;
import org.lapidary.interpret.dictionary.Pairs;
import org.lapidary.tensor.Rng;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A training step of an autoencoder of 2048 features on activations of width 256, batches of 1024
 * tokens that are there already: the house's trainer against the same loop in plain libtorch calls
 * (autograd, Adam, unit decoder rows), and against what a step must move in memory at least: Adam
 * reads four and writes three arrays of the size of the parameters.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class DictionaryStep {
  private static final int FEATURES = 2048;
  private static final int WIDTH = 256;
  private static final int BATCH = 1024;
  private static final int STEPS = 20;

  @Param({"relu", "topk"})
  public String activation = "";

  private org.lapidary.tensor.Tensor ours;
  private Tensor input;
  private Tensor[] parameters;
  private Tensor[] means;
  private Tensor[] squares;
  private Tensor[] moved;
  private double step;

  @Setup
  public void prepare() {
    ours = new Rng(0).normal(1, BATCH, WIDTH).unscoped();
    TensorOptions floats = new TensorOptions();
    input = torch.randn(new long[] {BATCH, WIDTH}, floats);
    long[][] shapes = {{FEATURES, WIDTH}, {FEATURES}, {FEATURES, WIDTH}, {WIDTH}};
    parameters = new Tensor[4];
    means = new Tensor[4];
    squares = new Tensor[4];
    moved = new Tensor[7];
    for (int i = 0; i < 4; i++) {
      parameters[i] = torch.randn(shapes[i], floats).mul_(new Scalar(0.06)).requires_grad_(true);
      means[i] = torch.zeros(shapes[i], floats);
      squares[i] = torch.zeros(shapes[i], floats);
    }
    for (int i = 0; i < 7; i++) {
      moved[i] = torch.randn(new long[] {2L * FEATURES * WIDTH}, floats);
    }
  }

  @Benchmark
  @OperationsPerInvocation(STEPS)
  public Object lapidary() {
    Activation chosen = activation.equals("topk") ? new Activation.TopK(32) : new Activation.Relu();
    DictionaryTrainer.Settings settings =
        DictionaryTrainer.Settings.defaults(FEATURES)
            .withActivation(chosen)
            .withSteps(STEPS)
            .withBatch(BATCH)
            .withSeed(1);
    PairSource source = (tokens, rng) -> new Pairs(ours, ours);
    return new DictionaryTrainer(settings).train(source, "x", "x", Progress.silent());
  }

  @Benchmark
  @OperationsPerInvocation(STEPS)
  public double plain() {
    double loss = 0;
    for (int i = 0; i < STEPS; i++) {
      try (PointerScope scope = new PointerScope()) {
        loss += plainStep();
      }
    }
    return loss;
  }

  private double plainStep() {
    Tensor pre = torch.linear(input, parameters[0]).add(parameters[1]);
    Tensor z;
    if (activation.equals("topk")) {
      T_TensorTensor_T top = torch.topk(pre, 32);
      z = torch.zeros_like(pre).scatter(1, top.get1(), torch.relu(top.get0()));
    } else {
      z = torch.relu(pre);
    }
    Tensor error = torch.addmm(parameters[3], z, parameters[2]).sub(input);
    Tensor loss = error.square().sum();
    if (!activation.equals("topk")) {
      loss = loss.add(z.sum().mul(new Scalar(0.3)));
    }
    loss = loss.mul(new Scalar(1.0 / BATCH));
    TensorVector gradients = torch.grad(new TensorVector(loss), new TensorVector(parameters));
    step++;
    double rate = 1e-3 * Math.sqrt(1 - Math.pow(0.999, step)) / (1 - Math.pow(0.9, step));
    for (int i = 0; i < 4; i++) {
      Tensor gradient = gradients.get(i);
      Tensor parameter = parameters[i].detach();
      if (i == 2) {
        Tensor along = gradient.mul(parameter).sum(new long[] {1}).unsqueeze(1);
        gradient = gradient.sub(parameter.mul(along));
      }
      means[i].mul_(new Scalar(0.9)).add_(gradient, new Scalar(0.1));
      squares[i].mul_(new Scalar(0.999)).addcmul_(gradient, gradient, new Scalar(0.001));
      Tensor deviation = squares[i].sqrt().add_(new Scalar(1e-8));
      parameter.addcdiv_(means[i], deviation, new Scalar(-rate));
      if (i == 2) {
        parameter.div_(parameter.square().sum(new long[] {1}).sqrt().unsqueeze(1));
      }
    }
    return loss.item_double();
  }

  /** What must be moved: four arrays read, three of them written. */
  @Benchmark
  public Object floor() {
    try (PointerScope scope = new PointerScope()) {
      moved[0].copy_(moved[1]);
      moved[2].copy_(moved[3]);
      moved[4].copy_(moved[5]);
      return moved[6].sum().item_double();
    }
  }
}
