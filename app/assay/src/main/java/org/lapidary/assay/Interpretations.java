package org.lapidary.assay;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Progress;
import org.lapidary.evidence.Roc;
import org.lapidary.interpret.attribution.AttributionPatching;
import org.lapidary.interpret.attribution.Attributions;
import org.lapidary.interpret.circuit.Circuit;
import org.lapidary.interpret.circuit.Faithfulness;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.interpret.obsprop.Observable;
import org.lapidary.interpret.probe.LogisticProbe;
import org.lapidary.interpret.similarity.KernelAlignment;
import org.lapidary.interpret.similarity.Similarity;
import org.lapidary.interpret.tasks.PromptPair;
import org.lapidary.interpret.tasks.PromptTask;
import org.lapidary.interpret.tasks.TextPrompts;
import org.lapidary.interpret.tasks.TextTask;
import org.lapidary.nn.Activations;
import org.lapidary.nn.Model;
import org.lapidary.nn.Sampler;
import org.lapidary.nn.Tokenizer;
import org.lapidary.report.Block;
import org.lapidary.report.Section;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/** Single looks into a model, as sections of a report; an assay has most of them. */
public final class Interpretations {
  private Interpretations() {}

  private static final String STREAMS = "blocks.*.hook_resid_post";
  private static final int TEXTS = 16;
  private static final int SHUFFLES = 20;
  private static final int CIRCUIT = 12;
  private static final double RIDGE = 1e-3;

  /** Which hidden units fire. */
  public static Section sparsity(Model model, Corpus corpus, Progress progress) {
    double loss = LanguageModeling.evaluate(model, corpus.heldOut()).mean();
    return new Section(
        "sparsity", "Sparsity", ActivityStage.sparsity(model, corpus, loss, progress));
  }

  /** What each block adds. */
  public static Section depth(Model model, Corpus corpus, long seed) {
    return new Section("depth", "Depth", ActivityStage.depth(model, corpus, seed));
  }

  /** What a dictionary of a block's MLP is like. */
  public static Section features(Model model, Corpus corpus, int layer, Dictionary dictionary) {
    return new Section(
        "features", "Features", FeaturesStage.look(model, corpus, layer, dictionary));
  }

  /**
   * What brings the likeliest next token of a prompt.
   *
   * @param prompt null for the beginning of a held-out text
   * @param transcoders by block; MLPs without one are single nodes
   */
  public static Section circuit(
      Model model, Corpus corpus, @Nullable String prompt, Map<Integer, Dictionary> transcoders) {
    return new Section(
        "circuit", "Circuit", PromptCircuit.blocks(model, corpus, prompt, transcoders));
  }

  // ---- attribution ----

  /**
   * Where a difference between two prompts comes from, by attribution patching.
   *
   * @param sites a glob
   * @param plus the token whose logit counts, or null for the likeliest after the clean prompt
   * @param minus the token whose logit counts against, or null for the likeliest after the other
   */
  public static Section attribute(
      Model model,
      String clean,
      String corrupted,
      String sites,
      @Nullable String plus,
      @Nullable String minus) {
    Tokens good = new Tokens(model, clean);
    Tokens bad = new Tokens(model, corrupted);
    Observable observable = observable(model, good, bad, plus, minus);
    Tensor weights = Tensor.of(observable.weights()).to(DType.FLOAT32).unscoped();
    UnaryOperator<Tensor> metric = logits -> logits.select(1, -1).mul(weights).sum();
    return attribute(model, good, bad, observable.toString(), metric, sites);
  }

  /**
   * The same for a pair of prompts of a known task.
   *
   * @param seed of the pair
   * @throws IllegalArgumentException if the model's tokenizer leaves no prompt of the task
   */
  public static Section attribute(Model model, TextPrompts task, String sites, long seed) {
    Tokenizer tokenizer = model.tokenizer();
    if (tokenizer == null) {
      throw new IllegalArgumentException(
          "this model has no tokenizer, so a task of text cannot be set; put its tokenizer.json beside the weights");
    }
    TextTask set = new TextTask(task, tokenizer);
    PromptPair pair = set.pairs(1, new Rng(seed)).getFirst();
    Sampler.check(model.decoder(), pair.clean());
    String measured =
        "%s (%s: %s rather than %s)"
            .formatted(
                set.metric() == PromptTask.Metric.MASS_DIFFERENCE
                    ? "probability of right answers less that of wrong ones"
                    : "logit of right answers less that of wrong ones",
                set.name(),
                some(model, pair.answers()),
                some(model, pair.others()));
    return attribute(
        model,
        new Tokens(model, pair.clean()),
        new Tokens(model, pair.corrupted()),
        measured,
        logits -> set.metric().of(pair, logits),
        sites);
  }

  private static String some(Model model, int[] ids) {
    String shown =
        Arrays.stream(ids)
            .limit(3)
            .mapToObj(id -> "'" + PromptCircuit.shown(model, id) + "'")
            .collect(Collectors.joining(", "));
    return ids.length > 3 ? shown + ", ..." : shown;
  }

  private static Section attribute(
      Model model,
      Tokens good,
      Tokens bad,
      String measured,
      UnaryOperator<Tensor> metric,
      String sites) {
    Attributions found = new AttributionPatching(sites).of(model, good.ids, bad.ids, metric);
    List<Block> blocks = new ArrayList<>();
    blocks.add(
        new Block.Text(
            "%s is %s after the clean prompt “%s” and %s after the corrupted one, “%s”."
                .formatted(
                    measured,
                    Reports.three(found.clean()),
                    good.text(),
                    Reports.three(found.corrupted()),
                    bad.text())));
    blocks.add(
        new Block.FigureBlock(
            found.byPosition("Attribution by site and token", good.shown()),
            "What putting the clean activation into the corrupted run would add, to first order."));
    if (found.bySite().keySet().stream().anyMatch(s -> s.endsWith(".attn.hook_z"))) {
      blocks.add(new Block.FigureBlock(found.byHead("Attribution by head, summed over tokens")));
      blocks.addAll(circuit(model, good, bad, metric, found));
    }
    return new Section("attribute", "Attribution", blocks);
  }

  private static List<Block> circuit(
      Model model, Tokens good, Tokens bad, UnaryOperator<Tensor> metric, Attributions found) {
    Circuit circuit = found.circuit(CIRCUIT, good.ids.length - 1);
    try (Scope scope = Scope.open()) {
      Faithfulness faithful =
          Faithfulness.of(
              model,
              good.ids,
              logits -> metric.apply(logits).item(),
              circuit.units(),
              model
                  .capture(
                      LanguageModeling.tensor(new int[][] {bad.ids}),
                      "blocks.*.{attn.hook_z,hook_mlp_out}")
                  .map());
      return List.of(
          new Block.FigureBlock(
              circuit.diagram("The heads and MLPs that matter most", good.shown()),
              "With all others as in the corrupted run they keep %.0f %% of the difference (faithfulness); with only these as there %.0f %% is gone (completeness)."
                  .formatted(100 * faithful.faithfulness(), 100 * faithful.completeness())));
    }
  }

  /** A prompt. */
  private static final class Tokens {
    private final Model model;
    private final int[] ids;

    Tokens(Model model, String prompt) {
      this.model = model;
      this.ids = PromptCircuit.tokens(model, prompt);
    }

    Tokens(Model model, int[] ids) {
      this.model = model;
      this.ids = ids;
    }

    String text() {
      return PromptCircuit.text(shown());
    }

    List<String> shown() {
      return Arrays.stream(ids).mapToObj(id -> PromptCircuit.shown(model, id)).toList();
    }

    /** The likeliest next token. */
    int next() {
      try (Scope scope = Scope.open();
          var ignored = Autograd.noGrad()) {
        Tensor logits = model.forward(LanguageModeling.tensor(new int[][] {ids}));
        return (int) logits.select(1, -1).argmax(-1).item();
      }
    }
  }

  private static Observable observable(
      Model model, Tokens good, Tokens bad, @Nullable String plus, @Nullable String minus) {
    if (plus != null && minus != null) {
      return Observable.difference(model, plus, minus);
    }
    if (plus != null || minus != null) {
      throw new IllegalArgumentException("give --plus and --minus together, or neither");
    }
    int a = good.next();
    int b = bad.next();
    if (a == b) {
      throw new IllegalArgumentException(
          "both prompts are most likely followed by '%s'; give the two tokens to compare with --plus and --minus"
              .formatted(PromptCircuit.shown(model, a)));
    }
    return Observable.difference(
        "logit of '%s' less '%s'"
            .formatted(PromptCircuit.shown(model, a), PromptCircuit.shown(model, b)),
        model.decoder().config().vocab(),
        a,
        b);
  }

  // ---- streams ----

  /**
   * How well each block's stream tells whether a certain token comes next: the area of a logistic
   * probe fitted to one half of the texts on the other, beside one fitted to shuffled labels.
   */
  public static Section probe(Model model, Corpus corpus, String token, long seed) {
    int wanted = Observable.id(model, token);
    int[][] texts = corpus.heldOut();
    int half = texts.length / 2;
    if (half < 1) {
      throw new IllegalArgumentException("a probe needs at least 2 texts; give a longer one");
    }
    int[][] fitted = Arrays.copyOf(texts, half);
    int[][] tested = Arrays.copyOfRange(texts, half, texts.length);
    boolean[] fitLabels = follows(fitted, wanted);
    boolean[] testLabels = follows(tested, wanted);
    check(token, fitLabels);
    check(token, testLabels);
    boolean[] shuffled = shuffled(fitLabels, new Rng(seed));
    List<List<Object>> rows = new ArrayList<>();
    double[] areas = new double[model.decoder().blocks().size()];
    double[] chance = new double[areas.length];
    try (Scope scope = Scope.open()) {
      List<Tensor> fit = streams(model, fitted, true);
      List<Tensor> test = streams(model, tested, true);
      for (int l = 0; l < areas.length; l++) {
        areas[l] = area(fit.get(l), fitLabels, test.get(l), testLabels);
        chance[l] = area(fit.get(l), shuffled, test.get(l), testLabels);
        rows.add(List.of(l, Reports.round(areas[l]), Reports.round(chance[l])));
      }
    }
    double[] x = IntStream.range(0, areas.length).asDoubleStream().toArray();
    return new Section(
        "probe",
        "Probe",
        List.of(
            new Block.FigureBlock(
                new Figure.Table(
                    "Does '%s' come next? Area under the curve".formatted(token),
                    List.of("block", "probe", "labels shuffled"),
                    rows),
                "Logistic regression on the stream after each block, fitted to one half of the texts and tested on the other; 0.5 is chance."),
            new Block.FigureBlock(
                new Figure.Lines(
                    "Probes by depth",
                    "block",
                    "area",
                    List.of(
                        new Figure.Series("probe", x, areas),
                        new Figure.Series("labels shuffled", x, chance))))));
  }

  private static double area(Tensor fit, boolean[] labels, Tensor test, boolean[] truth) {
    return Roc.area(LogisticProbe.fit(fit, labels, RIDGE).scores(test), truth);
  }

  private static void check(String token, boolean[] labels) {
    int count = 0;
    for (boolean label : labels) {
      count += label ? 1 : 0;
    }
    if (count == 0 || count == labels.length) {
      throw new IllegalArgumentException(
          "'%s' comes next %d times in %d tokens of half the text; choose a token that does sometimes, or give a longer text"
              .formatted(token, count, labels.length));
    }
  }

  private static boolean[] follows(int[][] texts, int wanted) {
    int n = texts[0].length - 1;
    boolean[] labels = new boolean[texts.length * n];
    for (int t = 0; t < texts.length; t++) {
      for (int p = 0; p < n; p++) {
        labels[t * n + p] = texts[t][p + 1] == wanted;
      }
    }
    return labels;
  }

  private static boolean[] shuffled(boolean[] labels, Rng rng) {
    int[] order = rng.permutation(labels.length);
    boolean[] mixed = new boolean[labels.length];
    for (int i = 0; i < mixed.length; i++) {
      mixed[i] = labels[order[i]];
    }
    return mixed;
  }

  /**
   * The streams after every block, [tokens, dModel], in the caller's scope.
   *
   * @param followed whether the last token of each text, which nothing follows, is left out
   */
  private static List<Tensor> streams(Model model, int[][] texts, boolean followed) {
    int layers = model.decoder().blocks().size();
    List<Tensor> streams = new ArrayList<>();
    try (Scope scope = Scope.open()) {
      Activations acts = model.capture(LanguageModeling.tensor(texts), STREAMS);
      long length = texts[0].length - (followed ? 1L : 0L);
      for (int l = 0; l < layers; l++) {
        Tensor x = acts.at("blocks." + l + ".hook_resid_post").slice(1, 0, length);
        streams.add(scope.keep(x.flatten(0, 1).copy()));
      }
    }
    return streams;
  }

  /**
   * How alike the streams of two models, or of one, are at every pair of depths: linear centred
   * kernel alignment over the tokens of some texts, against shuffled tokens.
   *
   * @param other may be the same model
   * @throws IllegalArgumentException if the other model cannot read the same tokens
   */
  public static Section compare(Model model, Model other, Corpus corpus, long seed) {
    int[][] texts = Arrays.copyOf(corpus.heldOut(), Math.min(TEXTS, corpus.heldOut().length));
    if (model.decoder().config().vocab() != other.decoder().config().vocab()) {
      throw new IllegalArgumentException(
          "the models read different tokens: %d and %d ids"
              .formatted(model.decoder().config().vocab(), other.decoder().config().vocab()));
    }
    Similarity similarity = new KernelAlignment();
    try (Scope scope = Scope.open()) {
      List<Tensor> a = streams(model, texts, false);
      List<Tensor> b = streams(other, texts, false);
      double[][] values = new double[a.size()][b.size()];
      List<List<Object>> rows = new ArrayList<>();
      Rng rng = new Rng(seed);
      for (int i = 0; i < a.size(); i++) {
        int best = 0;
        for (int j = 0; j < b.size(); j++) {
          values[i][j] = similarity.between(a.get(i), b.get(j));
          best = values[i][j] > values[i][best] ? j : best;
        }
        Similarity.Null chance = similarity.againstChance(a.get(i), b.get(best), SHUFFLES, rng);
        rows.add(
            List.of(
                i,
                best,
                Reports.round(chance.observed()),
                Reports.round(chance.mean()),
                Reports.round(chance.pValue())));
      }
      return new Section(
          "compare",
          "Comparison",
          List.of(
              new Block.FigureBlock(
                  new Figure.Heatmap(
                      "Alignment of the streams after each block",
                      "block of the second",
                      "block of the first",
                      names(b.size()),
                      names(a.size()),
                      values)),
              new Block.FigureBlock(
                  new Figure.Table(
                      "The most similar block of the second",
                      List.of("block", "most similar", "alignment", "by chance", "p"),
                      rows),
                  "Linear centred kernel alignment over %d tokens; by chance: tokens shuffled %d times."
                      .formatted(texts.length * texts[0].length, SHUFFLES))));
    }
  }

  private static List<String> names(int n) {
    return IntStream.range(0, n).mapToObj(Integer::toString).toList();
  }
}
