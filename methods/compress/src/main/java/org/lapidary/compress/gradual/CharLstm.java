package org.lapidary.compress.gradual;

import java.util.Map;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Lstm;
import org.lapidary.nn.ModelConfig;
import org.lapidary.nn.Parameter;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

/** Characters by an embedding, an LSTM and a softmax, all of one width. */
final class CharLstm extends Layer implements UnaryLayer {

  record Config(int vocab, int hidden) implements ModelConfig {
    @Override
    public String family() {
      return "char-lstm";
    }

    @Override
    public Layer build() {
      return new CharLstm(vocab, hidden);
    }

    @Override
    public Map<String, Object> summary() {
      return Map.of("family", family(), "vocab", vocab, "hidden", hidden);
    }
  }

  private final int vocab;
  private final int hidden;
  private final Parameter embedding;
  private final Lstm lstm;
  private final Linear head;

  private CharLstm(int vocab, int hidden) {
    this.vocab = vocab;
    this.hidden = hidden;
    embedding = parameter("embedding", Tensor.zeros(vocab, hidden));
    lstm = child("lstm", new Lstm(hidden, hidden));
    head = child("head", new Linear(hidden, vocab, true));
  }

  /** INT64 ids [batch, position] to logits [batch, position, vocab]. */
  @Override
  public Tensor forward(Tensor ids) {
    return head.forward(lstm.forward(embedding.value().embedding(ids)));
  }

  @Override
  protected void draw(Rng rng) {
    embedding.set(rng.normal(1, vocab, hidden));
  }

  @Override
  protected Layer blank() {
    return new CharLstm(vocab, hidden);
  }
}
