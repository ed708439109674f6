package org.lapidary.tensor;

import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * A seeded source of random numbers: SplitMix64 (Steele, Lea and Flood, 2014), whose whole state is
 * one long, so that it can be saved and resumed. There is no global seed. Tensors are filled by
 * libtorch from a seed drawn here; the same state gives the same bits.
 */
public final class Rng implements RandomGenerator {
  private long state;

  public Rng(long seed) {
    state = seed;
  }

  @Override
  public long nextLong() {
    state += 0x9E3779B97F4A7C15L;
    return mix(state);
  }

  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  /** The state, for a checkpoint; {@code new Rng(state)} continues with the same numbers. */
  public long state() {
    return state;
  }

  /**
   * An independent source that depends on this one's state and a label; this one stays as it is.
   */
  public Rng fork(long label) {
    return new Rng(mix(state ^ mix(label + 0x632BE59BD9B4E019L)));
  }

  /** An independent source; this one moves on. */
  public Rng split() {
    return new Rng(nextLong());
  }

  /** Independent normal variates with mean 0 and the given standard deviation, float32. */
  public Tensor normal(double deviation, long... sizes) {
    return fill(sizes, (x, g) -> x.normal_(0, deviation, g));
  }

  /** Uniform variates in [low, high), float32. */
  public Tensor uniform(double low, double high, long... sizes) {
    return fill(sizes, (x, g) -> x.uniform_(low, high, g));
  }

  /** -1 or 1 with equal probability, float32. */
  public Tensor rademacher(long... sizes) {
    try (Scope scope = Scope.open()) {
      return scope.keep(uniform(-1, 1, sizes).ge(0).to(DType.FLOAT32).mul(2).sub(1));
    }
  }

  /** 1 with the given probability, else 0, float32. */
  public Tensor bernoulli(double probability, long... sizes) {
    try (Scope scope = Scope.open()) {
      return scope.keep(uniform(0, 1, sizes).lt(probability).to(DType.FLOAT32));
    }
  }

  private interface Filler {
    void fill(org.bytedeco.pytorch.Tensor x, GeneratorOptional generator);
  }

  private Tensor fill(long[] sizes, Filler filler) {
    Natives.load();
    TensorType type = TensorType.of(DType.FLOAT32, sizes);
    org.bytedeco.pytorch.Tensor x =
        torch.empty(type.shape().raw(), Natives.options(DType.FLOAT32), null);
    try (Generator generator = torch.make_generator_cpu(nextLong());
        GeneratorOptional optional = new GeneratorOptional(generator)) {
      filler.fill(x, optional);
      return Evaluator.wrap(type, x);
    }
  }

  /** The numbers 0..n-1 in random order. */
  public int[] permutation(int n) {
    int[] order = new int[n];
    for (int i = 0; i < n; i++) {
      int j = nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }
}
