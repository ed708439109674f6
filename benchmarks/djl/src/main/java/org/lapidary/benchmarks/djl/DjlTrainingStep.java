package org.lapidary.benchmarks.djl;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.Activation;
import ai.djl.nn.core.Embedding;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.training.GradientCollector;
import ai.djl.training.loss.SoftmaxCrossEntropyLoss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/**
 * Trains the benchmark's networks in DJL and prints the milliseconds of a step: least, quartiles
 * and most. Arguments: {@code mlp} or {@code decoder}, steps to warm up, steps to measure.
 */
public final class DjlTrainingStep {
  private static final int VOCAB = 512;
  private static final int WIDTH = 256;
  private static final int HEADS = 4;
  private static final int LAYERS = 4;
  private static final int LENGTH = 128;
  private static final int TEXTS = 8;

  private final NDManager manager;
  private final Map<String, NDArray> parameters = new LinkedHashMap<>();

  private DjlTrainingStep(NDManager manager) {
    this.manager = manager;
  }

  public static void main(String[] args) {
    int warm = Integer.parseInt(args[1]);
    int steps = Integer.parseInt(args[2]);
    try (NDManager manager = NDManager.newBaseManager()) {
      DjlTrainingStep bench = new DjlTrainingStep(manager);
      Function<NDManager, NDArray> loss = args[0].equals("mlp") ? bench.network() : bench.decoder();
      System.out.println(bench.measure(loss, warm, steps));
    }
  }

  private String measure(Function<NDManager, NDArray> loss, int warm, int steps) {
    Optimizer adam = Optimizer.adamW().optLearningRateTracker(Tracker.fixed(1e-3f)).build();
    parameters.values().forEach(p -> p.setRequiresGradient(true));
    double[] millis = new double[steps];
    double last = 0;
    for (int i = -warm; i < steps; i++) {
      long start = System.nanoTime();
      try (NDManager step = manager.newSubManager()) {
        try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
          NDArray value = loss.apply(step);
          collector.backward(value);
          last = value.toFloatArray()[0];
        }
        parameters.forEach((name, p) -> {
          try (NDArray gradient = p.getGradient()) {
            adam.update(name, p, gradient);
          }
        });
      }
      if (i >= 0) {
        millis[i] = (System.nanoTime() - start) / 1e6;
      }
    }
    java.util.Arrays.sort(millis);
    return String.format(
        Locale.ROOT,
        "%.4f %.4f %.4f %.4f %.4f loss %.3f",
        millis[0],
        millis[steps / 4],
        millis[steps / 2],
        millis[3 * steps / 4],
        millis[steps - 1],
        last);
  }

  private NDArray weight(String name, long... shape) {
    NDArray w = manager.randomNormal(0, 0.02f, new Shape(shape), DataType.FLOAT32);
    parameters.put(name, w);
    return w;
  }

  private NDArray constant(String name, float value, long size) {
    NDArray w = manager.full(new Shape(size), value);
    parameters.put(name, w);
    return w;
  }

  private Function<NDArray, NDArray> linear(String name, int in, int out) {
    NDArray w = weight(name + ".weight", out, in);
    NDArray b = constant(name + ".bias", 0, out);
    return x -> Linear.linear(x, w, b).singletonOrThrow();
  }

  private Function<NDArray, NDArray> norm(String name) {
    NDArray gain = constant(name + ".gain", 1, WIDTH);
    NDArray bias = constant(name + ".bias", 0, WIDTH);
    return x -> LayerNorm.layerNorm(x, new Shape(WIDTH), gain, bias, 1e-5f).singletonOrThrow();
  }

  private static NDArray crossEntropy(NDArray logits, NDArray labels) {
    return new SoftmaxCrossEntropyLoss().evaluate(new NDList(labels), new NDList(logits));
  }

  /** 784-512-512-10 with ReLU at batch 128. */
  private Function<NDManager, NDArray> network() {
    Function<NDArray, NDArray> first = linear("first", 784, 512);
    Function<NDArray, NDArray> second = linear("second", 512, 512);
    Function<NDArray, NDArray> third = linear("third", 512, 10);
    NDArray x = manager.randomNormal(0, 1, new Shape(128, 784), DataType.FLOAT32);
    NDArray labels =
        manager.randomInteger(0, 10, new Shape(128), DataType.INT64).toType(DataType.INT64, true);
    return step -> {
      NDArray input = x.duplicate();
      input.attach(step);
      NDArray hidden = Activation.relu(first.apply(input));
      return crossEntropy(third.apply(Activation.relu(second.apply(hidden))), labels);
    };
  }

  /** A GPT of 4 blocks, width 256, 4 heads, on 8 texts of 128 tokens. */
  private Function<NDManager, NDArray> decoder() {
    NDArray embedding = weight("embed", VOCAB, WIDTH);
    NDArray positions = weight("positions", LENGTH, WIDTH);
    List<Function<NDArray, NDArray>> blocks = new ArrayList<>();
    NDArray mask = manager.create(causal(), new Shape(LENGTH, LENGTH));
    for (int l = 0; l < LAYERS; l++) {
      blocks.add(block("block" + l, mask));
    }
    Function<NDArray, NDArray> last = norm("last");
    NDArray unembed = weight("unembed", VOCAB, WIDTH);
    NDArray tokens = manager.randomInteger(0, VOCAB, new Shape(TEXTS, LENGTH), DataType.INT64);
    NDArray labels = manager.randomInteger(0, VOCAB, new Shape(TEXTS * LENGTH), DataType.INT64);
    return step -> {
      NDArray ids = tokens.duplicate();
      ids.attach(step);
      NDArray x =
          Embedding.embedding(ids, embedding, SparseFormat.DENSE).singletonOrThrow().add(positions);
      for (Function<NDArray, NDArray> block : blocks) {
        x = block.apply(x);
      }
      NDArray logits = Linear.linear(last.apply(x), unembed).singletonOrThrow();
      return crossEntropy(logits.reshape(TEXTS * LENGTH, VOCAB), labels);
    };
  }

  private static float[] causal() {
    float[] mask = new float[LENGTH * LENGTH];
    for (int query = 0; query < LENGTH; query++) {
      for (int key = query + 1; key < LENGTH; key++) {
        mask[query * LENGTH + key] = -1e9f;
      }
    }
    return mask;
  }

  private Function<NDArray, NDArray> block(String name, NDArray mask) {
    Function<NDArray, NDArray> ln1 = norm(name + ".ln1");
    Function<NDArray, NDArray> q = linear(name + ".q", WIDTH, WIDTH);
    Function<NDArray, NDArray> k = linear(name + ".k", WIDTH, WIDTH);
    Function<NDArray, NDArray> v = linear(name + ".v", WIDTH, WIDTH);
    Function<NDArray, NDArray> o = linear(name + ".o", WIDTH, WIDTH);
    Function<NDArray, NDArray> ln2 = norm(name + ".ln2");
    Function<NDArray, NDArray> in = linear(name + ".in", WIDTH, 4 * WIDTH);
    Function<NDArray, NDArray> out = linear(name + ".out", 4 * WIDTH, WIDTH);
    float scale = (float) (1 / Math.sqrt((double) WIDTH / HEADS));
    return x -> {
      NDArray h = ln1.apply(x);
      NDArray scores = heads(q.apply(h)).matMul(heads(k.apply(h)).transpose(0, 1, 3, 2)).mul(scale);
      NDArray mixed = scores.add(mask).softmax(-1).matMul(heads(v.apply(h)));
      NDArray joined = mixed.transpose(0, 2, 1, 3).reshape(TEXTS, LENGTH, WIDTH);
      NDArray middle = x.add(o.apply(joined));
      return middle.add(out.apply(Activation.gelu(in.apply(ln2.apply(middle)))));
    };
  }

  private static NDArray heads(NDArray x) {
    return x.reshape(TEXTS, LENGTH, HEADS, WIDTH / HEADS).transpose(0, 2, 1, 3);
  }
}
