package org.lapidary.interpret.saeeval;

import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Moves activations towards those of a counterfactual prompt with few features: from those active
 * on the prompt at most k go, of those active on the counterfactual at most k come, each with the
 * value it has there, chosen greedily to lessen the distance.
 *
 * @param edited [prompt, width]
 * @param weight mean over prompts of sum over removed features of |f_j d_j . (a - mu)| / |a -
 *     mu|^2: how much of the activation was taken out
 */
public record SparseEdit(Tensor edited, double weight) {

  /**
   * Edits.
   *
   * @param a [prompt, width]
   * @param counterfactual of the same shape
   * @param mean mu [width]
   * @param k at least 1
   */
  public static SparseEdit of(
      Dictionary dictionary, Tensor a, Tensor counterfactual, Tensor mean, int k) {
    if (k < 1) {
      throw new IllegalArgumentException("k must be at least 1, was " + k);
    }
    int n = dictionary.features();
    int d = dictionary.dOut();
    int prompts = (int) a.size(0);
    float[] directions = dictionary.decoder().toFloats();
    float[] here = dictionary.encode(a).toFloats();
    float[] there = dictionary.encode(counterfactual).toFloats();
    float[] from = a.toFloats();
    float[] to = counterfactual.toFloats();
    float[] mu = mean.toFloats();
    float[] out = from.clone();
    double weight = 0;
    double[] left = new double[d];
    for (int p = 0; p < prompts; p++) {
      for (int i = 0; i < d; i++) {
        left[i] = to[p * d + i] - from[p * d + i];
      }
      boolean[] removed = new boolean[n];
      boolean[] added = new boolean[n];
      int goes = 0;
      int comes = 0;
      while (goes < k || comes < k) {
        int best = -1;
        boolean bestComes = false;
        double gain = 0;
        for (int j = 0; j < n; j++) {
          for (boolean coming : new boolean[] {false, true}) {
            double f = coming ? there[p * n + j] : -here[p * n + j];
            boolean open = coming ? comes < k && !added[j] : goes < k && !removed[j];
            if (f == 0 || !open) {
              continue;
            }
            double along = 0;
            double norm = 0;
            for (int i = 0; i < d; i++) {
              double w = directions[j * d + i];
              along += w * left[i];
              norm += w * w;
            }
            double lessens = 2 * f * along - f * f * norm;
            if (lessens > gain) {
              gain = lessens;
              best = j;
              bestComes = coming;
            }
          }
        }
        if (best < 0) {
          break;
        }
        double f = bestComes ? there[p * n + best] : -here[p * n + best];
        double dot = 0;
        double size = 0;
        for (int i = 0; i < d; i++) {
          double w = directions[best * d + i];
          left[i] -= f * w;
          out[p * d + i] += (float) (f * w);
          double centred = from[p * d + i] - mu[i];
          dot += w * centred;
          size += centred * centred;
        }
        if (bestComes) {
          added[best] = true;
          comes++;
        } else {
          removed[best] = true;
          goes++;
          weight += Math.abs(f * dot) / size / prompts;
        }
      }
    }
    try (Scope scope = Scope.open()) {
      return new SparseEdit(scope.keep(Tensor.of(out, prompts, d)), weight);
    }
  }
}
