package org.lapidary.interpret.recall;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import org.lapidary.evidence.Correlation;
import org.lapidary.interpret.circuit.Faithfulness.Unit;
import org.lapidary.interpret.circuit.PathPatching;
import org.lapidary.nn.Activations;
import org.lapidary.nn.Decoder;
import org.lapidary.nn.Intervention;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * The heads that bring the topic to the last token: those whose output, taken from the prompt with
 * another topic, lowers the difference of the two answers' logits most, along paths that no other
 * head lies on.
 *
 * @param heads the strongest first
 * @param whole the metric's change when the whole prompt is the other one
 * @param together the change when these heads speak of the other topic
 */
public record TaskHeads(List<Head> heads, double whole, double together) {

  /**
   * A head.
   *
   * @param change of the metric when it alone speaks of the other topic, as a share of the metric
   * @param attention mean weight from the last token to the topic
   * @param scatter correlation over prompts and tokens attended to of the weight with the head's
   *     output along that token's unembedding (Pearson)
   * @param copying mean rank, from 0, of the topic's own logit in what the head makes of the
   *     topic's embedding alone
   */
  public record Head(
      int layer, int head, double change, double attention, double scatter, double copying) {
    /** As a sender at a token. */
    public Unit unit(int token) {
      return new Unit("blocks." + layer + ".attn.hook_z", head, token);
    }
  }

  /** How much of the change these heads make, 1 for all. */
  public double share() {
    return together / whole;
  }

  /** As senders at a token. */
  public Set<Unit> units(int token) {
    Set<Unit> units = new HashSet<>();
    heads.forEach(h -> units.add(h.unit(token)));
    return units;
  }

  /** The mean logit of the answers less that for the other topics, at the last token. */
  static ToDoubleFunction<Tensor> metric(List<RecallPrompt> prompts) {
    return logits -> {
      try (Scope scope = Scope.open()) {
        Tensor last = logits.select(1, -1);
        return RecallPrompt.pick(last, RecallPrompt.answers(prompts))
            .sub(RecallPrompt.pick(last, RecallPrompt.otherAnswers(prompts)))
            .mean()
            .item();
      }
    };
  }

  /**
   * Finds them: heads in the order of what each does alone, until together they make enough of the
   * change.
   *
   * @param count at most so many
   * @param enough share of the change, 0 to 1
   */
  public static TaskHeads of(Model model, List<RecallPrompt> prompts, int count, double enough) {
    int end = RecallPrompt.end(prompts);
    ToDoubleFunction<Tensor> metric = metric(prompts);
    try (Scope scope = Scope.open()) {
      PathPatching patching = patching(model, prompts);
      double clean = metric.applyAsDouble(patching.clean());
      double whole = metric.applyAsDouble(patching.other()) - clean;
      List<PathPatching.Effect> effects =
          patching.effects(PathPatching.heads(model, end), Set.of(), metric);
      List<Head> heads = new ArrayList<>();
      Set<Unit> units = new HashSet<>();
      double together = 0;
      for (PathPatching.Effect effect : effects) {
        if (heads.size() < count && together / whole < enough && effect.change() * whole > 0) {
          Unit unit = effect.sender();
          units.add(unit);
          heads.add(head(model, prompts, unit, effect.change() / Math.abs(clean)));
          together = metric.applyAsDouble(patching.toLogits(units)) - clean;
        }
      }
      return new TaskHeads(heads, whole, together);
    }
  }

  /** The share of the change that these heads make on other prompts. */
  public double shareOn(Model model, List<RecallPrompt> prompts) {
    ToDoubleFunction<Tensor> metric = metric(prompts);
    try (Scope scope = Scope.open()) {
      PathPatching patching = patching(model, prompts);
      double clean = metric.applyAsDouble(patching.clean());
      Tensor changed = patching.toLogits(units(RecallPrompt.end(prompts)));
      return (metric.applyAsDouble(changed) - clean)
          / (metric.applyAsDouble(patching.other()) - clean);
    }
  }

  private static PathPatching patching(Model model, List<RecallPrompt> prompts) {
    return PathPatching.of(
        model, RecallPrompt.clean(prompts), RecallPrompt.corrupted(prompts), false);
  }

  /**
   * The share of prompts whose most probable next token becomes the other topic's answer when heads
   * speak of that topic at the last token, and everything behind them follows.
   *
   * @param heads at the last token
   */
  public static double swapped(Model model, List<RecallPrompt> prompts, Set<Unit> heads) {
    int[] others = RecallPrompt.otherAnswers(prompts);
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Activations other =
          model.capture(
              LanguageModeling.tensor(RecallPrompt.corrupted(prompts)), "blocks.*.attn.hook_z");
      Map<String, List<Unit>> bySite = new LinkedHashMap<>();
      heads.forEach(u -> bySite.computeIfAbsent(u.site(), s -> new ArrayList<>()).add(u));
      Intervention swap =
          new Intervention(
              "{" + String.join(",", bySite.keySet()) + "}",
              (site, x) -> {
                Tensor z = x;
                for (Unit unit : java.util.Objects.requireNonNull(bySite.get(site))) {
                  z = Tensor.where(only(z, unit), other.at(site), z);
                }
                return z;
              });
      int[] said =
          model
              .with(swap)
              .forward(LanguageModeling.tensor(RecallPrompt.clean(prompts)))
              .select(1, -1)
              .argmax(-1)
              .toInts();
      int same = 0;
      for (int i = 0; i < said.length; i++) {
        same += said[i] == others[i] ? 1 : 0;
      }
      return (double) same / said.length;
    }
  }

  private static Tensor only(Tensor z, Unit unit) {
    boolean[] mask = new boolean[(int) (z.size(1) * z.size(2))];
    mask[(int) (unit.token() * z.size(2)) + unit.index()] = true;
    return Tensor.of(mask, 1, z.size(1), z.size(2), 1).expand(z.shape().toArray());
  }

  private static Head head(Model model, List<RecallPrompt> prompts, Unit unit, double change) {
    int layer = Integer.parseInt(unit.site().split("\\.", 3)[1]);
    int head = unit.index();
    int end = unit.token();
    String attn = "blocks." + layer + ".attn";
    try (Scope scope = Scope.open()) {
      int[][] tokens = RecallPrompt.clean(prompts);
      Activations acts =
          model.capture(
              LanguageModeling.tensor(tokens),
              "{%s.hook_pattern,%s.hook_result}".formatted(attn, attn));
      Tensor weights = acts.at(attn + ".hook_pattern").select(1, head).select(1, end); // [n, key]
      int[] at = prompts.stream().mapToInt(RecallPrompt::topicAt).toArray();
      double attention = RecallPrompt.pick(weights, at).mean().item();
      Tensor written = acts.at(attn + ".hook_result").select(1, end).select(1, head); // [n, d]
      Tensor unembedding = model.decoder().unembedding();
      Tensor along = written.matmul(unembedding.t()); // [n, vocab]
      double[] x = weights.to(DType.FLOAT64).toDoubles();
      double[] y = along.gather(1, LanguageModeling.tensor(tokens)).to(DType.FLOAT64).toDoubles();
      return new Head(
          layer,
          head,
          change,
          attention,
          Correlation.pearson(x, y),
          copying(model, layer, head, RecallPrompt.topics(prompts)));
    }
  }

  /** The mean rank of a topic in W_U W_O W_V of its own embedding, normalised as attention is. */
  private static double copying(Model model, int layer, int head, int[] topics) {
    Decoder decoder = model.decoder();
    int dHead = decoder.config().dHead();
    long[] ids = java.util.Arrays.stream(topics).asLongStream().toArray();
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor x =
          decoder
              .blocks()
              .get(layer)
              .ln1()
              .forward(decoder.embedding().value().embedding(Tensor.of(ids, ids.length)));
      String attn = "blocks." + layer + ".attn.";
      int group = decoder.config().heads() / decoder.config().kvHeads();
      long from = (long) head / group * dHead;
      Tensor v = decoder.parameterAt(attn + "v.weight").value().slice(0, from, from + dHead);
      Tensor o =
          decoder
              .parameterAt(attn + "o.weight")
              .value()
              .slice(1, (long) head * dHead, (long) (head + 1) * dHead);
      Tensor logits = x.matmul(v.t()).matmul(o.t()).matmul(decoder.unembedding().t());
      return Ranks.mean(logits, topics);
    }
  }
}
