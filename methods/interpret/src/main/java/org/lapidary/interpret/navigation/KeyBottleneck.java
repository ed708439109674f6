package org.lapidary.interpret.navigation;

import org.lapidary.nn.Dropout;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Linear;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Tensor;

/**
 * An unembedding whose keys are narrower than the stream: logits = keys(query(x)), x [..., dModel]
 * to [..., vocab]. The keys' input is the query.
 */
public final class KeyBottleneck extends Layer implements UnaryLayer {
  private final int dModel;
  private final int dKey;
  private final int vocab;
  private final double dropout;
  private final Dropout kept;
  private final Linear query;
  private final Linear keys;

  public KeyBottleneck(int dModel, int dKey, int vocab) {
    this(dModel, dKey, vocab, 0);
  }

  /**
   * One that learns under noise.
   *
   * @param dropout of the stream, in training
   */
  public KeyBottleneck(int dModel, int dKey, int vocab, double dropout) {
    this.dModel = dModel;
    this.dKey = dKey;
    this.vocab = vocab;
    this.dropout = dropout;
    kept = child("dropout", new Dropout(dropout));
    query = child("query", new Linear(dModel, dKey, false));
    keys = child("keys", new Linear(dKey, vocab, false));
  }

  @Override
  public Tensor forward(Tensor x) {
    return keys.forward(query.forward(kept.forward(x)));
  }

  /** The keys as [vocab, dKey]. */
  public Linear keys() {
    return keys;
  }

  @Override
  protected Layer blank() {
    return new KeyBottleneck(dModel, dKey, vocab, dropout);
  }
}
