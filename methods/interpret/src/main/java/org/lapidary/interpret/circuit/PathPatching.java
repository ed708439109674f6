package org.lapidary.interpret.circuit;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.ToDoubleFunction;
import org.lapidary.interpret.circuit.Circuit.Edge;
import org.lapidary.interpret.circuit.Circuit.Kind;
import org.lapidary.interpret.circuit.Circuit.Node;
import org.lapidary.interpret.circuit.Faithfulness.Unit;
import org.lapidary.nn.Activations;
import org.lapidary.nn.DecoderConfig;
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
 * <p>Senders are heads ({@code blocks.L.attn.hook_z}), MLPs ({@code blocks.L.hook_mlp_out}) and the
 * tokens' embeddings ({@code hook_embed}). Receivers are any activations that hold what a part
 * reads: {@code blocks.L.hook_mlp_in} with index -1, or {@code blocks.L.attn.hook_q}, {@code
 * hook_k} and {@code hook_v} with a head. The logits are the receiver of {@link #toLogits}.
 *
 * <p>Costs two forward passes of all prompts at once for the recording, one for {@link #toLogits}
 * and two for {@link #through}.
 */
public final class PathPatching {
  private static final String HEADS = "blocks.*.attn.hook_z";
  private static final String MLPS = "blocks.*.hook_mlp_out";
  private static final String EMBEDDING = "hook_embed";

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
    String sites = "{" + EMBEDDING + "," + HEADS + "," + MLPS + "}";
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
        "{" + EMBEDDING + "," + HEADS + "," + MLPS + "}",
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
            "the sender at '%s' is no head, MLP or embedding of the model; those are at %s"
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

  /**
   * Every direct path from one part to another, tested alone: embeddings, heads and MLPs as
   * senders; heads (what their queries, keys and values read), MLPs and the last stream as
   * receivers, each at all tokens. Those that change the metric are the circuit's edges
   * (Goldowsky-Dill et al., 2023, arXiv 2304.05969). The parts stand at the token of the metric;
   * total is the change from the clean run to the other, kept that of the paths to the logits.
   *
   * <p>Costs two forward passes for every pair of parts, so that it is for small models. MLPs
   * should be held, or what passes through them counts as direct.
   *
   * @param threshold of |change|, from which on an edge is kept
   * @param token the position at which the metric is read
   */
  public Circuit edges(ToDoubleFunction<Tensor> metric, double threshold, int token) {
    double before = metric.applyAsDouble(clean());
    Node root = new Node(Kind.LOGIT, "ln_final.hook_normalized", -1, -1, token, before);
    List<Part> parts = parts();
    Set<Node> nodes = new LinkedHashSet<>(List.of(root));
    List<Edge> edges = new ArrayList<>();
    double kept = 0;
    for (Part from : parts) {
      try (Scope scope = Scope.open()) {
        double direct = metric.applyAsDouble(toLogits(from.writes())) - before;
        if (Math.abs(direct) >= threshold) {
          kept += direct;
          join(nodes, edges, from.node(token), root, direct);
        }
      }
      for (Part to : parts) {
        if (to.order() > from.order()) {
          try (Scope scope = Scope.open()) {
            double change = metric.applyAsDouble(through(from.writes(), to.reads())) - before;
            if (Math.abs(change) >= threshold) {
              join(nodes, edges, from.node(token), to.node(token), change);
            }
          }
        }
      }
    }
    double total = metric.applyAsDouble(other()) - before;
    return new Circuit(root, List.copyOf(nodes), edges, total, kept);
  }

  private static void join(Set<Node> nodes, List<Edge> edges, Node from, Node to, double change) {
    nodes.add(from);
    nodes.add(to);
    edges.add(new Edge(from, to, List.of(), 1, change));
  }

  /**
   * A part of the model.
   *
   * @param order of its sublayer; parts of one sublayer do not hear each other
   */
  private record Part(
      Kind kind, int layer, int head, int order, Set<Unit> writes, Set<Unit> reads) {
    Node node(int token) {
      return new Node(kind, writes.iterator().next().site(), layer, head, token, 0);
    }
  }

  private List<Part> parts() {
    int tokens = (int) input.size(1);
    List<Part> parts = new ArrayList<>();
    parts.add(new Part(Kind.EMBEDDING, -1, -1, -1, everywhere(EMBEDDING, -1, tokens), Set.of()));
    DecoderConfig config = model.decoder().config();
    int group = config.heads() / config.kvHeads();
    for (int l = 0; l < config.layers(); l++) {
      String block = "blocks." + l + ".";
      for (int h = 0; h < config.heads(); h++) {
        Set<Unit> reads = everywhere(block + "attn.hook_q", h, tokens);
        reads.addAll(everywhere(block + "attn.hook_k", h / group, tokens));
        reads.addAll(everywhere(block + "attn.hook_v", h / group, tokens));
        Set<Unit> writes = everywhere(block + "attn.hook_z", h, tokens);
        parts.add(new Part(Kind.HEAD, l, h, 2 * l, writes, reads));
      }
      if (MlpSites.has(model)) {
        int order = config.placement().equals("parallel") ? 2 * l : 2 * l + 1;
        Set<Unit> writes = everywhere(block + "hook_mlp_out", -1, tokens);
        Set<Unit> reads = everywhere(block + "hook_mlp_in", -1, tokens);
        parts.add(new Part(Kind.MLP, l, -1, order, writes, reads));
      }
    }
    return parts;
  }

  private static Set<Unit> everywhere(String site, int index, int tokens) {
    Set<Unit> units = new LinkedHashSet<>();
    for (int t = 0; t < tokens; t++) {
      units.add(new Unit(site, index, t));
    }
    return units;
  }
}
