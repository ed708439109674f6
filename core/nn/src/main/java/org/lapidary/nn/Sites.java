package org.lapidary.nn;

import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.lapidary.tensor.Graph;
import org.lapidary.tensor.Tensor;

/**
 * The activations that layers name. Paths follow the convention of interpretability tools, such as
 * {@code blocks.3.mlp.hook_post} or {@code blocks.0.attn.hook_pattern}. Sites are the only hook:
 * capturing, patching, ablating and quantising all go through a {@link Visitor}.
 */
public final class Sites {
  private Sites() {}

  private static final ScopedValue<Visitor> VISITOR = ScopedValue.newInstance();

  /** Sees activations as they are computed, and may replace them. */
  public interface Visitor {
    /** Whether it wants the activation at a path; asked before costly ones are computed. */
    boolean wants(String path);

    /** Sees an activation; what it returns is what the model goes on with. */
    Tensor visit(String path, Tensor activation);

    /** Both, this one first. */
    default Visitor then(Visitor next) {
      Visitor first = this;
      return new Visitor() {
        @Override
        public boolean wants(String path) {
          return first.wants(path) || next.wants(path);
        }

        @Override
        public Tensor visit(String path, Tensor activation) {
          Tensor seen = first.wants(path) ? first.visit(path, activation) : activation;
          return next.wants(path) ? next.visit(path, seen) : seen;
        }
      };
    }
  }

  /** Runs with a visitor, after any that is already visiting on this thread. */
  public static <T> T visiting(Visitor visitor, Supplier<T> work) {
    Visitor all = VISITOR.isBound() ? VISITOR.get().then(visitor) : visitor;
    return ScopedValue.where(VISITOR, all).call(work::get);
  }

  /** Called by layers: lets visitors and the recorder see an activation. */
  static Tensor visit(String path, Tensor activation) {
    Tensor seen = activation;
    if (VISITOR.isBound() && VISITOR.get().wants(path)) {
      seen = VISITOR.get().visit(path, activation);
      if (!seen.shape().equals(activation.shape())) {
        throw new IllegalStateException(
            "the intervention at '%s' must keep the shape %s, gave %s"
                .formatted(path, activation.shape(), seen.shape()));
      }
    }
    if (Graph.recording()) {
      Graph.site(path, seen);
    }
    return seen;
  }

  /** Whether anybody looks at all; then layers may skip building paths. */
  static boolean watched() {
    return VISITOR.isBound() || Graph.recording();
  }

  /** Whether a visitor wants a site for which a layer would have to leave its fast path. */
  static boolean wanted(String path) {
    return VISITOR.isBound() && VISITOR.get().wants(path);
  }

  /**
   * A glob over paths: {@code *} is any run of characters without a dot, {@code **} any run, and
   * {@code {a,b}} either.
   */
  public static Pattern glob(String glob) {
    StringBuilder regex = new StringBuilder();
    int braces = 0;
    for (int i = 0; i < glob.length(); i++) {
      char c = glob.charAt(i);
      switch (c) {
        case '*' -> {
          if (i + 1 < glob.length() && glob.charAt(i + 1) == '*') {
            regex.append(".*");
            i++;
          } else {
            regex.append("[^.]*");
          }
        }
        case '{' -> {
          braces++;
          regex.append("(?:");
        }
        case '}' -> {
          braces--;
          regex.append(')');
        }
        case ',' -> regex.append(braces > 0 ? "|" : ",");
        default -> regex.append(Pattern.quote(String.valueOf(c)));
      }
      if (braces < 0) {
        break;
      }
    }
    if (braces != 0) {
      throw new IllegalArgumentException("the site glob '" + glob + "' has unbalanced braces");
    }
    return Pattern.compile(regex.toString());
  }
}
