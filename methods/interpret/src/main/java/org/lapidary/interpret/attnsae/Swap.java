package org.lapidary.interpret.attnsae;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.interpret.dictionary.ActivationBuffer;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.interpret.tasks.RepeatedSequences.Repeated;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * Moves a prediction by one feature: where a prefix is repeated and the model goes on rightly, the
 * active feature that adds most to the right logit is set to 0, and the one that does so in another
 * sequence, with another target, to its value there.
 *
 * @param moved share of the places at which the other target becomes the prediction
 * @param random the same for a feature drawn at random, set to the same value
 */
record Swap(double moved, double random) {

  /** A place where the model is right: its feature, the feature's value, and the target. */
  private record Place(int sequence, int position, int feature, float value, int target) {}

  static Swap of(
      Model model, int layer, Dictionary dictionary, Repeated[] sequences, int count, Rng rng) {
    int n = dictionary.features();
    int vocab = model.decoder().config().vocab();
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      int[][] texts = new int[sequences.length][];
      for (int i = 0; i < texts.length; i++) {
        texts[i] = sequences[i].tokens();
      }
      int length = texts[0].length;
      String site = dictionary.inputSite();
      float[] f =
          dictionary.encode(ActivationBuffer.harvest(model, site, site, texts).input()).toFloats();
      long[] best = model.forward(LanguageModeling.tensor(texts)).argmax(-1).toLongs();
      double[] effects = AttentionSae.logitEffects(model, layer, dictionary).toDoubles();
      List<Place> places = new ArrayList<>();
      for (int q = 0; q < texts.length; q++) {
        for (int p = sequences[q].prefix(); p < length - 1; p++) {
          int target = texts[q][p + 1];
          int row = q * length + p;
          if (best[row] != target) {
            continue;
          }
          int feature = -1;
          double most = 0;
          for (int i = 0; i < n; i++) {
            double adds = f[row * n + i] * effects[i * vocab + target];
            if (adds > most) {
              most = adds;
              feature = i;
            }
          }
          if (feature >= 0) {
            places.add(new Place(q, p, feature, f[row * n + feature], target));
          }
        }
      }
      int moved = 0;
      int random = 0;
      int done = 0;
      while (done < count) {
        Place here = places.get(rng.nextInt(places.size()));
        Place there = places.get(rng.nextInt(places.size()));
        if (here.target == there.target) {
          continue;
        }
        done++;
        moved +=
            edited(model, dictionary, texts, here, there.feature, there.value) == there.target
                ? 1
                : 0;
        int other = rng.nextInt(n);
        random +=
            edited(model, dictionary, texts, here, other, there.value) == there.target ? 1 : 0;
      }
      return new Swap((double) moved / count, (double) random / count);
    }
  }

  /** The prediction at a place with its feature off and another at a value. */
  private static long edited(
      Model model, Dictionary dictionary, int[][] texts, Place here, int feature, float value) {
    try (Scope scope = Scope.open()) {
      int n = dictionary.features();
      int length = texts[0].length;
      float[] add = new float[length * n];
      float[] keep = new float[length * n];
      java.util.Arrays.fill(keep, 1);
      keep[here.position * n + here.feature] = 0;
      keep[here.position * n + feature] = 0;
      add[here.position * n + feature] = value;
      Tensor mask = Tensor.of(keep, 1, length, n);
      Tensor set = Tensor.of(add, 1, length, n);
      Tensor tokens = LanguageModeling.tensor(new int[][] {texts[here.sequence]});
      Tensor logits =
          model
              .with(FeatureEdit.of(dictionary, f -> f.mul(mask).add(set)))
              .forward(tokens)
              .to(DType.FLOAT32);
      return logits.select(0, 0).select(0, here.position).argmax(0).toLongs()[0];
    }
  }
}
