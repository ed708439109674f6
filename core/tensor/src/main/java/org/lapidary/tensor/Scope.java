package org.lapidary.tensor;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Frees native memory at its end: every tensor made on this thread while the scope is open is
 * closed with it, unless kept. Scopes nest; the innermost owns. Without an open scope tensors are
 * freed after the garbage collector has found them unreachable.
 *
 * <pre>{@code
 * try (var scope = Scope.open()) {
 *   Tensor logits = model.forward(tokens);
 *   return scope.keep(logits);
 * }
 * }</pre>
 */
public final class Scope implements AutoCloseable {
  private final Context context;
  private final @Nullable Scope parent;
  private final Thread thread;
  private Tensor[] owned = new Tensor[32];
  private int count;
  private boolean closed;

  private Scope(Context context) {
    this.context = context;
    this.parent = context.scope;
    this.thread = Thread.currentThread();
  }

  /** Opens a scope on this thread. */
  public static Scope open() {
    Context context = Context.current();
    Scope scope = new Scope(context);
    context.scope = scope;
    return scope;
  }

  void own(Tensor tensor) {
    if (count == owned.length) {
      compact();
    }
    owned[count++] = tensor;
    tensor.scope = this;
  }

  /** Drops what was closed early or kept; grows only if most entries are alive. */
  private void compact() {
    int alive = 0;
    for (int i = 0; i < count; i++) {
      if (owned[i].scope == this) {
        owned[alive++] = owned[i];
      }
    }
    Arrays.fill(owned, alive, count, null);
    count = alive;
    if (alive > owned.length / 2) {
      owned = Arrays.copyOf(owned, owned.length * 2);
    }
  }

  /**
   * Hands a tensor to the enclosing scope, or to the garbage collector if there is none.
   *
   * @return the tensor
   */
  public Tensor keep(Tensor tensor) {
    if (tensor.scope == this) {
      if (parent != null) {
        parent.own(tensor);
      } else {
        tensor.scope = null;
      }
    }
    return tensor;
  }

  /** Keeps every tensor of a list. */
  public List<Tensor> keep(List<Tensor> tensors) {
    tensors.forEach(this::keep);
    return tensors;
  }

  /**
   * Frees the scope's tensors. Closing twice does nothing.
   *
   * @throws IllegalStateException if called on another thread, or before an inner scope was closed
   */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    if (Thread.currentThread() != thread) {
      throw new IllegalStateException(
          "this scope was opened on thread '%s' and must be closed there"
              .formatted(thread.getName()));
    }
    if (context.scope != this) {
      throw new IllegalStateException(
          "an inner scope is still open; open scopes in try-with-resources so that they close in order");
    }
    closed = true;
    context.scope = parent;
    for (int i = 0; i < count; i++) {
      Tensor tensor = owned[i];
      if (tensor.scope == this) {
        tensor.close();
      }
    }
    owned = new Tensor[0];
    count = 0;
  }
}
