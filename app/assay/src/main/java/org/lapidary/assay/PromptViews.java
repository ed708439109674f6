package org.lapidary.assay;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lapidary.evidence.Figure;
import org.lapidary.nn.Activations;
import org.lapidary.nn.Intervention;
import org.lapidary.nn.Model;
import org.lapidary.report.Block;
import org.lapidary.report.Section;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/** What a model makes of a prompt: next tokens, attention, and what patching it does. */
public final class PromptViews {
  private PromptViews() {}

  private static final int LISTED = 12;
  private static final int MOST_TOKENS = 64; // of an attention pattern that a page can show

  /**
   * How surprising each token of a prompt is, and which may come next.
   *
   * @throws IllegalArgumentException if the model has no tokenizer or the prompt is too long
   */
  public static Section next(Model model, String prompt) {
    int[] ids = PromptCircuit.tokens(model, prompt);
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor logits = model.forward(Tensor.of(ids, 1, ids.length)).select(0, 0);
      double[] last = logits.select(0, -1).toDoubles();
      double[] probabilities = logits.select(0, -1).softmax(-1).toDoubles();
      List<List<Object>> rows =
          IntStream.range(0, last.length)
              .boxed()
              .sorted(Comparator.comparingDouble((Integer i) -> -last[i]))
              .limit(LISTED)
              .map(i ->
                  List.<Object>of(
                      PromptCircuit.shown(model, i),
                      i,
                      Reports.round(last[i]),
                      Reports.round(probabilities[i])))
              .toList();
      return new Section(
          "next",
          "What comes next",
          List.of(
              new Block.FigureBlock(
                  new Figure.Table(
                      "Likeliest next tokens",
                      List.of("token", "id", "logit", "probability"),
                      rows)),
              new Block.FigureBlock(
                  new Figure.TokenText(
                      "How surprising each token was",
                      List.of(new Figure.TokenLine(tokens(model, ids), surprise(logits, ids)))),
                  "Nats: minus the logarithm of the probability that the tokens before gave it.")));
    }
  }

  /** [position]: -log p(token | tokens before it); 0 for the first, which nothing foretells. */
  private static double[] surprise(Tensor logits, int[] ids) {
    double[] surprise = new double[ids.length];
    int vocab = (int) logits.shape().dim(1);
    double[] log = logits.logSoftmax(-1).toDoubles(); // [position, vocab]
    for (int i = 1; i < ids.length; i++) {
      surprise[i] = -log[(i - 1) * vocab + ids[i]];
    }
    return surprise;
  }

  /**
   * Which tokens every head of a block reads.
   *
   * @param layer counted from 0
   * @throws IllegalArgumentException if there is no such block, its mixer has no attention pattern,
   *     or the prompt is longer than can be shown
   */
  public static Section attention(Model model, String prompt, int layer) {
    int layers = model.decoder().config().layers();
    if (layer < 0 || layer >= layers) {
      throw new IllegalArgumentException(
          "there is no block %d; the model has blocks 0 to %d".formatted(layer, layers - 1));
    }
    int[] ids = PromptCircuit.tokens(model, prompt);
    if (ids.length > MOST_TOKENS) {
      throw new IllegalArgumentException(
          "the prompt has %d tokens; a pattern is drawn for at most %d"
              .formatted(ids.length, MOST_TOKENS));
    }
    String site = "blocks.%d.attn.hook_pattern".formatted(layer);
    List<String> names = numbered(tokens(model, ids));
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor pattern = model.capture(Tensor.of(ids, 1, ids.length), site).at(site).select(0, 0);
      List<Block> blocks = new ArrayList<>();
      for (int head = 0; head < pattern.shape().dim(0); head++) {
        blocks.add(
            new Block.FigureBlock(
                new Figure.Heatmap(
                    "Block %d, head %d".formatted(layer, head),
                    "token that is read",
                    "token that reads",
                    names,
                    names,
                    future(matrix(pattern.select(0, head))))));
      }
      return new Section("attention", "Attention patterns", blocks);
    }
  }

  /** What lies ahead of a token is not read; blank rather than zero. */
  private static double[][] future(double[][] pattern) {
    for (int query = 0; query < pattern.length; query++) {
      for (int key = query + 1; key < pattern[query].length; key++) {
        if (pattern[query][key] == 0) {
          pattern[query][key] = Double.NaN;
        }
      }
    }
    return pattern;
  }

  private static double[][] matrix(Tensor tensor) {
    int columns = (int) tensor.shape().dim(1);
    double[] flat = tensor.toDoubles();
    double[][] rows = new double[flat.length / columns][];
    Arrays.setAll(rows, i -> Arrays.copyOfRange(flat, i * columns, (i + 1) * columns));
    return rows;
  }

  /**
   * Moves an activation from one prompt to another of the same length and shows what becomes of the
   * next token: activation patching at a site, at one position or at each in turn.
   *
   * @param from the prompt whose activation is taken
   * @param into the prompt that is computed with it
   * @param site a path or a glob
   * @param position counted from 0, the token that begins the text; null for each in turn
   * @throws IllegalArgumentException if the prompts have unequal lengths, or nothing is at the site
   */
  public static Section patch(
      Model model, String from, String into, String site, @Nullable Integer position) {
    int[] source = PromptCircuit.tokens(model, from);
    int[] target = PromptCircuit.tokens(model, into);
    if (source.length != target.length) {
      throw new IllegalArgumentException(
          "patching needs two prompts of equal length; the first has %d tokens, the second %d"
              .formatted(source.length, target.length));
    }
    if (position != null && (position < 0 || position >= source.length)) {
      throw new IllegalArgumentException(
          "there is no position %d; the prompts have positions 0 to %d"
              .formatted(position, source.length - 1));
    }
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Activations taken = model.capture(Tensor.of(source, 1, source.length), site);
      checkPositions(taken, source.length);
      Tensor input = Tensor.of(target, 1, target.length);
      double[] as = last(taken.output());
      double[] before = last(model.forward(input));
      int plus = most(as);
      int minus = most(before);
      List<Block> blocks = new ArrayList<>();
      if (position == null) {
        blocks.add(everywhere(model, taken, input, source, plus, minus));
      } else {
        blocks.add(
            logits(model, as, before, last(patched(model, taken, taken.sites(), input, position))));
      }
      return new Section("patch", "Patching", List.copyOf(blocks));
    }
  }

  /** Patterns and scores of attention have heads where other activations have positions. */
  private static void checkPositions(Activations taken, int positions) {
    for (String site : taken.sites()) {
      boolean heads = site.endsWith("hook_pattern") || site.endsWith("hook_attn_scores");
      Tensor x = taken.at(site);
      if (heads || x.rank() < 3 || x.size(1) != positions) {
        throw new IllegalArgumentException(
            "'%s' has the shape %s, which does not go by position, so it cannot be patched at one; choose a site such as blocks.0.hook_resid_post"
                .formatted(site, x.shape()));
      }
    }
  }

  private static Tensor patched(
      Model model, Activations taken, Iterable<String> sites, Tensor input, int position) {
    List<Intervention> all = new ArrayList<>();
    for (String site : sites) {
      all.add(Intervention.patch(site, taken.at(site), position));
    }
    return model.with(all.toArray(Intervention[]::new)).forward(input);
  }

  private static Block everywhere(
      Model model, Activations taken, Tensor input, int[] source, int plus, int minus) {
    List<String> sites = List.copyOf(taken.sites());
    double[][] values = new double[sites.size()][source.length];
    double gap = gap(last(model.forward(input)), plus, minus);
    double whole = gap(last(taken.output()), plus, minus) - gap;
    for (int s = 0; s < sites.size(); s++) {
      for (int position = 0; position < source.length; position++) {
        try (Scope inner = Scope.open()) {
          double[] after = last(patched(model, taken, List.of(sites.get(s)), input, position));
          double change = plus == minus ? after[plus] : gap(after, plus, minus) - gap;
          values[s][position] = plus == minus || whole == 0 ? change : change / whole;
        }
      }
    }
    String caption =
        plus == minus
            ? "The logit of “%s”, the likeliest next token of both prompts."
                .formatted(PromptCircuit.shown(model, plus))
            : "Share of the difference between the prompts that the patch carries over: logit of “%s” less that of “%s”; 1 is all of it."
                .formatted(PromptCircuit.shown(model, plus), PromptCircuit.shown(model, minus));
    return new Block.FigureBlock(
        new Figure.Heatmap(
            "Patched one position at a time",
            "position",
            "site",
            numbered(tokens(model, source)),
            sites,
            values),
        caption);
  }

  private static double gap(double[] logits, int plus, int minus) {
    return logits[plus] - logits[minus];
  }

  private static Block logits(Model model, double[] from, double[] into, double[] patched) {
    List<List<Object>> rows =
        IntStream.range(0, into.length)
            .boxed()
            .sorted(Comparator.comparingDouble((Integer i) -> -Math.abs(patched[i] - into[i])))
            .limit(LISTED)
            .map(i ->
                List.<Object>of(
                    PromptCircuit.shown(model, i),
                    Reports.round(from[i]),
                    Reports.round(into[i]),
                    Reports.round(patched[i]),
                    Reports.round(patched[i] - into[i])))
            .toList();
    return new Block.FigureBlock(
        new Figure.Table(
            "Logits of the next token that change most",
            List.of("token", "of the first prompt", "of the second", "patched", "change"),
            rows));
  }

  private static double[] last(Tensor logits) {
    return logits.select(1, -1).toDoubles();
  }

  private static int most(double[] values) {
    return IntStream.range(0, values.length)
        .boxed()
        .max(Comparator.comparingDouble(i -> values[i]))
        .orElseThrow();
  }

  private static List<String> tokens(Model model, int[] ids) {
    return Arrays.stream(ids).mapToObj(id -> PromptCircuit.shown(model, id)).toList();
  }

  /** Tokens repeat; axes need names that do not. */
  private static List<String> numbered(List<String> tokens) {
    return IntStream.range(0, tokens.size())
        .mapToObj(i -> String.format(Locale.ROOT, "%d %s", i, tokens.get(i)))
        .toList();
  }
}
