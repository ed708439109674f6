package org.lapidary.interpret.attnsae;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lapidary.interpret.dictionary.ActivationBuffer;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * What the heads of a layer are about: for each, the features of which it has the largest share, in
 * groups of features that are alike. Features are alike if they belong to one family and share a
 * third or more of the tokens on which they are most active.
 *
 * @param heads one entry per head
 */
public record HeadReport(List<Head> heads) {
  private static final int TOP = 10;
  private static final int CONTEXTS = 20;
  private static final double ALIKE = 1.0 / 3;

  /** Where a feature's attribution comes from. */
  public enum Family {
    /** Most of it from within 5 tokens. */
    SHORT,
    /** Most of it from further back. */
    LONG,
    /** Most of it from tokens that stand after an earlier copy of the current one. */
    INDUCTION
  }

  /**
   * A feature of a head.
   *
   * @param share of the head in the feature's direction
   * @param tokens the ids on which it is most active
   */
  public record Feature(int index, double share, Family family, Set<Integer> tokens) {}

  /**
   * A head.
   *
   * @param groups its features, those that are alike together
   */
  public record Head(int index, List<List<Feature>> groups) {
    /** Whether its features fall into two groups or more. */
    public boolean polysemantic() {
      return groups.size() > 1;
    }
  }

  /**
   * Reports on a layer.
   *
   * @param texts of one length, on which features are looked at
   */
  public static HeadReport of(Model model, int layer, Dictionary dictionary, int[][] texts) {
    int count = model.decoder().config().heads();
    double[][] shares = AttentionSae.headShares(dictionary, count);
    Map<Integer, Feature[]> known = new HashMap<>();
    float[][] strongest = activations(model, dictionary, texts);
    List<Head> heads = new ArrayList<>();
    for (int h = 0; h < count; h++) {
      int head = h;
      List<Integer> top = new ArrayList<>();
      for (int i = 0; i < dictionary.features(); i++) {
        if (max(strongest[i]) > 0) {
          top.add(i);
        }
      }
      top.sort(Comparator.comparingDouble(i -> -shares[i][head]));
      List<Feature> features = new ArrayList<>();
      for (int i : top.subList(0, Math.min(TOP, top.size()))) {
        Feature f =
            known
                .computeIfAbsent(
                    i,
                    j -> new Feature[] {feature(model, layer, dictionary, texts, j, strongest[j])})[
                0];
        features.add(new Feature(i, shares[i][h], f.family, f.tokens));
      }
      heads.add(new Head(h, groups(features)));
    }
    return new HeadReport(heads);
  }

  private static double max(float[] values) {
    double max = 0;
    for (float v : values) {
      max = Math.max(max, v);
    }
    return max;
  }

  /** [feature][text * length + position]. */
  private static float[][] activations(Model model, Dictionary dictionary, int[][] texts) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      String site = dictionary.inputSite();
      Tensor x = ActivationBuffer.harvest(model, site, site, texts).input();
      float[] flat = dictionary.encode(x).t().contiguous().toFloats();
      int tokens = (int) x.size(0);
      float[][] rows = new float[dictionary.features()][];
      Arrays.setAll(rows, i -> Arrays.copyOfRange(flat, i * tokens, (i + 1) * tokens));
      return rows;
    }
  }

  private static Feature feature(
      Model model, int layer, Dictionary d, int[][] texts, int index, float[] active) {
    int length = texts[0].length;
    List<Integer> places = new ArrayList<>();
    for (int p = 0; p < active.length; p++) {
      if (active[p] > 0) {
        places.add(p);
      }
    }
    places.sort(Comparator.comparingDouble(p -> -active[p]));
    Set<Integer> tokens = new HashSet<>();
    double near = 0;
    double after = 0;
    double sum = 0;
    for (int place : places.subList(0, Math.min(CONTEXTS, places.size()))) {
      int[] text = texts[place / length];
      int t = place % length;
      tokens.add(text[t]);
      double[][] terms = new Attribution(model, layer, d, text).terms(index, t);
      for (double[] bySource : terms) {
        for (int s = 0; s <= t; s++) {
          double mass = Math.max(0, bySource[s]);
          sum += mass;
          near += t - s <= 5 ? mass : 0;
          after += s > 0 && s < t && text[s - 1] == text[t] ? mass : 0;
        }
      }
    }
    Family family =
        after > sum / 2 ? Family.INDUCTION : near > sum / 2 ? Family.SHORT : Family.LONG;
    return new Feature(index, 0, family, Set.copyOf(tokens));
  }

  private static List<List<Feature>> groups(List<Feature> features) {
    List<List<Feature>> groups = new ArrayList<>();
    for (Feature f : features) {
      List<Feature> joined = new ArrayList<>(List.of(f));
      groups.removeIf(g -> {
        boolean alike = g.stream().anyMatch(o -> alike(o, f));
        if (alike) {
          joined.addAll(g);
        }
        return alike;
      });
      groups.add(joined);
    }
    return groups;
  }

  private static boolean alike(Feature a, Feature b) {
    Set<Integer> both = new HashSet<>(a.tokens);
    both.retainAll(b.tokens);
    Set<Integer> either = new HashSet<>(a.tokens);
    either.addAll(b.tokens);
    return a.family == b.family && both.size() >= ALIKE * either.size();
  }
}
