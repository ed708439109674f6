package org.lapidary.tensor;

import org.jspecify.annotations.Nullable;

/** What holds for the operations of one thread: its open scope, its recorder, how to evaluate. */
final class Context {
  private static final ThreadLocal<Context> CURRENT = ThreadLocal.withInitial(Context::new);

  @Nullable Scope scope;
  @Nullable Recorder recorder;

  /** Fused operations are evaluated in parts, because libtorch cannot differentiate some twice. */
  boolean decompose;

  /** A large matrix was factorised here, so a backward pass may have to do the same. */
  boolean factorised;

  static Context current() {
    return CURRENT.get();
  }
}
