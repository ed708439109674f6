package org.lapidary.nn;

import java.util.function.BinaryOperator;
import java.util.regex.Pattern;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * A change to activations while a model runs.
 *
 * @param sites a glob over site paths, see {@link Sites#glob}
 * @param change from the path and the activation to what the model goes on with
 */
public record Intervention(String sites, Change change) {

  /** From a site's path and activation to another activation of the same shape. */
  @FunctionalInterface
  public interface Change {
    Tensor apply(String path, Tensor activation);
  }

  /** Another activation in its place. */
  public static Intervention replace(String sites, Tensor value) {
    return new Intervention(sites, (path, x) -> value);
  }

  /** A vector or tensor that broadcasts, added. */
  public static Intervention add(String sites, Tensor value) {
    return new Intervention(sites, (path, x) -> x.add(value));
  }

  /** Zeros. */
  public static Intervention ablate(String sites) {
    return new Intervention(sites, (path, x) -> x.mul(0));
  }

  /** The mean over batch and positions (dimensions 0 and 1). */
  public static Intervention meanAblate(String sites) {
    return new Intervention(sites, (path, x) -> x.mean(true, 0, 1).expand(x.shape().toArray()));
  }

  /**
   * Another run's activation at some positions (dimension 1), this run's elsewhere.
   *
   * @param positions indices into dimension 1
   */
  public static Intervention patch(String sites, Tensor value, int... positions) {
    return new Intervention(
        sites,
        (path, x) -> choose(x, positions, (original, mask) -> Tensor.where(mask, value, original)));
  }

  /** Zeros at some positions (dimension 1). */
  public static Intervention ablate(String sites, int... positions) {
    return new Intervention(
        sites, (path, x) -> choose(x, positions, (original, mask) -> original.maskedFill(mask, 0)));
  }

  private static Tensor choose(Tensor x, int[] positions, BinaryOperator<Tensor> change) {
    boolean[] chosen = new boolean[Math.toIntExact(x.size(1))];
    for (int p : positions) {
      if (p < 0 || p >= chosen.length) {
        throw new IllegalArgumentException(
            "position %d does not exist; the sequence has %d".formatted(p, chosen.length));
      }
      chosen[p] = true;
    }
    long[] sizes = new long[x.rank()];
    java.util.Arrays.fill(sizes, 1);
    sizes[1] = chosen.length;
    return change.apply(x, Tensor.of(chosen, sizes).expand(x.shape().toArray()));
  }

  /** As a visitor; tensors made on the way belong to the caller's {@link Scope}. */
  Sites.Visitor visitor() {
    Pattern pattern = Sites.glob(sites);
    return new Sites.Visitor() {
      @Override
      public boolean wants(String path) {
        return pattern.matcher(path).matches();
      }

      @Override
      public Tensor visit(String path, Tensor activation) {
        return change.apply(path, activation);
      }
    };
  }
}
