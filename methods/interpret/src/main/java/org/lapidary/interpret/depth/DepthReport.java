package org.lapidary.interpret.depth;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.nn.Activations;
import org.lapidary.nn.Decoder;
import org.lapidary.nn.Intervention;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * How much each layer of a pre-norm decoder contributes, and whether later layers build on it.
 *
 * @param contributions of each layer to the residual stream
 * @param skip {@code skip[s][l]}: how much layer l's update changes when layer s is skipped
 * @param future the same at later positions only, when s is skipped up to a middle position
 * @param outputSkip mean 2-norm of the change of the output probabilities when s is skipped
 * @param outputFuture the same at later positions only
 * @param lens the logit lens after each layer
 * @param knee the first layer from which the mean future effect stays below half its mean over the
 *     first half; the number of layers if there is none
 */
public record DepthReport(
    List<Contribution> contributions,
    double[][] skip,
    double[][] future,
    double[] outputSkip,
    double[] outputFuture,
    List<Lens> lens,
    int knee) {

  /**
   * Means over tokens: sizes relative to the stream that is added to, and cosines with it (negative
   * erases, positive amplifies, 0 is a new direction).
   */
  public record Contribution(
      double attention,
      double mlp,
      double layer,
      double cosineAttention,
      double cosineMlp,
      double cosineLayer) {}

  /** What the stream after a layer already predicts: KL(final || lens) in nats, top-5 overlap. */
  public record Lens(double divergence, double topFive) {}

  /**
   * Measures a model.
   *
   * @param sequences token ids of one length, at least 4 tokens; each counts as one prompt
   * @param rng draws the middle position
   */
  public static DepthReport of(Model model, int[][] sequences, Rng rng) {
    Decoder decoder = model.decoder();
    int layers = decoder.config().layers();
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor tokens = LanguageModeling.tensor(sequences);
      int length = sequences[0].length;
      int middle = length / 4 + rng.nextInt(Math.max(1, length / 2));
      Activations clean =
          model.capture(
              tokens, "blocks.*.{hook_resid_pre,hook_attn_out,hook_mlp_out,hook_resid_post}");
      Tensor probabilities = clean.output().softmax(-1);
      double[][] skip = new double[layers][layers];
      double[][] future = new double[layers][layers];
      double[] outputSkip = new double[layers];
      double[] outputFuture = new double[layers];
      int[] before = java.util.stream.IntStream.rangeClosed(0, middle).toArray();
      for (int s = 0; s < layers; s++) {
        String site = "blocks." + s + ".hook_resid_post";
        Tensor skipped = clean.at("blocks." + s + ".hook_resid_pre");
        outputSkip[s] =
            effect(
                model,
                tokens,
                clean,
                probabilities,
                Intervention.replace(site, skipped),
                s,
                0,
                skip[s]);
        outputFuture[s] =
            effect(
                model,
                tokens,
                clean,
                probabilities,
                Intervention.patch(site, skipped, before),
                s,
                middle + 1,
                future[s]);
      }
      return new DepthReport(
          contributions(clean, layers),
          skip,
          future,
          outputSkip,
          outputFuture,
          lens(decoder, clean, layers),
          knee(outputFuture));
    }
  }

  /** Fills one row of effects on later layers; gives the effect on the output. */
  private static double effect(
      Model model,
      Tensor tokens,
      Activations clean,
      Tensor probabilities,
      Intervention change,
      int source,
      int from,
      double[] row) {
    try (Scope scope = Scope.open()) {
      Activations changed =
          model.with(change).capture(tokens, "blocks.*.{hook_resid_pre,hook_resid_post}");
      for (int l = source + 1; l < row.length; l++) {
        Tensor a = update(clean, l, from);
        Tensor b = update(changed, l, from);
        // The largest over tokens of a prompt, then over prompts.
        row[l] = a.sub(b).norm(false, -1).div(a.norm(false, -1).add(1e-12)).max().item();
      }
      long length = tokens.size(1);
      return probabilities
          .sub(changed.output().softmax(-1))
          .slice(1, from, length)
          .norm(false, -1)
          .mean()
          .item();
    }
  }

  private static Tensor update(Activations acts, int layer, int from) {
    Tensor post = acts.at("blocks." + layer + ".hook_resid_post");
    Tensor pre = acts.at("blocks." + layer + ".hook_resid_pre");
    return post.sub(pre).slice(1, from, post.size(1));
  }

  private static List<Contribution> contributions(Activations acts, int layers) {
    List<Contribution> all = new ArrayList<>();
    for (int l = 0; l < layers; l++) {
      String block = "blocks." + l + ".";
      Tensor h = acts.at(block + "hook_resid_pre");
      Tensor post = acts.at(block + "hook_resid_post");
      Tensor a = acts.at(block + "hook_attn_out");
      Tensor both = post.sub(h);
      Tensor m = both.sub(a);
      Tensor mid = h.add(a);
      all.add(
          new Contribution(
              ratio(a, h),
              ratio(m, mid),
              ratio(both, h),
              cosine(a, h),
              cosine(m, mid),
              cosine(both, h)));
    }
    return all;
  }

  private static double ratio(Tensor part, Tensor stream) {
    return part.norm(false, -1).div(stream.norm(false, -1).add(1e-12)).mean().item();
  }

  private static double cosine(Tensor part, Tensor stream) {
    Tensor dot = part.mul(stream).sum(false, -1);
    return dot.div(part.norm(false, -1).mul(stream.norm(false, -1)).add(1e-12)).mean().item();
  }

  private static List<Lens> lens(Decoder decoder, Activations acts, int layers) {
    Tensor last = acts.output().logSoftmax(-1);
    long five = Math.min(5, last.size(-1));
    Tensor lastTop = oneHotTop(last, five);
    List<Lens> all = new ArrayList<>();
    for (int l = 0; l < layers; l++) {
      try (Scope scope = Scope.open()) {
        Tensor early = decoder.unembed(acts.at("blocks." + l + ".hook_resid_post")).logSoftmax(-1);
        double kl = last.exp().mul(last.sub(early)).sum(false, -1).mean().item();
        double overlap = oneHotTop(early, five).mul(lastTop).sum(false, -1).mean().item() / five;
        all.add(new Lens(kl, overlap));
      }
    }
    return all;
  }

  private static Tensor oneHotTop(Tensor x, long k) {
    Tensor top = x.topk(k, -1).indices();
    return Tensor.zeros(DType.FLOAT32, x.shape())
        .scatter(-1, top, Tensor.ones(DType.FLOAT32, top.shape()));
  }

  /** See the record's description. */
  static int knee(double[] effects) {
    int half = Math.max(1, effects.length / 2);
    double mean = 0;
    for (int i = 0; i < half; i++) {
      mean += effects[i] / half;
    }
    int knee = effects.length;
    for (int i = effects.length - 1; i >= 0 && effects[i] < mean / 2; i--) {
      knee = i;
    }
    return knee;
  }
}
