package org.lapidary.nn;

import org.jspecify.annotations.Nullable;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/** Keys and values of the tokens seen so far, one pair for each block; owned by its maker. */
public final class KvCache implements AutoCloseable {
  private final @Nullable Tensor[] keys;
  private final @Nullable Tensor[] values;
  private long length;

  public KvCache(int layers) {
    keys = new Tensor[layers];
    values = new Tensor[layers];
  }

  /** Tokens in the cache. */
  public long length() {
    return length;
  }

  /** Keys and values with the new ones at their end; [batch, position, kvHead, dHead] each. */
  record Pair(Tensor keys, Tensor values) {}

  Pair append(int layer, Tensor k, Tensor v) {
    Tensor oldKeys = keys[layer];
    Tensor oldValues = values[layer];
    if (oldKeys == null || oldValues == null) {
      try (Scope scope = Scope.open()) {
        keys[layer] = scope.keep(k.copy()).unscoped();
        values[layer] = scope.keep(v.copy()).unscoped();
      }
      return new Pair(k, v);
    }
    Tensor allKeys = Tensor.concat(1, oldKeys, k).unscoped();
    Tensor allValues = Tensor.concat(1, oldValues, v).unscoped();
    oldKeys.close();
    oldValues.close();
    keys[layer] = allKeys;
    values[layer] = allValues;
    return new Pair(allKeys, allValues);
  }

  void advance(long tokens) {
    length += tokens;
  }

  @Override
  public void close() {
    for (int i = 0; i < keys.length; i++) {
      Tensor k = keys[i];
      Tensor v = values[i];
      if (k != null && v != null) {
        k.close();
        v.close();
      }
    }
  }
}
