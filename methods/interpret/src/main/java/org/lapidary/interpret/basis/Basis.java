package org.lapidary.interpret.basis;

import org.lapidary.tensor.DType;
import org.lapidary.tensor.Tensor;

/**
 * Coordinates of a layer: g = (f - mean) C for rows f of activations.
 *
 * @param mean [d]
 * @param c C [d, r], strongest direction first
 * @param inverse C+ [r, d]; g C+ + mean is f, as far as C keeps it
 * @param strengths [r] of the directions, falling
 */
public record Basis(Tensor mean, Tensor c, Tensor inverse, Tensor strengths) {

  /** The units themselves, strongest first by nothing: in their order. */
  public static Basis units(Tensor activations) {
    Tensor mean = activations.mean(false, 0);
    Tensor eye = Tensor.eye(DType.FLOAT64, activations.size(1));
    return new Basis(mean, eye, eye, activations.sub(mean).square().mean(false, 0));
  }

  /** Principal components, by their variance. */
  public static Basis principal(Tensor activations, double relative) {
    Tensor mean = activations.mean(false, 0);
    Symmetric gram = Symmetric.of(Symmetric.gram(activations.sub(mean)), relative);
    return new Basis(mean, gram.vectors(), gram.vectors().t().contiguous(), gram.values());
  }

  /** How many directions there are. */
  public int size() {
    return (int) c.size(1);
  }

  /** Activations [n, d] in these coordinates, [n, r]. */
  public Tensor of(Tensor activations) {
    return activations.sub(mean).matmul(c);
  }

  /** Activations [n, d] of which the first {@code k} directions are kept. */
  public Tensor kept(Tensor activations, int k) {
    return back(of(activations).slice(1, 0, k), k);
  }

  /** Activations from the first {@code k} coordinates [n, k]. */
  Tensor back(Tensor coordinates, int k) {
    return coordinates.matmul(inverse.slice(0, 0, k)).add(mean);
  }
}
