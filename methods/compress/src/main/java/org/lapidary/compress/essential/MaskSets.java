package org.lapidary.compress.essential;

import java.util.LinkedHashMap;
import java.util.Map;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/** Measures of the masks of a whole model, BOOL by path of the matrix, true where kept. */
public final class MaskSets {
  private MaskSets() {}

  /**
   * The cosine of two sets of masks flattened to one vector of zeros and ones: weights kept by both
   * over the geometric mean of those kept by each.
   */
  public static double cosine(Map<String, Tensor> a, Map<String, Tensor> b) {
    if (!a.keySet().equals(b.keySet())) {
      throw new IllegalArgumentException(
          "masks of the same matrices are compared, were of %s and %s"
              .formatted(a.keySet(), b.keySet()));
    }
    double both = 0;
    double first = 0;
    double second = 0;
    for (Map.Entry<String, Tensor> e : a.entrySet()) {
      Tensor other = java.util.Objects.requireNonNull(b.get(e.getKey()));
      both += kept(e.getValue(), other);
      first += kept(e.getValue(), e.getValue());
      second += kept(other, other);
    }
    return both / Math.sqrt(first * second);
  }

  private static double kept(Tensor a, Tensor b) {
    try (Scope scope = Scope.open()) {
      return a.and(b).to(DType.FLOAT64).sum().item();
    }
  }

  /** The share of weights kept in every matrix. */
  public static Map<String, Double> densities(Map<String, Tensor> masks) {
    Map<String, Double> densities = new LinkedHashMap<>();
    masks.forEach((path, mask) -> densities.put(path, kept(mask, mask) / mask.elements()));
    return densities;
  }

  /**
   * The share of weights kept in all matrices of a kind, by the end of their path without the
   * block: {@code attn.q}, {@code mlp.in}, ...
   */
  public static Map<String, Double> densitiesByKind(Map<String, Tensor> masks) {
    Map<String, Double> kept = new LinkedHashMap<>();
    Map<String, Double> all = new LinkedHashMap<>();
    masks.forEach((path, mask) -> {
      String kind = path.replaceFirst("^blocks\\.\\d+\\.", "");
      kept.merge(kind, kept(mask, mask), Double::sum);
      all.merge(kind, (double) mask.elements(), Double::sum);
    });
    kept.replaceAll((kind, n) -> n / java.util.Objects.requireNonNull(all.get(kind)));
    return kept;
  }

  /** The share of weights dropped in all matrices together. */
  public static double sparsity(Map<String, Tensor> masks) {
    double kept = 0;
    double all = 0;
    for (Tensor mask : masks.values()) {
      kept += kept(mask, mask);
      all += mask.elements();
    }
    return 1 - kept / all;
  }
}
