package org.lapidary.interpret.circuit;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.ToDoubleFunction;
import org.lapidary.interpret.circuit.Circuit.Edge;
import org.lapidary.interpret.circuit.Circuit.Kind;
import org.lapidary.interpret.circuit.Circuit.Node;
import org.lapidary.interpret.circuit.Faithfulness.Unit;
import org.lapidary.nn.Activations;
import org.lapidary.nn.Intervention;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * Path patching (Wang et al., 2022, arXiv 2211.00593, section 3.1): what changes when senders say
 * what they say after another prompt, and only given receivers hear it. A first run has every head
 * at its clean value but the senders, which have that of the other prompt, and shows what then
 * arrives at the receivers; a second run is clean but for what the receivers read. MLPs on the way
 * are computed anew, or held at their clean values as well; then only the stream itself carries.
 *
 * <p>Senders are heads ({@code blocks.L.attn.hook_z}) and MLPs ({@code blocks.L.hook_mlp_out}).
 * Receivers are any activations that hold what a part reads: {@code blocks.L.hook_mlp_in} with
 * index -1, or {@code blocks.L.attn.hook_q}, {@code hook_k} and {@code hook_v} with a head. The
 * logits are the receiver of {@link #toLogits}.
 *
 * <p>Costs two forward passes of all prompts at once for the recording, one for {@link #toLogits}
 * and two for {@link #through}.
 */
public final class PathPatching {
  private static final String HEADS = "blocks.*.attn.hook_z";
  private static final String MLPS = "blocks.*.hook_mlp_out";

  private final Model model;
  private final boolean mlpsHeld;
  private final Tensor input;
  private final Activations clean;
  private final Activations other;

  private PathPatching(
      Model model, boolean mlpsHeld, Tensor input, Activations clean, Activations other) {
    this.model = model;
    this.mlpsHeld = mlpsHeld;
    this.input = input;
    this.clean = clean;
    this.other = other;
  }

  /**
   * Records both runs; what it holds belongs to the scope that is open.
   *
   * @param clean prompts [batch][position] whose run is changed
   * @param other as many, as long
   * @param mlpsHeld whether MLPs keep their clean values in the first run
   * @throws IllegalArgumentException if the prompts differ in number or length
   */
  public static PathPatching of(Model model, int[][] clean, int[][] other, boolean mlpsHeld) {
    if (clean.length == 0 || clean.length != other.length) {
      throw new IllegalArgumentException(
          "path patching needs as many prompts of either kind, at least one; were %d clean and %d others"
              .formatted(clean.length, other.length));
    }
    for (int i = 0; i < clean.length; i++) {
      if (clean[i].length != other[i].length) {
        throw new IllegalArgumentException(
            "path patching needs prompts of equal length; number %d has %d tokens, its other %d"
                .formatted(i, clean[i].length, other[i].length));
      }
    }
    Tensor input = LanguageModeling.tensor(clean);
    String sites = MlpSites.has(model) ? "{" + HEADS + "," + MLPS + "}" : HEADS;
    return new PathPatching(
        model,
        mlpsHeld,
        input,
        model.capture(input, sites),
        model.capture(LanguageModeling.tensor(other), sites));
  }

  /** The logits after the clean prompts, [batch, position, vocab]. */
  public Tensor clean() {
    return clean.output();
  }

  /** The logits after the others. */
  public Tensor other() {
    return other.output();
  }

  /** The logits when only the last stream hears the senders, [batch, position, vocab]. */
  public Tensor toLogits(Set<Unit> senders) {
    check(senders);
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      return scope.keep(model.with(frozen(senders)).forward(input));
    }
  }

  /**
   * The logits when only the receivers hear the senders, [batch, position, vocab].
   *
   * @throws IllegalArgumentException if there is no receiver, or a unit is at no site of the kind
   *     named above
   */
  public Tensor through(Set<Unit> senders, Set<Unit> receivers) {
    check(senders);
    if (receivers.isEmpty()) {
      throw new IllegalArgumentException(
          "path patching needs a receiver, such as 'blocks.1.hook_mlp_in'; for the logits use toLogits");
    }
    Set<String> read = new TreeSet<>();
    receivers.forEach(r -> read.add(r.site()));
    String sites = "{" + String.join(",", read) + "}";
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Activations heard = model.with(frozen(senders)).capture(input, sites);
      if (heard.sites().size() < read.size()) {
        throw new IllegalArgumentException(
            "of the receivers %s the model has only %s".formatted(read, heard.sites()));
      }
      Intervention hear =
          new Intervention(
              sites,
              (site, x) ->
                  Tensor.where(Faithfulness.mask(x.shape(), site, receivers), heard.at(site), x));
      return scope.keep(model.with(hear).forward(input));
    }
  }

  private Intervention frozen(Set<Unit> senders) {
    return new Intervention(
        clean.sites().size() > model.decoder().blocks().size()
            ? "{" + HEADS + "," + MLPS + "}"
            : HEADS,
        (site, x) -> {
          boolean held = mlpsHeld || !site.endsWith("hook_mlp_out");
          Tensor base = held ? clean.at(site) : x;
          return senders.stream().noneMatch(s -> s.site().equals(site))
              ? base
              : Tensor.where(Faithfulness.mask(x.shape(), site, senders), other.at(site), base);
        });
  }

  private void check(Set<Unit> senders) {
    for (Unit sender : senders) {
      if (!clean.sites().contains(sender.site())) {
        throw new IllegalArgumentException(
            "the sender at '%s' is no head or MLP of the model; those are at %s"
                .formatted(sender.site(), clean.sites()));
      }
    }
  }

  /** All heads at a token, as senders. */
  public static List<Unit> heads(Model model, int token) {
    List<Unit> heads = new ArrayList<>();
    for (int l = 0; l < model.decoder().blocks().size(); l++) {
      for (int h = 0; h < model.decoder().config().heads(); h++) {
        heads.add(new Unit("blocks." + l + ".attn.hook_z", h, token));
      }
    }
    return heads;
  }

  /** A sender and the metric's change when the receivers hear it. */
  public record Effect(Unit sender, double change) {}

  /**
   * Every sender alone, the largest change first.
   *
   * @param receivers none for the logits
   * @param metric of logits [batch, position, vocab]
   */
  public List<Effect> effects(
      List<Unit> senders, Set<Unit> receivers, ToDoubleFunction<Tensor> metric) {
    double before = metric.applyAsDouble(clean());
    List<Effect> effects = new ArrayList<>();
    for (Unit sender : senders) {
      try (Scope scope = Scope.open()) {
        Set<Unit> one = Set.of(sender);
        Tensor logits = receivers.isEmpty() ? toLogits(one) : through(one, receivers);
        effects.add(new Effect(sender, metric.applyAsDouble(logits) - before));
      }
    }
    effects.sort(Comparator.comparingDouble((Effect e) -> -Math.abs(e.change())));
    return effects;
  }

  /**
   * The senders whose direct paths to the logits change the metric most, as a circuit: total is the
   * change from the clean run to the other, kept the sum of what is shown.
   *
   * @param count at most so many
   * @param token the position at which the metric is read
   */
  public Circuit circuit(
      List<Unit> senders, ToDoubleFunction<Tensor> metric, int count, int token) {
    double before = metric.applyAsDouble(clean());
    Node root = new Node(Kind.LOGIT, "ln_final.hook_normalized", -1, -1, token, before);
    List<Node> nodes = new ArrayList<>(List.of(root));
    List<Edge> edges = new ArrayList<>();
    List<Effect> effects = effects(senders, Set.of(), metric);
    for (Effect e : effects.subList(0, Math.min(count, effects.size()))) {
      Unit unit = e.sender();
      Node node =
          new Node(
              unit.site().endsWith("hook_z") ? Kind.HEAD : Kind.MLP,
              unit.site(),
              Integer.parseInt(unit.site().split("\\.", 3)[1]),
              unit.index(),
              unit.token(),
              e.change());
      nodes.add(node);
      edges.add(new Edge(node, root, List.of(), 1, e.change()));
    }
    return new Circuit(
        root,
        nodes,
        edges,
        metric.applyAsDouble(other()) - before,
        edges.stream().mapToDouble(Edge::attribution).sum());
  }
}
