package org.lapidary.interpret.circuit;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lapidary.interpret.circuit.Circuit.Kind;
import org.lapidary.interpret.circuit.Circuit.Node;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.interpret.dictionary.DictionaryLayer;
import org.lapidary.nn.Activations;
import org.lapidary.nn.Block;
import org.lapidary.nn.Decoder;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Model;
import org.lapidary.nn.Norm;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Shape;
import org.lapidary.tensor.Tensor;

/**
 * One prompt through a pre-norm decoder with its attention patterns and norm scales held fixed. The
 * residual stream is then a sum of embeddings, heads' parts from every token, dictionary features
 * and biases, and every feature and logit is a linear {@link Reading} of it, whose {@link
 * #contributions} sum to its value.
 *
 * <p>Layers whose MLP is a {@link DictionaryLayer} are exact. For other layers, dictionaries may be
 * given; what a dictionary misses of the MLP's output is then a source of its own ({@link
 * Kind#ERROR}). An MLP without a dictionary is one source per token ({@link Kind#MLP}). Values are
 * kept as float64.
 */
public final class FrozenPass {
  private final Decoder decoder;
  private final Pullback pullback;
  private final int[] tokens;
  private final Tensor embedding;
  private final @Nullable Tensor positions;
  private final List<FrozenNorm> beforeAttention = new ArrayList<>();
  private final List<FrozenNorm> beforeMlp = new ArrayList<>();
  private final FrozenNorm beforeLogits;
  private final List<double[]> patterns = new ArrayList<>();
  private final List<Tensor> values = new ArrayList<>();
  private final List<Written> mlps = new ArrayList<>();
  private final Tensor logits;

  /**
   * What an MLP wrote.
   *
   * @param dictionary null where there is none
   * @param pre [token, feature], z the same; empty where there is no dictionary
   * @param rest what no feature wrote, [token, dModel]; null where that is nothing
   */
  private record Written(
      @Nullable Dictionary dictionary, Tensor pre, Tensor z, @Nullable Tensor rest) {
    private static final Tensor NONE = Tensor.zeros(DType.FLOAT64, Shape.of(0, 0)).unscoped();

    /** Of a block without an MLP. */
    static final Written NOTHING = rest(null);

    static Written rest(@Nullable Tensor rest) {
      return new Written(null, NONE, NONE, rest);
    }
  }

  private FrozenPass(
      Model model, Map<Integer, Dictionary> dictionaries, int[] tokens, Activations acts) {
    this.decoder = model.decoder();
    this.pullback = new Pullback(model);
    this.tokens = tokens.clone();
    int length = tokens.length;
    embedding = keep(acts.at("hook_embed").select(0, 0));
    positions =
        acts.sites().contains("hook_pos_embed")
            ? keep(acts.at("hook_pos_embed").select(0, 0))
            : null;
    for (int l = 0; l < decoder.blocks().size(); l++) {
      Block block = decoder.blocks().get(l);
      beforeAttention.add(FrozenNorm.of(block.ln1(), acts, length));
      Norm second = block.ln2();
      if (second != null) {
        beforeMlp.add(FrozenNorm.of(second, acts, length));
      }
      patterns.add(acts.at("blocks." + l + ".attn.hook_pattern").toDoubles());
      values.add(spread(keep(acts.at("blocks." + l + ".attn.hook_v").select(0, 0))));
      mlps.add(
          second == null ? Written.NOTHING : written(model, block, l, dictionaries.get(l), acts));
    }
    beforeLogits = FrozenNorm.of(decoder.lnFinal(), acts, length);
    logits = keep(acts.output().select(0, 0));
  }

  /** A model whose MLPs are dictionaries, or some of them. */
  public static FrozenPass of(Model model, int[] tokens) {
    return of(model, Map.of(), tokens);
  }

  /**
   * Records a pass.
   *
   * @param dictionaries transcoders by layer, for layers whose MLP is not a dictionary itself
   * @param tokens the prompt
   * @throws IllegalArgumentException if the model's blocks are not pre-norm with an MLP
   */
  public static FrozenPass of(Model model, Map<Integer, Dictionary> dictionaries, int[] tokens) {
    MlpSites.requirePreNorm(model);
    if (tokens.length == 0) {
      throw new IllegalArgumentException("a prompt needs at least one token");
    }
    List<String> sites =
        new ArrayList<>(
            List.of(
                "hook_embed",
                "hook_pos_embed",
                "ln_final.hook_scale",
                "blocks.*.ln1.hook_scale",
                "blocks.*.ln2.hook_scale",
                "blocks.*.attn.hook_pattern",
                "blocks.*.attn.hook_v",
                "blocks.*.hook_mlp_out"));
    for (int l = 0; l < model.decoder().blocks().size() && MlpSites.has(model); l++) {
      sites.add(MlpSites.input(model, l));
    }
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor ids = Tensor.of(tokens, 1, tokens.length);
      Activations acts = model.capture(ids, "{" + String.join(",", sites) + "}");
      return new FrozenPass(model, dictionaries, tokens, acts);
    }
  }

  private static Tensor keep(Tensor x) {
    return x.to(DType.FLOAT64).copy().unscoped();
  }

  private Tensor spread(Tensor v) {
    int group = decoder.config().heads() / decoder.config().kvHeads();
    long length = v.size(0);
    long width = v.size(2);
    return v.unsqueeze(2)
        .expand(length, v.size(1), group, width)
        .reshape(length, v.size(1) * group, width)
        .copy()
        .unscoped();
  }

  private static Written written(
      Model model, Block block, int l, @Nullable Dictionary given, Activations acts) {
    Tensor out = keep(acts.at("blocks." + l + ".hook_mlp_out").select(0, 0));
    boolean inSlot = block.mlp() instanceof DictionaryLayer;
    Dictionary used = block.mlp() instanceof DictionaryLayer d ? d.dictionary() : given;
    if (used == null) {
      return Written.rest(out);
    }
    Dictionary exact = used.to(DType.FLOAT64);
    Tensor x = keep(acts.at(MlpSites.input(model, l)).select(0, 0));
    Tensor pre = exact.preActivations(x);
    Tensor z = exact.activation().apply(pre, x, exact.encoder());
    Tensor rest = inSlot ? null : out.sub(exact.decode(z)).unscoped();
    return new Written(exact, pre.unscoped(), z.unscoped(), rest);
  }

  /** The prompt. */
  public int[] tokens() {
    return tokens.clone();
  }

  /** The number of blocks. */
  public int layers() {
    return mlps.size();
  }

  /** The activations of a layer's features, float64 [token, feature]. */
  public Tensor features(int layer) {
    return used(layer).z;
  }

  /** The pre-activations of a layer's features, float64 [token, feature]. */
  public Tensor preActivations(int layer) {
    return used(layer).pre;
  }

  private Written used(int layer) {
    Written written = mlps.get(Objects.checkIndex(layer, mlps.size()));
    if (written.dictionary == null) {
      throw new IllegalArgumentException(
          "layer %d has no transcoder in this pass; give one, or put one in its MLP's place"
              .formatted(layer));
    }
    return written;
  }

  private int position(int token) {
    if (token < 0 || token >= tokens.length) {
      throw new IllegalArgumentException(
          "token %d does not exist; the prompt has %d".formatted(token, tokens.length));
    }
    return token;
  }

  /**
   * The pre-activation of a feature, whose encoder bias and the norm's shift are its constant.
   *
   * @throws IllegalArgumentException if there is no such layer's transcoder, feature or token
   */
  public Reading feature(int layer, int feature, int token) {
    Written written = used(layer);
    Dictionary dictionary = Objects.requireNonNull(written.dictionary);
    Tensor reader = dictionary.reader(feature);
    position(token);
    FrozenNorm norm = beforeMlp.get(layer);
    double scale = norm.scales()[token];
    double bias = dictionary.encoderBias().select(0, feature).item() + norm.constant(reader);
    Node target =
        new Node(
            Kind.FEATURE,
            "blocks." + layer + ".mlp.hook_post",
            layer,
            feature,
            token,
            value(written.z, token, feature));
    return new Reading(
        target,
        norm.pull(reader).unscoped(),
        1 / scale,
        bias * scale,
        token,
        layer + 1,
        layer,
        List.of());
  }

  private static double value(Tensor table, int row, int column) {
    return table.select(0, row).select(0, column).item();
  }

  /** The logit of one token id at a position, before any soft cap. */
  public Reading logit(int id, int token) {
    double[] direction = new double[decoder.config().vocab()];
    direction[Objects.checkIndex(id, direction.length)] = 1;
    return logits(direction, id, token);
  }

  /**
   * A weighted sum of logits at a position.
   *
   * @param direction a weight for every token id
   */
  public Reading logits(double[] direction, int token) {
    return logits(direction, -1, token);
  }

  private Reading logits(double[] direction, int id, int token) {
    position(token);
    Tensor weights = Tensor.of(direction);
    Tensor after = pullback.afterFinalNorm(direction);
    double scale = beforeLogits.scales()[token];
    double bias = beforeLogits.constant(after);
    if (decoder.children().get("unembed") instanceof Linear linear && linear.bias() != null) {
      bias += linear.bias().value().to(DType.FLOAT64).mul(weights).sum().item();
    }
    double value = logits.select(0, token).mul(weights).sum().item();
    Node target = new Node(Kind.LOGIT, "ln_final.hook_normalized", -1, id, token, value);
    return new Reading(
        target,
        beforeLogits.pull(after).unscoped(),
        1 / scale,
        bias * scale,
        token,
        layers(),
        layers(),
        List.of());
  }

  /** What a target's value was in the pass: a pre-activation, or a sum of logits. */
  public double recorded(Reading reading) {
    Node target = reading.target();
    return target.kind() == Kind.FEATURE
        ? value(used(target.layer()).pre, target.token(), target.index())
        : target.value();
  }

  /** Everything that adds to a reading; the attributions sum to its value. */
  public List<Contribution> contributions(Reading reading) {
    List<Contribution> all = new ArrayList<>();
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      int t = reading.token();
      double gain = reading.gain();
      Tensor w = reading.direction();
      all.add(
          new Contribution(
              new Node(Kind.EMBEDDING, "hook_embed", -1, tokens[t], t, 1),
              gain,
              dot(embedding.select(0, t), w)));
      if (positions != null) {
        all.add(
            new Contribution(
                new Node(Kind.POSITION, "hook_pos_embed", -1, t, t, 1),
                gain,
                dot(positions.select(0, t), w)));
      }
      for (int m = 0; m < reading.attentions(); m++) {
        heads(reading, m, all);
      }
      for (int l = 0; l < reading.mlps(); l++) {
        mlp(reading, l, all);
      }
      Node own = reading.target();
      all.add(
          new Contribution(
              new Node(Kind.BIAS, own.site(), own.layer(), -1, t, 1), gain, reading.constant()));
    }
    return all;
  }

  private void heads(Reading reading, int m, List<Contribution> all) {
    String path = "blocks." + m + ".attn.";
    Linear out = pullback.output(m);
    double[] weights = carried(m, reading.direction());
    int heads = decoder.config().heads();
    int t = reading.token();
    for (int h = 0; h < heads; h++) {
      for (int s = 0; s <= t; s++) {
        double a = attention(m, h, t, s);
        if (a != 0) {
          Node source = new Node(Kind.HEAD, path + "hook_pattern", m, h, s, a);
          all.add(new Contribution(source, reading.gain() * a, weights[s * heads + h]));
        }
      }
    }
    if (out.bias() != null) {
      double bias = dot(out.bias().value().to(DType.FLOAT64), reading.direction());
      Node source = new Node(Kind.BIAS, "blocks." + m + ".hook_attn_out", m, -1, t, 1);
      all.add(new Contribution(source, reading.gain(), bias));
    }
  }

  /** direction . W_O^h v_h(s), by [token][head]. */
  private double[] carried(int m, Tensor direction) {
    Tensor pulled = pullback.atHeads(direction, m);
    return values.get(m).mul(pulled.unsqueeze(0)).sum(false, 2).toDoubles();
  }

  private double attention(int m, int head, int query, int key) {
    int n = tokens.length;
    return patterns.get(m)[(head * n + query) * n + key];
  }

  private void mlp(Reading reading, int l, List<Contribution> all) {
    Written written = mlps.get(l);
    int t = reading.token();
    String site = "blocks." + l + ".hook_mlp_out";
    Dictionary dictionary = written.dictionary;
    if (dictionary != null) {
      double[] z = written.z.select(0, t).toDoubles();
      double[] weights =
          dictionary.decoder().matmul(reading.direction().unsqueeze(1)).squeeze(1).toDoubles();
      for (int i = 0; i < z.length; i++) {
        if (z[i] != 0) {
          Node source = new Node(Kind.FEATURE, "blocks." + l + ".mlp.hook_post", l, i, t, z[i]);
          all.add(new Contribution(source, reading.gain() * z[i], weights[i]));
        }
      }
      all.add(
          new Contribution(
              new Node(Kind.BIAS, site, l, -1, t, 1),
              reading.gain(),
              dot(dictionary.decoderBias(), reading.direction())));
    }
    if (written.rest != null) {
      Kind kind = dictionary == null ? Kind.MLP : Kind.ERROR;
      all.add(
          new Contribution(
              new Node(kind, site, l, -1, t, 1),
              reading.gain(),
              dot(written.rest.select(0, t), reading.direction())));
    }
  }

  /**
   * The part of a reading that a head brings from the token it attends to, as a reading of the
   * stream there: the direction pulled back through W_OV and the norm before the attention.
   *
   * @param source a contribution's source of kind {@link Kind#HEAD}
   */
  public Reading through(Reading reading, Node source) {
    if (source.kind() != Kind.HEAD || source.layer() >= reading.attentions()) {
      throw new IllegalArgumentException(
          "%s is not a head that this reading sees".formatted(source.name()));
    }
    int m = source.layer();
    int h = source.index();
    int s = position(source.token());
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Linear v = pullback.values(m);
      Tensor atHead = pullback.atHeads(reading.direction(), m).select(0, h);
      Tensor before = pullback.beforeValues(atHead, m, h);
      FrozenNorm norm = beforeAttention.get(m);
      double constant = norm.constant(before);
      if (v.bias() != null) {
        constant += dot(pullback.ofHead(v.bias().value(), h), atHead);
      }
      double scale = norm.scales()[s];
      double a = attention(m, h, reading.token(), s);
      return new Reading(
          reading.target(),
          scope.keep(norm.pull(before)).unscoped(),
          reading.gain() * a / scale,
          constant * scale,
          s,
          m,
          m,
          reading.plus(new Circuit.Hop(m, h, s, reading.token())));
    }
  }

  private static double dot(Tensor a, Tensor b) {
    return a.mul(b).sum().item();
  }
}
