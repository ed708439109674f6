package org.lapidary.assay;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lapidary.evidence.Estimate;
import org.lapidary.evidence.Figure;
import org.lapidary.interpret.dictionary.Dictionary;
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

/** What becomes of a model's output when one feature of a dictionary is held at a value. */
public final class Steering {
  private static final int LISTED = 8;
  private static final int CONTINUED = 40;

  /** Of the held-out texts; bounds the memory of the measures. */
  private static final int TEXTS = 16;

  private Steering() {}

  /**
   * Runs a prompt and held-out texts as they are and with the feature held.
   *
   * @param prompt null for the beginning of a held-out text
   * @param value what the feature is on every token; 0 takes it away
   * @throws IllegalArgumentException if the feature does not exist
   * @throws IllegalStateException if the dictionary names no sites
   */
  public static Section of(
      Model model,
      Corpus corpus,
      @Nullable String prompt,
      Dictionary dictionary,
      int feature,
      double value) {
    int[] ids = PromptCircuit.tokens(model, corpus, prompt);
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException(
          "a feature is held at a finite value, was asked for " + value);
    }
    Model.Intervened held = model.with(dictionary.clamp(feature, value));
    int[][] texts = Arrays.copyOf(corpus.heldOut(), Math.min(TEXTS, corpus.heldOut().length));
    List<Block> blocks = new ArrayList<>();
    blocks.add(firing(model, dictionary, feature, value, texts));
    blocks.add(losses(model, held, texts));
    blocks.add(next(model, held, ids));
    blocks.add(
        new Block.Text(
            "Continued as it is: “%s”\n\nContinued with the feature held: “%s”"
                .formatted(continued(model, ids), held.during(() -> continued(model, ids)))));
    return new Section("steer", "Steering", blocks);
  }

  private static Block firing(
      Model model, Dictionary dictionary, int feature, double value, int[][] texts) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor read =
          model
              .capture(LanguageModeling.tensor(texts), dictionary.inputSite())
              .map()
              .values()
              .stream()
              .findFirst()
              .orElseThrow();
      Tensor z = dictionary.encode(dictionary.joined(read)).slice(-1, feature, feature + 1);
      double share = z.gt(0).to(DType.FLOAT32).mean().item();
      double most = z.max().item();
      return new Block.KeyValues(
          List.of(
              new Block.Entry("feature", "" + feature, dictionary.outputSite(), feature),
              new Block.Entry("held at", Reports.three(value), "on every token", value),
              new Block.Entry(
                  "fires on", "%.2f %%".formatted(100 * share), "of the held-out tokens", share),
              new Block.Entry("at most", Reports.three(most), "on them", most)));
    }
  }

  private static Block losses(Model model, Model.Intervened held, int[][] texts) {
    double[] before = LanguageModeling.losses(model, texts);
    double[] after = held.during(() -> LanguageModeling.losses(model, texts));
    double[] more = new double[before.length];
    Arrays.setAll(more, i -> after[i] - before[i]);
    return new Block.KeyValues(
        List.of(
            Reports.entry("loss", Estimate.of(before), "nats per token, as it is"),
            Reports.entry("held", Estimate.of(after), "nats per token, feature held"),
            Reports.entry("difference", Estimate.of(more), "over the same texts")));
  }

  private static Block next(Model model, Model.Intervened held, int[] prompt) {
    double[] before = probabilities(model, prompt);
    double[] after = held.during(() -> probabilities(model, prompt));
    List<List<Object>> rows =
        IntStream.range(0, before.length)
            .boxed()
            .sorted(Comparator.comparingDouble((Integer i) -> -Math.abs(after[i] - before[i])))
            .limit(LISTED)
            .map(i ->
                List.<Object>of(
                    PromptCircuit.shown(model, i),
                    Reports.round(before[i]),
                    Reports.round(after[i])))
            .toList();
    return new Block.FigureBlock(
        new Figure.Table(
            "Next tokens whose probability changes most",
            List.of("token", "as it is", "feature held"),
            rows));
  }

  private static double[] probabilities(Model model, int[] prompt) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor logits = model.forward(LanguageModeling.tensor(new int[][] {prompt}));
      return logits.select(1, -1).softmax(-1).toDoubles();
    }
  }

  private static String continued(Model model, int[] prompt) {
    int[] line =
        new Sampler(0).continueFrom(model.decoder(), prompt, CONTINUED, new Rng(0), id -> true);
    int[] text = Arrays.copyOfRange(line, 1, line.length);
    Tokenizer tokenizer = model.tokenizer();
    return tokenizer == null ? Arrays.toString(text) : tokenizer.decode(text).strip();
  }
}
