package org.lapidary.data.generate;

import java.util.Arrays;

/**
 * All equations {@code a op b = c (mod p)}, as in the studies of grokking (Power et al. 2022, arXiv
 * 2201.02177).
 */
public record ModularArithmetic(int modulus, Operation operation) {

  /** What is done to a and b. */
  public enum Operation {
    ADD,
    SUBTRACT,
    MULTIPLY,
    /** a times the inverse of b; b is never 0, and the modulus must be prime. */
    DIVIDE,
    /** a squared plus b squared. */
    SUM_OF_SQUARES
  }

  /**
   * Equations.
   *
   * @param left a, [n]
   * @param right b, [n]
   * @param result c, [n]
   */
  public record Equations(int[] left, int[] right, int[] result) {
    public int count() {
      return left.length;
    }

    /**
     * The equations as sequences of ids {@code a op b =}, where op is the id p and = the id p + 1;
     * the model is to answer with {@code result}.
     *
     * @return [n][4]
     */
    public int[][] prompts(int modulus) {
      int[][] prompts = new int[count()][];
      Arrays.setAll(prompts, i -> new int[] {left[i], modulus, right[i], modulus + 1});
      return prompts;
    }
  }

  /** Equations to learn from and equations to ask. */
  public record Split(Equations train, Equations test) {}

  private static final int MAX_MODULUS = 2_000;

  /**
   * @throws IllegalArgumentException if the modulus is not between 2 and 2000, or not prime and the
   *     operation is a division
   */
  public ModularArithmetic {
    if (modulus < 2 || modulus > MAX_MODULUS) {
      throw new IllegalArgumentException("the modulus " + modulus + " is not in 2.." + MAX_MODULUS);
    }
    if (operation == Operation.DIVIDE && !isPrime(modulus)) {
      throw new IllegalArgumentException(
          "division needs a prime modulus, which " + modulus + " is not; 97 and 113 are");
    }
  }

  /** Every equation once, in the order of a, then b. */
  public Equations all() {
    int firstRight = operation == Operation.DIVIDE ? 1 : 0;
    int rights = modulus - firstRight;
    int[] order = new int[modulus * rights];
    Arrays.setAll(order, i -> i);
    return pick(order, 0, order.length);
  }

  /**
   * Cuts all equations in two, at random.
   *
   * @param trainShare between 0 and 1
   * @throws IllegalArgumentException if a part would be empty
   */
  public Split split(double trainShare, long seed) {
    int[] order = new int[all().count()];
    Arrays.setAll(order, i -> i);
    int cut = (int) Math.round(trainShare * order.length);
    if (cut <= 0 || cut >= order.length) {
      throw new IllegalArgumentException(
          "a share of " + trainShare + " leaves a part empty; choose one between 0 and 1");
    }
    new Draw(seed).shuffle(order);
    return new Split(pick(order, 0, cut), pick(order, cut, order.length));
  }

  private Equations pick(int[] order, int from, int to) {
    int firstRight = operation == Operation.DIVIDE ? 1 : 0;
    int rights = modulus - firstRight;
    int[] left = new int[to - from];
    int[] right = new int[to - from];
    int[] result = new int[to - from];
    for (int i = 0; i < left.length; i++) {
      left[i] = order[from + i] / rights;
      right[i] = order[from + i] % rights + firstRight;
      result[i] = apply(left[i], right[i]);
    }
    return new Equations(left, right, result);
  }

  private int apply(int a, int b) {
    return switch (operation) {
      case ADD -> (a + b) % modulus;
      case SUBTRACT -> Math.floorMod(a - b, modulus);
      case MULTIPLY -> a * b % modulus;
      case DIVIDE -> a * inverse(b) % modulus;
      case SUM_OF_SQUARES -> (a * a + b * b) % modulus;
    };
  }

  /** b to the power p - 2, which is its inverse modulo a prime (Fermat). */
  private int inverse(int b) {
    int power = 1;
    for (int i = 0; i < modulus - 2; i++) {
      power = power * b % modulus;
    }
    return power;
  }

  private static boolean isPrime(int n) {
    for (int d = 2; d * d <= n; d++) {
      if (n % d == 0) {
        return false;
      }
    }
    return true;
  }
}
