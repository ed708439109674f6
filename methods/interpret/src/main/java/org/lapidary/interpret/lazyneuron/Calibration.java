package org.lapidary.interpret.lazyneuron;

import org.lapidary.tensor.Tensor;

/**
 * How well the confidence of a classifier agrees with its accuracy. Examples are put in bins of
 * equal width by the probability of their likeliest class; a bin holds what lies above its lower
 * edge and up to its upper one.
 *
 * @param counts examples in each bin
 * @param accuracy of each bin, 0 where it is empty
 * @param confidence the mean of each bin, 0 where it is empty
 */
public record Calibration(int[] counts, double[] accuracy, double[] confidence) {

  /**
   * Fills the bins.
   *
   * @param probabilities [example, class]
   * @param labels INT64 [example]
   * @param bins at least 1; the paper takes 15
   */
  public static Calibration of(Tensor probabilities, Tensor labels, int bins) {
    if (bins < 1) {
      throw new IllegalArgumentException("a calibration needs at least 1 bin, was " + bins);
    }
    if (probabilities.rank() != 2
        || labels.rank() != 1
        || probabilities.size(0) != labels.size(0)) {
      throw new org.lapidary.tensor.ShapeException(
          "probabilities [example, class] and labels [example] go together, were %s and %s"
              .formatted(probabilities.type(), labels.type()));
    }
    double[] sure = probabilities.max(false, 1).toDoubles();
    long[] chosen = probabilities.argmax(1).toLongs();
    long[] right = labels.toLongs();
    int[] counts = new int[bins];
    double[] accuracy = new double[bins];
    double[] confidence = new double[bins];
    for (int i = 0; i < sure.length; i++) {
      int bin = Math.clamp((int) Math.ceil(sure[i] * bins) - 1, 0, bins - 1);
      counts[bin]++;
      confidence[bin] += sure[i];
      accuracy[bin] += chosen[i] == right[i] ? 1 : 0;
    }
    for (int b = 0; b < bins; b++) {
      accuracy[b] /= Math.max(1, counts[b]);
      confidence[b] /= Math.max(1, counts[b]);
    }
    return new Calibration(counts, accuracy, confidence);
  }

  /** The expected calibration error, sum over bins of n_b / N |accuracy_b - confidence_b|. */
  public double error() {
    double sum = 0;
    long all = 0;
    for (int b = 0; b < counts.length; b++) {
      sum += counts[b] * Math.abs(accuracy[b] - confidence[b]);
      all += counts[b];
    }
    return sum / all;
  }
}
