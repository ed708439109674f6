package org.lapidary.assay.compare;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.lapidary.assay.Anatomy;
import org.lapidary.assay.Corpus;
import org.lapidary.compress.BlockMatrices;
import org.lapidary.compress.slim.Budget;
import org.lapidary.compress.slim.Slimmer;
import org.lapidary.evidence.Estimate;
import org.lapidary.evidence.Progress;
import org.lapidary.kernels.PackedMatrix;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * Bytes for loss: the block matrices become smaller, in the form that our kernels multiply, with
 * scales and positions counted. Speed is that of the kernels, writing one token after another,
 * against the same loop with float32 matrices.
 */
final class CompressTask implements ComparisonTask {
  /** Below this much faster nothing is gained that one could rely on. */
  private static final double GAIN = 1.05;

  private static final int SPEED_TOKENS = 64;
  private static final long CACHE = 1 << 20;

  @Override
  public String id() {
    return "compress";
  }

  @Override
  public String description() {
    return "bytes for loss: which method makes this model small and keeps it good";
  }

  @Override
  public Axes axes() {
    return new Axes(
        "share of the float32 bytes",
        "share of the float32 bytes",
        "nats a token",
        "times the tokens a second of float32");
  }

  @Override
  public SortedMap<String, String> methods() {
    TreeMap<String, String> methods = new TreeMap<>();
    for (Shrinker each : Shrinker.values()) {
      methods.put(each.id(), each.words());
    }
    return methods;
  }

  @Override
  public List<String> usual() {
    return Arrays.stream(Shrinker.values()).map(Shrinker::id).toList();
  }

  @Override
  public List<Double> budgets() {
    return List.of(0.5, 0.3, 0.2, 0.12);
  }

  @Override
  public double budget(String text) {
    String form = text.strip();
    boolean bare = form.matches("[0-9]*\\.?[0-9]+");
    return switch (Budget.parse(bare ? form + "x" : form)) {
      case Budget.Share share -> share.share();
      case Budget.Bits bits -> bits.bits() / 32;
      case Budget.LossIncrease ignored ->
          throw new IllegalArgumentException("a budget is a size, such as 0.3 or 4bits");
    };
  }

  @Override
  public SortedMap<String, String> settings() {
    return new TreeMap<>(
        Map.of(
            "texts", "32",
            "length", "128",
            "group", "64",
            "gradual-steps", "200",
            "gradual-rate", "5e-4"));
  }

  @Override
  public Bench open(Question question, Progress progress) {
    Model model = question.given();
    BlockMatrices.of(model); // says why, if there are none
    Corpus corpus =
        Corpus.of(
            model,
            question.text(),
            ComparisonTask.whole(question.settings(), "texts", 2),
            ComparisonTask.whole(question.settings(), "length", 4),
            0);
    return new Ruler(
        model, corpus, new Shrinking(model, corpus, question.settings()), Shrinking.dense(model));
  }

  /** The model, its texts, and its loss on them. */
  private static final class Ruler implements Bench {
    private final Model model;
    private final Corpus corpus;
    private final Shrinking shrinking;
    private final Model float32;
    private final long bytes;
    private final double[] losses;

    Ruler(Model model, Corpus corpus, Shrinking shrinking, Map<String, PackedMatrix> dense) {
      this.model = model;
      this.corpus = corpus;
      this.shrinking = shrinking;
      this.float32 = Slimmer.pack(model, dense);
      this.bytes = Shrinking.bytes(dense);
      this.losses = LanguageModeling.losses(model, corpus.heldOut());
    }

    @Override
    public String source() {
      return corpus.source();
    }

    @Override
    public Trial.Measured reference() {
      return new Trial.Measured(
          1, losses, 1, Map.of("KL", 0.0, "bits a weight", 32.0), true, "as it came, in float32");
    }

    @Override
    public boolean seedless(String method) {
      return !Shrinker.of(method).seeded();
    }

    @Override
    public Trial trial(String method, double budget, long seed, Progress progress) {
      long room = (long) Math.floor(budget * bytes);
      Shrinking.Shrunk shrunk;
      try {
        shrunk = shrinking.shrink(Shrinker.of(method), room, seed, progress);
      } catch (Unmet e) {
        return new Trial.Refused(e.words());
      }
      long size = Shrinking.bytes(shrunk.matrices());
      if (size > room) {
        throw new IllegalStateException(
            "%s came to %d bytes where %d were allowed".formatted(method, size, room));
      }
      Map<String, Double> extras = new LinkedHashMap<>();
      extras.put("KL", divergence(shrunk.model()));
      extras.put("bits a weight", 32.0 * size / bytes);
      double speed = Double.NaN;
      String note = shrunk.note();
      if (seed == 0) {
        double[] speeds =
            Anatomy.tokensPerSecond(
                List.of(float32, Slimmer.pack(shrunk.model(), shrunk.matrices())), SPEED_TOKENS);
        speed = speeds[1] / speeds[0];
        note = speed < GAIN ? join(note, noGain(shrunk.matrices())) : note;
      }
      double[] after = LanguageModeling.losses(shrunk.model(), corpus.heldOut());
      if (Estimate.of(after).mean() > Math.log(model.decoder().config().vocab())) {
        note = join(note, "worse than guessing");
      }
      return new Trial.Measured((double) size / bytes, after, speed, extras, true, note);
    }

    private static String join(String note, String more) {
      return note.isEmpty() ? more : note + "; " + more;
    }

    /** Why the kernels are no faster, as far as the sizes tell. */
    private static String noGain(Map<String, PackedMatrix> matrices) {
      long largest =
          matrices.values().stream().mapToLong(m -> 4L * m.rows() * m.columns()).max().orElse(0);
      return largest < CACHE
          ? String.format(
              Locale.ROOT,
              "no faster: the largest matrix is %d KB in float32 and lies in the cache, so that memory is not the limit",
              Math.max(1, largest / 1024))
          : "no faster: unpacking costs as much as the bytes it saves";
    }

    /** KL(model || other), nats a token over the held-out texts. */
    private double divergence(Model other) {
      int[][] texts = corpus.heldOut();
      double[] each = new double[texts.length];
      for (int i = 0; i < texts.length; i++) {
        try (Scope scope = Scope.open();
            var ignored = Autograd.noGrad()) {
          Tensor tokens = LanguageModeling.tensor(new int[][] {texts[i]});
          Tensor p = model.forward(tokens).logSoftmax(-1);
          Tensor q = other.forward(tokens).logSoftmax(-1);
          each[i] = p.exp().mul(p.sub(q)).sum(false, 2).mean().item();
        }
      }
      return Estimate.of(each).mean();
    }
  }
}
