package org.lapidary.assay;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lapidary.evidence.Figure;
import org.lapidary.interpret.circuit.Circuit;
import org.lapidary.interpret.circuit.CircuitSearch;
import org.lapidary.interpret.circuit.Faithfulness;
import org.lapidary.interpret.circuit.FrozenPass;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.interpret.transcoder.Transcoder;
import org.lapidary.nn.Model;
import org.lapidary.nn.Sampler;
import org.lapidary.nn.Tokenizer;
import org.lapidary.report.Block;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/** The circuit behind the likeliest next token of a prompt. */
public final class PromptCircuit {
  private PromptCircuit() {}

  /**
   * A circuit and how much of the logit it keeps.
   *
   * @param prompt as the tokenizer writes it
   * @param next the likeliest next token, as shown
   * @param tokens of the prompt, as shown
   */
  public record Found(
      Circuit circuit, String prompt, String next, List<String> tokens, Faithfulness faithful) {

    /** A title for its drawing. */
    public String title() {
      return "Circuit of “%s” after “%s”".formatted(next, prompt);
    }

    /** What its drawing means. */
    public String caption() {
      return "An arrow carries activation × weight: the first factor depends on this input, the second follows from the parameters alone. Attention patterns and norm scales are held fixed. Of the %d edges found, whose paths bring %.0f %% of the logit, the strongest are drawn; an error is what a transcoder misses of its MLP. With all other heads, features and MLPs at their means the circuit keeps %.0f %% of the logit (faithfulness); with its own at their means %.0f %% is gone (completeness)."
          .formatted(
              circuit.edges().size(),
              100 * circuit.completeness(),
              100 * faithful.faithfulness(),
              100 * faithful.completeness());
    }
  }

  /** Tokens of a held-out text that stand in for a prompt when none is given. */
  private static final int TOKENS = 12;

  /** Texts whose mean activations stand in for what is ablated. */
  private static final int REFERENCE = 16;

  private static final CircuitSearch SEARCH = new CircuitSearch(24, 96, 4);

  /** Few enough for the drawing to be read. */
  private static final int DRAWN = 16;

  private static final int LISTED = 24;

  static List<Block> blocks(
      Model model, Corpus corpus, @Nullable String prompt, Map<Integer, Dictionary> transcoders) {
    Found found = find(model, corpus, prompt, transcoders);
    return List.of(
        new Block.FigureBlock(
            found.circuit().strongest(DRAWN).diagram(found.title(), found.tokens()),
            found.caption()),
        new Block.FigureBlock(table(found.circuit())));
  }

  /**
   * Finds the circuit behind the likeliest next token.
   *
   * @param prompt null for the beginning of a held-out text
   * @param transcoders by block; MLPs without one are single nodes
   * @throws IllegalArgumentException if the model's blocks are not pre-norm, it has no tokenizer,
   *     or the prompt is too long
   */
  public static Found find(
      Model model, Corpus corpus, @Nullable String prompt, Map<Integer, Dictionary> transcoders) {
    int[] ids = tokens(model, corpus, prompt);
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor input = Tensor.of(ids, 1, ids.length);
      int next = (int) model.forward(input).select(1, -1).argmax(-1).item();
      FrozenPass pass = FrozenPass.of(model, transcoders, ids);
      Circuit circuit = SEARCH.search(pass, pass.logit(next, ids.length - 1));
      List<String> tokens = Arrays.stream(ids).mapToObj(id -> shown(model, id)).toList();
      Tokenizer tokenizer = model.tokenizer();
      return new Found(
          circuit,
          tokenizer == null
              ? text(tokens)
              : tokenizer.decode(Arrays.copyOfRange(ids, 1, ids.length)).strip(),
          shown(model, next),
          tokens,
          faithfulness(model, corpus, transcoders, ids, next, circuit));
    }
  }

  /** By ablation, in the model whose MLPs are the transcoders. */
  private static Faithfulness faithfulness(
      Model model,
      Corpus corpus,
      Map<Integer, Dictionary> transcoders,
      int[] ids,
      int next,
      Circuit circuit) {
    List<String> sites = new ArrayList<>(List.of("blocks.*.attn.hook_z"));
    for (int l = 0; l < model.decoder().blocks().size(); l++) {
      sites.add("blocks." + l + (transcoders.containsKey(l) ? ".mlp.hook_post" : ".hook_mlp_out"));
    }
    Model swapped = Transcoder.swap(model, transcoders);
    int[][] texts = corpus.heldOut();
    return Faithfulness.of(
        swapped,
        ids,
        logits -> logits.select(1, -1).select(1, next).sum().item(),
        circuit.units(),
        Faithfulness.means(
            swapped,
            List.of(Arrays.copyOf(texts, Math.min(REFERENCE, texts.length))),
            "{" + String.join(",", sites) + "}"));
  }

  /** The ids of a prompt, or of the beginning of a held-out text. */
  static int[] tokens(Model model, Corpus corpus, @Nullable String prompt) {
    if (prompt == null) {
      int[] first = corpus.heldOut()[0];
      return Arrays.copyOf(first, Math.min(TOKENS, first.length));
    }
    return tokens(model, prompt);
  }

  /** The ids of a prompt, the token that begins a text first. */
  public static int[] tokens(Model model, String prompt) {
    Tokenizer tokenizer = model.tokenizer();
    if (tokenizer == null) {
      throw new IllegalArgumentException(
          "this model has no tokenizer, so a prompt cannot be read; put its tokenizer.json beside the weights, or leave --prompt away");
    }
    int[] text = tokenizer.encode(prompt);
    int[] ids = new int[text.length + 1];
    ids[0] = Corpus.start(model);
    System.arraycopy(text, 0, ids, 1, text.length);
    Sampler.check(model.decoder(), ids);
    return ids;
  }

  static String shown(Model model, int id) {
    Tokenizer tokenizer = model.tokenizer();
    return tokenizer == null ? "" + id : tokenizer.token(id);
  }

  /** Tokens but the first, which begins a text, joined. */
  static String text(List<String> tokens) {
    return String.join("", tokens.subList(Math.min(1, tokens.size() - 1), tokens.size())).strip();
  }

  /** The strongest edges. */
  public static Figure table(Circuit circuit) {
    List<List<Object>> rows = new ArrayList<>();
    circuit.edges().stream()
        .sorted(Comparator.comparingDouble((Circuit.Edge e) -> -Math.abs(e.attribution())))
        .limit(LISTED)
        .forEach(e ->
            rows.add(
                List.of(
                    e.from().name() + " at " + e.from().token(),
                    e.to().name() + " at " + e.to().token(),
                    e.via(),
                    Reports.round(e.activation()),
                    Reports.round(e.weight()),
                    Reports.round(e.attribution()))));
    return new Figure.Table(
        "The strongest edges of the circuit",
        List.of(
            "from",
            "to",
            "through heads",
            "activation (this input)",
            "weight (any input)",
            "attribution"),
        rows);
  }
}
