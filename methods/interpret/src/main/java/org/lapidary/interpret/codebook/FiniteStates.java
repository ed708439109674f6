package org.lapidary.interpret.codebook;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.lapidary.interpret.saeeval.Predicates;
import org.lapidary.interpret.tasks.StateWalks;
import org.lapidary.nn.Intervention;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/** What a model of walks over states knows of them. */
record FiniteStates(StateWalks data, Model model) {

  /**
   * The probability of every next state after each of some walks, [walk][state]: the product of the
   * probabilities of its two digits.
   *
   * @param walks tokens that end with a second digit, of one length
   * @param changes that act on the pass
   */
  double[][] next(int[][] walks, List<Intervention> changes) {
    int base = data.base();
    int length = walks[0].length;
    int[][] all = new int[walks.length * base][];
    for (int i = 0; i < all.length; i++) {
      all[i] = Arrays.copyOf(walks[i / base], length + 1);
      all[i][length] = i % base;
    }
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor logits =
          model
              .with(changes.toArray(Intervention[]::new))
              .forward(LanguageModeling.tensor(all))
              .slice(1, length - 1, length + 1)
              .softmax(-1);
      double[] p = logits.toDoubles(); // [walk * first digit, 2, vocab]
      int vocab = data.vocab();
      double[][] next = new double[walks.length][data.count()];
      for (int w = 0; w < walks.length; w++) {
        for (int d = 0; d < base; d++) {
          int row = (w * base + d) * 2 * vocab;
          for (int e = 0; e < base; e++) {
            next[w][d * base + e] = p[row + d] * p[row + vocab + e];
          }
        }
      }
      return next;
    }
  }

  /** Walks of 12 states, one that ends on every state: [state][token]. */
  int[][] ending(Rng rng) {
    int[][] successors = data.successors();
    int[][] found = new int[data.count()][];
    int left = found.length;
    while (left > 0) {
      int[] walk = Arrays.copyOf(data.walk(successors, rng), 12);
      int last = walk[11];
      if (found[last] == null) {
        found[last] = data.tokens(walk);
        left--;
      }
    }
    return found;
  }

  /** The share of the model's likeliest next states, as many as there are edges, that follow. */
  double accuracy(Rng rng) {
    int[][] successors = data.successors();
    double sum = 0;
    int rounds = 3;
    for (int r = 0; r < rounds; r++) {
      double[][] next = next(ending(rng), List.of());
      for (int s = 0; s < next.length; s++) {
        double[] p = next[s];
        Set<Integer> right = new HashSet<>();
        for (int t : successors[s]) {
          right.add(t);
        }
        sum +=
            IntStream.range(0, p.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> -p[i]))
                .limit(data.edges())
                .filter(right::contains)
                .count();
      }
    }
    return sum / (rounds * data.edges() * data.count());
  }

  /** For every state, where its second digit stands: [state][text * length + position]. */
  boolean[][] positions(int[][] texts) {
    int length = texts[0].length;
    boolean[][] at = new boolean[data.count()][texts.length * length];
    for (int i = 0; i < texts.length * length; i++) {
      int state = data.stateAt(texts[i / length], i % length);
      if (state >= 0) {
        at[state][i] = true;
      }
    }
    return at;
  }

  /** The mean over states of the F1 of the best code of an MLP's codebook. */
  double codesF1(int[][] texts) {
    boolean[][] at = positions(texts);
    double[] best = new double[at.length];
    CodebookModel.ids(model, texts)
        .forEach((path, ids) -> {
          if (!path.contains(".mlp.")) {
            return;
          }
          int codes =
              java.util.Objects.requireNonNull(CodebookModel.of(model).get(path)).shape().codes();
          double[] used = new double[codes];
          for (int[] row : ids) {
            used[row[0]]++;
          }
          for (int s = 0; s < at.length; s++) {
            double[] both = new double[codes];
            double all = 0;
            for (int i = 0; i < ids.length; i++) {
              if (at[s][i]) {
                both[ids[i][0]]++;
                all++;
              }
            }
            for (int c = 0; c < codes; c++) {
              best[s] = Math.max(best[s], 2 * both[c] / Math.max(1, used[c] + all));
            }
          }
        });
    return Arrays.stream(best).average().orElseThrow();
  }

  /** The mean over states of the F1 of the best neuron above or below its best threshold. */
  double neuronsF1(int[][] texts) {
    boolean[][] at = positions(texts);
    double[] best = new double[at.length];
    try (Scope scope = Scope.open()) {
      var acts = model.capture(LanguageModeling.tensor(texts), "blocks.*.mlp.hook_post");
      for (Tensor post : acts.map().values()) {
        long n = post.size(-1);
        float[] all = post.reshape(-1, n).t().contiguous().toFloats();
        int tokens = at[0].length;
        for (int j = 0; j < n; j++) {
          float[] up = Arrays.copyOfRange(all, j * tokens, (j + 1) * tokens);
          float least = Float.MAX_VALUE;
          float most = -Float.MAX_VALUE;
          for (float v : up) {
            least = Math.min(least, v);
            most = Math.max(most, v);
          }
          float[] down = new float[tokens];
          for (int i = 0; i < tokens; i++) {
            down[i] = most - up[i];
            up[i] -= least;
          }
          for (int s = 0; s < at.length; s++) {
            best[s] = Math.max(best[s], Predicates.bestF1(up, at[s]));
            best[s] = Math.max(best[s], Predicates.bestF1(down, at[s]));
          }
        }
      }
    }
    return Arrays.stream(best).average().orElseThrow();
  }

  /** For each codebook, the code most frequent at some tokens. */
  private static Map<String, int[]> modal(Map<String, int[][]> ids, boolean[] at) {
    Map<String, int[]> modal = new HashMap<>();
    ids.forEach((path, rows) -> {
      Map<Integer, Integer> counts = new HashMap<>();
      for (int i = 0; i < rows.length; i++) {
        if (at[i]) {
          counts.merge(rows[i][0], 1, Integer::sum);
        }
      }
      int best =
          counts.entrySet().stream()
              .max(Map.Entry.<Integer, Integer>comparingByValue())
              .map(Map.Entry::getKey)
              .orElse(0);
      modal.put(path, new int[] {best});
    });
    return modal;
  }

  /** Where a first digit follows a state: [text * length + position]. */
  private boolean[] followed(int[][] texts, boolean[] state, int digit) {
    int length = texts[0].length;
    boolean[] at = new boolean[state.length];
    for (int i = 1; i < at.length; i++) {
      at[i] = i % length > 0 && state[i - 1] && texts[i / length][i % length] == digit;
    }
    return at;
  }

  /**
   * Mass on the successors of other states.
   *
   * @param forced with the modal codes of the other state at the state's last digit, and those of
   *     the other state and the digit that follows at that digit
   * @param random with codes drawn at random at both
   * @param base with none forced
   * @param once forced at the state's last digit alone
   * @param firstDigit mass on the first digits of the successors, forced
   * @param firstBase the same with none forced
   */
  record Steered(
      double forced,
      double random,
      double base,
      double once,
      double firstDigit,
      double firstBase) {}

  /** Steers walks that end on one state to another, drawn at random, for some pairs. */
  Steered steered(int[][] texts, int pairs, Rng rng) {
    Map<String, int[][]> ids = CodebookModel.ids(model, texts);
    boolean[][] at = positions(texts);
    int[][] walks = ending(rng);
    int[][] successors = data.successors();
    double[] mass = new double[4];
    double[] first = new double[4];
    int position = walks[0].length - 1;
    for (int n = 0; n < pairs; n++) {
      int[][] walk = {walks[rng.nextInt(walks.length)]};
      int target = rng.nextInt(data.count());
      List<Intervention> once = CodebookModel.force(model, modal(ids, at[target]), position);
      List<Intervention> twice = new ArrayList<>(once);
      twice.addAll(
          CodebookModel.forceRows(
              model, rows(digit -> modal(ids, followed(texts, at[target], digit))), position + 1));
      List<Intervention> random = new ArrayList<>(CodebookModel.force(model, drawn(rng), position));
      random.addAll(CodebookModel.forceRows(model, rows(digit -> drawn(rng)), position + 1));
      List<List<Intervention>> ways = List.of(twice, random, List.of(), once);
      for (int w = 0; w < mass.length; w++) {
        double[] next = next(walk, ways.get(w))[0];
        for (int s : successors[target]) {
          mass[w] += next[s] / pairs;
        }
        first[w] += firstDigits(next, successors[target]) / pairs;
      }
    }
    return new Steered(mass[0], mass[1], mass[2], mass[3], first[0], first[2]);
  }

  private Map<String, int[]> drawn(Rng rng) {
    Map<String, int[]> random = new HashMap<>();
    CodebookModel.of(model)
        .forEach((path, book) -> random.put(path, new int[] {rng.nextInt(book.shape().codes())}));
    return random;
  }

  /** Codes for each of the walks that {@link #next} makes of one, by the digit added. */
  private Map<String, int[][]> rows(IntFunction<Map<String, int[]>> byDigit) {
    Map<String, int[][]> rows = new HashMap<>();
    for (int digit = 0; digit < data.base(); digit++) {
      int row = digit;
      byDigit
          .apply(digit)
          .forEach(
              (path, ids) -> rows.computeIfAbsent(path, p -> new int[data.base()][])[row] = ids);
    }
    return rows;
  }

  private double firstDigits(double[] next, int[] states) {
    int base = data.base();
    Set<Integer> digits = new HashSet<>();
    for (int s : states) {
      digits.add(s / base);
    }
    double mass = 0;
    for (int s = 0; s < next.length; s++) {
      mass += digits.contains(s / base) ? next[s] : 0;
    }
    return mass;
  }
}
