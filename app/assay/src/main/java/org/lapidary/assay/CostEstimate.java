package org.lapidary.assay;

import java.util.Locale;
import org.lapidary.compress.BlockMatrices;
import org.lapidary.compress.slim.Option;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * What an assay will take: the graph's operations times the passes of each stage, over the speed at
 * which this machine runs that graph; and the memory of parameters and activations.
 *
 * @param seconds of all stages
 * @param bytes resident at most
 * @param sequences in each part of the corpus
 * @param length tokens a sequence
 * @param hessianTexts sequences that the Hessian's traces are taken on
 */
public record CostEstimate(
    double seconds, double bytes, int sequences, int length, int hessianTexts) {
  private static final double BASE = 300e6; // the virtual machine and libtorch themselves
  private static final double WRITING = 230e6; // what the model's own text takes more, at most

  /** What is kept for a second derivative, in multiples of what a forward pass moves. */
  private static final double TWICE_DERIVED = 8;

  private static final double HESSIAN = 1e9; // bytes for it, at most
  private static final int HESSIAN_TEXTS = 8;

  /** Sequences measured together; the rooms below use the same number. */
  private static final int TOGETHER = 16;

  /**
   * Estimates, and if memory is bounded takes shorter sequences until it fits.
   *
   * @throws IllegalArgumentException if not even the shortest pieces fit
   */
  public static CostEstimate of(Model model, AssaySettings settings) {
    long maxMemory = settings.maxMemory();
    DecoderConfig config = model.decoder().config();
    int length = Math.min(settings.effort().length(), config.context());
    int sequences = settings.effort().sequences();
    Anatomy anatomy = Anatomy.of(model);
    int texts = hessianTexts(anatomy, length);
    double bytes = memory(model, anatomy, length, texts);
    while (maxMemory > 0 && bytes > maxMemory && (texts > 1 || length > 16)) {
      if (texts > 1) {
        texts--;
      } else {
        length /= 2;
        texts = hessianTexts(anatomy, length);
      }
      bytes = memory(model, anatomy, length, texts);
    }
    if (maxMemory > 0 && bytes > maxMemory) {
      throw new IllegalArgumentException(
          "an assay of this model needs about %s, --max-memory allows %s; give more or a smaller model"
              .formatted(size(bytes), size(maxMemory)));
    }
    double perPass = secondsPerToken(model, length);
    int matrices = BlockMatrices.of(model).size();
    int probe = 8 * Math.min(64, length);
    double tokens = 2.0 * sequences * length;
    double passes =
        6 * tokens // baseline, activity, statistics, evidence
            + 12 * tokens // sparsity curve and top-k
            + 2 * tokens * FeaturesStage.indexes(model) // each over the training texts
            + 20.0 * 4 * texts * length // Hessian probes, each two backward passes
            + (double) matrices * Option.all(4).size() * probe;
    double features = FeaturesStage.seconds(model, settings);
    double rounding =
        1e-9
            * matrices
            * Option.all(4).size()
            * 4
            * Math.pow(config.dModel(), 2)
            * config.dMlp()
            / 4;
    double seconds = 8 + passes * perPass + features + rounding;
    return new CostEstimate(seconds, bytes, sequences, length, texts);
  }

  private static int hessianTexts(Anatomy anatomy, int length) {
    return (int) Math.clamp(HESSIAN / hessian(anatomy, length, 1), 1, HESSIAN_TEXTS);
  }

  private static double hessian(Anatomy anatomy, int length, int texts) {
    return TWICE_DERIVED * anatomy.bytesPerToken() * length * texts;
  }

  private static double memory(Model model, Anatomy anatomy, int length, int texts) {
    DecoderConfig c = model.decoder().config();
    double parameters = 4.0 * model.layer().parameterCount();
    double activations = TOGETHER * (double) length * anatomy.bytesPerToken();
    double logits = 4.0 * TOGETHER * length * c.vocab() * 4;
    double grams = 8.0 * 7 * Math.pow(Math.max(c.dMlp(), c.dModel()), 2);
    double most = Math.max(activations + logits + 3 * grams, hessian(anatomy, length, texts));
    return BASE + 5 * parameters + Math.max(WRITING, most);
  }

  private static double secondsPerToken(Model model, int length) {
    double best = Double.MAX_VALUE;
    for (int run = 0; run < 3; run++) {
      try (Scope scope = Scope.open();
          var ignored = Autograd.noGrad()) {
        Tensor tokens = Tensor.of(new int[8 * length], 8, length);
        long start = System.nanoTime();
        model.forward(tokens).sum().item();
        best = Math.min(best, (System.nanoTime() - start) / 1e9 / (8 * length));
      }
    }
    return best;
  }

  /** For example {@code about 2 minutes and 1.1 GB}. */
  @Override
  public String toString() {
    String time =
        seconds < 90
            ? String.format(Locale.ROOT, "%.0f seconds", seconds)
            : String.format(Locale.ROOT, "%.0f minutes", Math.ceil(seconds / 60));
    return "about %s and %s resident".formatted(time, size(bytes));
  }

  static String size(double bytes) {
    if (bytes < 1e6) {
      return String.format(Locale.ROOT, "%.0f KB", bytes / 1e3);
    }
    if (bytes < 2e7) {
      return String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
    }
    return bytes < 1e9
        ? String.format(Locale.ROOT, "%.0f MB", bytes / 1e6)
        : String.format(Locale.ROOT, "%.1f GB", bytes / 1e9);
  }
}
