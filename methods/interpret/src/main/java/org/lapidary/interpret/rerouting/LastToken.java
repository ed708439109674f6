package org.lapidary.interpret.rerouting;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lapidary.nn.Decoder;
import org.lapidary.nn.Model;
import org.lapidary.nn.Sites;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/** The streams of the last token after a model's first blocks; later blocks are not run. */
public final class LastToken {
  private LastToken() {}

  /**
   * The streams [batch, dModel] after each of the first blocks.
   *
   * @param tokens INT64 [batch, position]
   * @param depth how many blocks
   * @throws IllegalArgumentException if there are not so many
   */
  public static List<Tensor> streams(Model model, Tensor tokens, int depth) {
    Decoder decoder = model.decoder();
    if (depth < 1 || depth > decoder.blocks().size()) {
      throw new IllegalArgumentException(
          "the model has %d blocks, cannot run %d".formatted(decoder.blocks().size(), depth));
    }
    List<Tensor> streams = new ArrayList<>();
    Tensor x = decoder.embed(tokens, 0);
    for (int l = 0; l < depth; l++) {
      x = decoder.blocks().get(l).forward(x, null);
      streams.add(x.select(1, (int) x.size(1) - 1));
    }
    return streams;
  }

  /** The same for prompts of any lengths, in float32 [prompt, dModel], without gradients. */
  public static List<Tensor> streams(Model model, List<int[]> prompts, int depth) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      List<List<Tensor>> rows = new ArrayList<>();
      for (int l = 0; l < depth; l++) {
        rows.add(new ArrayList<>());
      }
      for (int[] prompt : prompts) {
        List<Tensor> one = streams(model, LanguageModeling.tensor(new int[][] {prompt}), depth);
        for (int l = 0; l < depth; l++) {
          rows.get(l).add(one.get(l));
        }
      }
      return rows.stream().map(r -> scope.keep(Tensor.concat(0, r))).toList();
    }
  }

  /** The likeliest next token. */
  public static int next(Model model, int[] prompt) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor logits = model.forward(LanguageModeling.tensor(new int[][] {prompt}));
      return (int) logits.select(1, prompt.length - 1).argmax(-1).toLongs()[0];
    }
  }

  /**
   * The gradient of a loss by the tokens of a template's free positions, each taken as a one-hot
   * vector times the embedding: [slot, vocab].
   */
  public static Tensor oneHotGradient(
      Model model, Template template, int[] suffix, Surrogate surrogate) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.enableGrad()) {
      Leaf leaf = new Leaf();
      Tensor tokens = template.with(List.of(suffix));
      Tensor loss =
          Sites.visiting(
              leaf, () -> surrogate.losses(model, streams(model, tokens, surrogate.depth())).sum());
      Tensor embedded = Objects.requireNonNull(leaf.embedded);
      long from = template.before().length;
      Tensor gradient =
          Autograd.grad(loss, List.of(embedded))
              .getFirst()
              .squeeze(0)
              .slice(0, from, from + template.slots());
      double scale = model.decoder().config().extras().embeddingScale();
      Tensor table = model.decoder().embedding().value().detach();
      return scope.keep(gradient.detach().matmul(table.t()).mul(scale));
    }
  }

  private static final class Leaf implements Sites.Visitor {
    private @Nullable Tensor embedded;

    @Override
    public boolean wants(String path) {
      return path.equals("hook_embed");
    }

    @Override
    public Tensor visit(String path, Tensor activation) {
      Tensor own = activation.detach().copy().requiresGrad(true);
      embedded = own;
      return own;
    }
  }
}
