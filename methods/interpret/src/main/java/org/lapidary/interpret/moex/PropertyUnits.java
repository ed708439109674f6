package org.lapidary.interpret.moex;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.nn.Activations;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Shape;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * How far single units tell known properties of what a model reads (Karvonen et al., 2024, arXiv
 * 2408.00113): a unit with a threshold, a share of the most that the unit reaches, says yes or no
 * at every position.
 *
 * @param coverage the best F1 of any unit and threshold for a property, averaged over properties; 0
 *     to 1
 * @param reconstruction a property is predicted where any unit fires that was right in at least 95
 *     % of its firings on other positions; F1 of all properties of a position, averaged over
 *     positions; 0 to 1
 * @param always F1 of a unit that always fires, averaged over properties: what a coverage without
 *     any knowledge is
 * @param best for every property the unit of the best F1, counted over the sites in order
 * @param units how many there are
 */
public record PropertyUnits(
    double coverage, double reconstruction, double always, int[] best, int units) {
  private static final double PRECISION = 0.95;
  private static final int THRESHOLDS = 10;
  private static final int TOGETHER = 64;

  /**
   * Texts of one length and what is true after each of their tokens.
   *
   * @param tokens [text][position]
   * @param properties [text][position][property]
   */
  public record Labelled(int[][] tokens, boolean[][][] properties) {
    public Labelled {
      if (tokens.length == 0 || tokens.length != properties.length) {
        throw new IllegalArgumentException(
            "every text needs its properties; there are %d texts and %d of them"
                .formatted(tokens.length, properties.length));
      }
    }
  }

  /**
   * Measures.
   *
   * @param sites a glob of sites [batch, position, units]
   * @param chosenOn where units are measured for coverage and chosen for reconstruction
   * @param judgedOn where the reconstruction is judged
   */
  public static PropertyUnits of(Model model, String sites, Labelled chosenOn, Labelled judgedOn) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      return of(
          units(model, sites, chosenOn.tokens),
          truth(chosenOn),
          units(model, sites, judgedOn.tokens),
          truth(judgedOn));
    }
  }

  /**
   * Measures on activations that are there.
   *
   * @param chosen [positions, units]
   * @param chosenTruth [positions, properties] of 0 and 1
   * @param judged [positions, units]
   * @param judgedTruth [positions, properties] of 0 and 1
   */
  static PropertyUnits of(Tensor chosen, Tensor chosenTruth, Tensor judged, Tensor judgedTruth) {
    Tensor most = chosen.max(true, 0).relu();
    Tensor hold = chosenTruth.sum(true, 0);
    Tensor f1 = Tensor.zeros(chosen.size(1), chosenTruth.size(1));
    Tensor predicted = Tensor.zeros(judgedTruth.dtype(), judgedTruth.shape());
    for (int t = 0; t < THRESHOLDS; t++) {
      try (Scope scope = Scope.open()) {
        Tensor threshold = most.mul((double) t / THRESHOLDS);
        Tensor fires = chosen.gt(threshold).to(DType.FLOAT32);
        Tensor right = fires.t().matmul(chosenTruth);
        Tensor times = fires.sum(false, 0).unsqueeze(1);
        f1 = scope.keep(f1.maximum(right.mul(2).div(times.add(hold).add(1e-9))));
        Tensor trusted =
            right.ge(times.mul(PRECISION)).to(DType.FLOAT32).mul(times.gt(0).to(DType.FLOAT32));
        Tensor says = judged.gt(threshold).to(DType.FLOAT32).matmul(trusted);
        predicted = scope.keep(predicted.add(says));
      }
    }
    Tensor yes = predicted.gt(0).to(DType.FLOAT32);
    Tensor right = yes.mul(judgedTruth).sum(false, 1);
    Tensor whole = right.mul(2).div(yes.sum(false, 1).add(judgedTruth.sum(false, 1)).add(1e-9));
    long[] best = f1.argmax(0).toLongs();
    int[] units = new int[best.length];
    for (int i = 0; i < best.length; i++) {
      units[i] = (int) best[i];
    }
    double always = hold.mul(2).div(hold.add((double) chosen.size(0))).mean().item();
    return new PropertyUnits(
        f1.max(false, 0).mean().item(), whole.mean().item(), always, units, (int) chosen.size(1));
  }

  private static Tensor units(Model model, String sites, int[][] texts) {
    List<Tensor> rows = new ArrayList<>();
    for (int from = 0; from < texts.length; from += TOGETHER) {
      int to = Math.min(texts.length, from + TOGETHER);
      try (Scope scope = Scope.open()) {
        Tensor tokens = LanguageModeling.tensor(java.util.Arrays.copyOfRange(texts, from, to));
        Activations seen = model.capture(tokens, sites);
        List<Tensor> flat = new ArrayList<>();
        for (Tensor site : seen.map().values()) {
          flat.add(site.reshape(-1, site.size(-1)));
        }
        rows.add(scope.keep(Tensor.concat(1, flat)));
      }
    }
    return Tensor.concat(0, rows);
  }

  private static Tensor truth(Labelled labelled) {
    int properties = labelled.properties[0][0].length;
    int length = labelled.tokens[0].length;
    float[] flat = new float[labelled.tokens.length * length * properties];
    int at = 0;
    for (boolean[][] text : labelled.properties) {
      for (boolean[] position : text) {
        for (boolean property : position) {
          flat[at++] = property ? 1 : 0;
        }
      }
    }
    return Tensor.of(flat, Shape.of((long) labelled.tokens.length * length, properties).toArray());
  }
}
