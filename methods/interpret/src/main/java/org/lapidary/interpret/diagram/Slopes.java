package org.lapidary.interpret.diagram;

import java.util.EnumSet;
import java.util.Set;
import org.lapidary.tensor.Op.Unary.Kind;
import org.lapidary.tensor.Tensor;

/** Derivatives of functions of one element. */
final class Slopes {
  private Slopes() {}

  private static final Set<Kind> KNOWN =
      EnumSet.of(
          Kind.NEG,
          Kind.ABS,
          Kind.RECIPROCAL,
          Kind.SQUARE,
          Kind.SQRT,
          Kind.RSQRT,
          Kind.EXP,
          Kind.LOG,
          Kind.SIN,
          Kind.COS,
          Kind.TANH,
          Kind.SIGMOID,
          Kind.SOFTPLUS,
          Kind.RELU,
          Kind.SILU,
          Kind.GELU);

  /**
   * @throws DiagramException if the function has no derivative here
   */
  static void check(Kind kind, String wire) {
    if (!KNOWN.contains(kind)) {
      throw new DiagramException(
          "wire '%s': no derivative is known for %s; there are those of %s"
              .formatted(wire, kind, KNOWN));
    }
  }

  /** f'(x), element by element. */
  static Tensor of(Kind kind, Tensor x) {
    return switch (kind) {
      case NEG -> x.mul(0).add(-1);
      case ABS -> x.sign();
      case RECIPROCAL -> x.square().reciprocal().neg();
      case SQUARE -> x.mul(2);
      case SQRT -> x.rsqrt().mul(0.5);
      case RSQRT -> x.pow(-1.5).mul(-0.5);
      case EXP -> x.exp();
      case LOG -> x.reciprocal();
      case SIN -> x.cos();
      case COS -> x.sin().neg();
      case TANH -> x.tanh().square().neg().add(1);
      case SIGMOID -> {
        Tensor s = x.sigmoid();
        yield s.sub(s.square());
      }
      case SOFTPLUS -> x.sigmoid();
      case RELU -> x.gt(0).to(x.dtype());
      case SILU -> {
        Tensor s = x.sigmoid();
        yield s.add(x.mul(s.sub(s.square())));
      }
      case GELU -> {
        Tensor density = x.square().mul(-0.5).exp().mul(1 / Math.sqrt(2 * Math.PI));
        Tensor below = x.mul(Math.sqrt(0.5)).erf().add(1).mul(0.5);
        yield below.add(x.mul(density));
      }
      default -> throw new DiagramException("no derivative is known for " + kind);
    };
  }
}
