package org.lapidary.interpret.dictionary;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.lapidary.evidence.Figure;
import org.lapidary.nn.Model;
import org.lapidary.nn.Tokenizer;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Shape;
import org.lapidary.tensor.Tensor;

/**
 * The places in texts where features are most active, at most one place a text.
 *
 * @param byFeature for every feature asked for, its places, the strongest first; none for a feature
 *     that never fires
 */
public record TopContexts(Map<Integer, List<Context>> byFeature) {
  private static final int TOGETHER = 16;

  public TopContexts {
    byFeature = Collections.unmodifiableMap(new TreeMap<>(byFeature));
  }

  /**
   * A place and its surroundings.
   *
   * @param sequence index of the text
   * @param position where the feature is most active in it
   * @param activation there
   * @param first position of the first token shown
   * @param tokens the tokens shown
   * @param activations of the feature on them
   */
  public record Context(
      int sequence,
      int position,
      double activation,
      int first,
      int[] tokens,
      double[] activations) {}

  /**
   * Looks for the places of all features.
   *
   * @param sequences texts of one length, in tokens
   * @param perFeature how many places each
   * @param around how many tokens to show on each side
   */
  public static TopContexts of(
      Dictionary dictionary, Model model, int[][] sequences, int perFeature, int around) {
    int[] features = new int[dictionary.features()];
    Arrays.setAll(features, i -> i);
    return of(dictionary, model, sequences, features, perFeature, around);
  }

  /** Looks for the places of some features; runs the texts twice. */
  public static TopContexts of(
      Dictionary dictionary,
      Model model,
      int[][] sequences,
      int[] features,
      int perFeature,
      int around) {
    if (perFeature < 1 || around < 0) {
      throw new IllegalArgumentException(
          "perFeature must be at least 1 and around at least 0, were %d and %d"
              .formatted(perFeature, around));
    }
    if (sequences.length == 0) {
      throw new IllegalArgumentException("top contexts need at least one text");
    }
    long[][] best = strongest(dictionary, model, sequences, perFeature);
    Map<Integer, List<Integer>> featuresOf = new TreeMap<>();
    for (int feature : features) {
      if (feature < 0 || feature >= dictionary.features()) {
        throw new IllegalArgumentException(
            "feature %d does not exist; the dictionary has features 0 to %d"
                .formatted(feature, dictionary.features() - 1));
      }
      for (long[] place : best) {
        if (place[feature] >= 0) {
          featuresOf.computeIfAbsent((int) place[feature], s -> new ArrayList<>()).add(feature);
        }
      }
    }
    Map<Integer, List<Context>> found = new TreeMap<>();
    for (int feature : features) {
      found.put(feature, new ArrayList<>());
    }
    List<Integer> texts = List.copyOf(featuresOf.keySet());
    for (int from = 0; from < texts.size(); from += TOGETHER) {
      List<Integer> part = texts.subList(from, Math.min(texts.size(), from + TOGETHER));
      collect(dictionary, model, sequences, part, featuresOf, around, found);
    }
    found.values().forEach(l -> l.sort((a, b) -> Double.compare(b.activation(), a.activation())));
    return new TopContexts(found);
  }

  /** For rank r and feature f, the text with the r-th largest maximum, or -1: [rank][feature]. */
  private static long[][] strongest(
      Dictionary dictionary, Model model, int[][] sequences, int perFeature) {
    int n = dictionary.features();
    try (Scope outer = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor values = Tensor.zeros(perFeature, n);
      Tensor places = Tensor.full(DType.INT64, Shape.of(perFeature, n), -1);
      for (int from = 0; from < sequences.length; from += TOGETHER) {
        int to = Math.min(sequences.length, from + TOGETHER);
        try (Scope scope = Scope.open()) {
          Tensor z = activations(dictionary, model, Arrays.copyOfRange(sequences, from, to));
          Tensor maxima = z.max(false, 1);
          Tensor here = Tensor.arange(to - from).add(from).unsqueeze(1).expand(to - from, n);
          Tensor all = Tensor.concat(0, values, maxima);
          Tensor.Indexed top = all.topk(perFeature, 0);
          values = scope.keep(top.values());
          places = scope.keep(Tensor.concat(0, places, here).gather(0, top.indices()));
        }
      }
      long[] flat = places.toLongs();
      long[][] byRank = new long[perFeature][];
      for (int r = 0; r < perFeature; r++) {
        byRank[r] = Arrays.copyOfRange(flat, r * n, (r + 1) * n);
      }
      return byRank;
    }
  }

  /** z [text, position, feature]. */
  private static Tensor activations(Dictionary dictionary, Model model, int[][] part) {
    Pairs pairs =
        ActivationBuffer.harvest(model, dictionary.inputSite(), dictionary.inputSite(), part);
    return dictionary
        .encode(pairs.input())
        .reshape(part.length, part[0].length, dictionary.features());
  }

  private static void collect(
      Dictionary dictionary,
      Model model,
      int[][] sequences,
      List<Integer> texts,
      Map<Integer, List<Integer>> featuresOf,
      int around,
      Map<Integer, List<Context>> found) {
    int[][] part = texts.stream().map(t -> sequences[t]).toArray(int[][]::new);
    int length = part[0].length;
    int n = dictionary.features();
    float[] z;
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      z = activations(dictionary, model, part).toFloats();
    }
    for (int i = 0; i < part.length; i++) {
      for (int feature : featuresOf.getOrDefault(texts.get(i), List.of())) {
        int base = i * length;
        int top = 0;
        for (int p = 1; p < length; p++) {
          if (z[(base + p) * n + feature] > z[(base + top) * n + feature]) {
            top = p;
          }
        }
        if (z[(base + top) * n + feature] <= 0) {
          continue;
        }
        int first = Math.max(0, top - around);
        int last = Math.min(length, top + around + 1);
        double[] shown = new double[last - first];
        for (int p = first; p < last; p++) {
          shown[p - first] = z[(base + p) * n + feature];
        }
        found
            .getOrDefault(feature, new ArrayList<>())
            .add(
                new Context(
                    texts.get(i),
                    top,
                    z[(base + top) * n + feature],
                    first,
                    Arrays.copyOfRange(part[i], first, last),
                    shown));
      }
    }
  }

  /**
   * The places of one feature as shaded text.
   *
   * @param tokenizer names the tokens; null shows their ids
   * @throws IllegalArgumentException if the feature was not asked for
   */
  public Figure.TokenText figure(int feature, @Nullable Tokenizer tokenizer) {
    List<Context> contexts = byFeature.get(feature);
    if (contexts == null) {
      throw new IllegalArgumentException(
          "feature %d was not looked for; looked for were %s"
              .formatted(feature, byFeature.keySet()));
    }
    List<Figure.TokenLine> lines =
        contexts.stream()
            .map(c ->
                new Figure.TokenLine(
                    Arrays.stream(c.tokens())
                        .mapToObj(t -> tokenizer == null ? "" + t : tokenizer.token(t))
                        .toList(),
                    c.activations()))
            .toList();
    return new Figure.TokenText(
        String.format(
            Locale.ROOT,
            "feature %d, up to %.3g",
            feature,
            contexts.isEmpty() ? 0 : contexts.getFirst().activation()),
        lines);
  }
}
