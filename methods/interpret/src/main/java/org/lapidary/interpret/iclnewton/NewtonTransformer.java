package org.lapidary.interpret.iclnewton;

import org.lapidary.nn.Layer;
import org.lapidary.nn.Parameter;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

/**
 * A transformer whose weights are set so that every two layers of linear attention take one step of
 * Newton's iteration for the inverse, M' = 2 M - M S M.
 *
 * <p>Token j of d carries (row j of M, row j of S, row j of M S, unit vector j), width 4 d. Linear
 * attention adds sum_i (q_j k_i) v_i to every token. The first layer writes M S with q = row of M,
 * k = the unit vector, v = row of S; the second takes q = row of M S, k = the unit vector, v = row
 * of M, adds M - M S M to M, and clears M S.
 */
public final class NewtonTransformer extends Layer {
  private final int d;
  private final int steps;
  private final LinearAttention product;
  private final LinearAttention update;

  /** For d x d matrices; both layers are used again in every step. */
  public NewtonTransformer(int d, int steps) {
    if (d < 1 || steps < 0) {
      throw new IllegalArgumentException(
          "a Newton transformer takes at least 0 steps on matrices of at least 1 row, was asked for %d on %d"
              .formatted(steps, d));
    }
    this.d = d;
    this.steps = steps;
    product = child("product", new LinearAttention(4 * d, d));
    update = child("update", new LinearAttention(4 * d, d));
    product.set(from(0), from(3), from(1), to(2), Tensor.zeros(4L * d, 4L * d));
    update.set(
        from(2),
        from(3),
        from(0).neg(),
        to(0),
        from(0).matmul(to(0)).sub(from(2).matmul(to(2)))); // M more of M, MS less of itself
  }

  /** [4 d, d]: reads a part of the token. */
  private Tensor from(int part) {
    return Tensor.eye(org.lapidary.tensor.DType.FLOAT32, 4L * d)
        .slice(1, (long) part * d, (part + 1L) * d);
  }

  /** [d, 4 d]: writes into a part. */
  private Tensor to(int part) {
    return from(part).t();
  }

  /**
   * M after the steps.
   *
   * @param m M_0 [..., d, d]
   * @param s S [..., d, d]
   */
  public Tensor forward(Tensor m, Tensor s) {
    if (!m.type().equals(s.type()) || m.size(-1) != d || m.size(-2) != d) {
      throw new ShapeException(
          "M and S are [..., %d, %d] of one type, were %s and %s"
              .formatted(d, d, m.type(), s.type()));
    }
    Tensor eye = Tensor.eye(m.dtype(), d).expand(m.shape().toArray());
    Tensor tokens = Tensor.concat(-1, m, s, m.mul(0), eye);
    for (int k = 0; k < steps; k++) {
      tokens = update.forward(product.forward(tokens));
    }
    return tokens.slice(-1, 0, d);
  }

  @Override
  protected Layer blank() {
    return new NewtonTransformer(d, steps);
  }

  /** t + ((t Q) (t K)^T (t V)) O + t R over tokens t [..., position, width]: no softmax. */
  static final class LinearAttention extends Layer {
    private final int width;
    private final int head;
    private final Parameter q;
    private final Parameter k;
    private final Parameter v;
    private final Parameter o;
    private final Parameter r;

    LinearAttention(int width, int head) {
      this.width = width;
      this.head = head;
      q = parameter("q", Tensor.zeros(width, head));
      k = parameter("k", Tensor.zeros(width, head));
      v = parameter("v", Tensor.zeros(width, head));
      o = parameter("o", Tensor.zeros(head, width));
      r = parameter("r", Tensor.zeros(width, width));
    }

    void set(Tensor queries, Tensor keys, Tensor values, Tensor out, Tensor residual) {
      q.set(queries.contiguous());
      k.set(keys.contiguous());
      v.set(values.contiguous());
      o.set(out.contiguous());
      r.set(residual.contiguous());
    }

    Tensor forward(Tensor t) {
      Tensor scores = times(t, q).matmul(times(t, k).transpose(-2, -1));
      return t.add(scores.matmul(times(t, v)).matmul(o.value().to(t.dtype()))).add(times(t, r));
    }

    private static Tensor times(Tensor t, Parameter w) {
      return t.matmul(w.value().to(t.dtype()));
    }

    @Override
    protected Layer blank() {
      return new LinearAttention(width, head);
    }
  }
}
