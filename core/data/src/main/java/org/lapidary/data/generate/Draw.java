package org.lapidary.data.generate;

import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Draws from a seeded generator (L64X128MixRandom). All functions are exact on every machine: they
 * use StrictMath where the library leaves the last bit open.
 */
final class Draw {
  private static final RandomGeneratorFactory<RandomGenerator> FACTORY =
      RandomGeneratorFactory.of("L64X128MixRandom");

  private final RandomGenerator random;

  Draw(long seed) {
    random = FACTORY.create(seed);
  }

  /** 0 to {@code bound - 1}. */
  int below(int bound) {
    return random.nextInt(bound);
  }

  /** {@code low} to {@code high}, both included. */
  int between(int low, int high) {
    return low + random.nextInt(high - low + 1);
  }

  /** Uniform in [low, high). */
  double uniform(double low, double high) {
    return low + (high - low) * random.nextDouble();
  }

  boolean chance(double probability) {
    return random.nextDouble() < probability;
  }

  /** A standard normal variate by Marsaglia's polar method. */
  double normal() {
    while (true) {
      double u = uniform(-1, 1);
      double v = uniform(-1, 1);
      double s = u * u + v * v;
      if (s > 0 && s < 1) {
        return u * StrictMath.sqrt(-2 * StrictMath.log(s) / s);
      }
    }
  }

  <T> T of(List<T> choices) {
    return choices.get(below(choices.size()));
  }

  /** One of the choices that is none of the others. */
  <T> T of(List<T> choices, List<T> others) {
    while (true) {
      T choice = of(choices);
      if (!others.contains(choice)) {
        return choice;
      }
    }
  }

  /** Puts the values into random order (Fisher and Yates). */
  void shuffle(int[] values) {
    for (int i = values.length - 1; i > 0; i--) {
      int j = below(i + 1);
      int swap = values[i];
      values[i] = values[j];
      values[j] = swap;
    }
  }
}
