package org.lapidary.train;

import java.util.Arrays;
import org.lapidary.evidence.Estimate;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/** Next-token prediction: batches, the loss, and its measure on held-out sequences. */
public final class LanguageModeling {
  private LanguageModeling() {}

  /** Sequences evaluated side by side; bounds the memory of a measure. */
  private static final int TOGETHER = 16;

  /**
   * The mean of -log p(next token) in nats over all positions but the first.
   *
   * @param tokens INT64 [batch, position]
   */
  public static Tensor loss(Model model, Tensor tokens) {
    long length = tokens.size(1);
    Tensor logits = model.forward(tokens.slice(1, 0, length - 1));
    Tensor target = tokens.slice(1, 1, length).reshape(-1);
    return logits.reshape(target.elements(), logits.size(-1)).crossEntropy(target);
  }

  /** Trains on windows of {@code length + 1} tokens drawn anywhere in a corpus. */
  public static Task task(Model model, int[] corpus, int batch, int length) {
    if (corpus.length < length + 2) {
      throw new IllegalArgumentException(
          "a corpus of %d tokens has no window of %d; give more text or a shorter length"
              .formatted(corpus.length, length + 1));
    }
    return (step, rng) -> {
      int[][] windows = new int[batch][];
      for (int b = 0; b < batch; b++) {
        int start = rng.nextInt(corpus.length - length);
        windows[b] = Arrays.copyOfRange(corpus, start, start + length + 1);
      }
      return loss(model, tensor(windows));
    };
  }

  /** The nats per token of every sequence, without gradients. */
  public static double[] losses(Model model, int[][] sequences) {
    double[] means = new double[sequences.length];
    for (int from = 0; from < sequences.length; from += TOGETHER) {
      int to = Math.min(sequences.length, from + TOGETHER);
      try (Scope scope = Scope.open();
          var ignored = Autograd.noGrad()) {
        Tensor tokens = tensor(Arrays.copyOfRange(sequences, from, to));
        float[] perSequence = nats(model.forward(tokens), tokens).mean(false, 1).toFloats();
        for (int i = from; i < to; i++) {
          means[i] = perSequence[i - from];
        }
      }
    }
    return means;
  }

  /** -log p(next token) at every position but the last, [batch, position - 1]. */
  public static Tensor nats(Tensor logits, Tensor tokens) {
    long length = tokens.size(1);
    Tensor target = tokens.slice(1, 1, length).unsqueeze(2);
    return logits.slice(1, 0, length - 1).logSoftmax(-1).gather(2, target).squeeze(2).neg();
  }

  /** Nats per token with the interval over sequences. */
  public static Estimate evaluate(Model model, int[][] sequences) {
    return Estimate.of(losses(model, sequences));
  }

  /** Token ids [n][length] as a tensor [n, length]. */
  public static Tensor tensor(int[][] sequences) {
    int length = sequences[0].length;
    long[] flat = new long[sequences.length * length];
    for (int i = 0; i < sequences.length; i++) {
      if (sequences[i].length != length) {
        throw new IllegalArgumentException(
            "sequences of one batch have one length; the first has %d tokens, number %d has %d"
                .formatted(length, i, sequences[i].length));
      }
      for (int p = 0; p < length; p++) {
        flat[i * length + p] = sequences[i][p];
      }
    }
    return Tensor.of(flat, sequences.length, length);
  }

  /** A corpus cut into sequences of equal length; the rest is left out. */
  public static int[][] cut(int[] corpus, int length) {
    int[][] sequences = new int[corpus.length / length][];
    for (int i = 0; i < sequences.length; i++) {
      sequences[i] = Arrays.copyOfRange(corpus, i * length, (i + 1) * length);
    }
    return sequences;
  }
}
