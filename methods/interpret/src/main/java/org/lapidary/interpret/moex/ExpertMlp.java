package org.lapidary.interpret.moex;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lapidary.interpret.dictionary.Activation;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.interpret.dictionary.ExpertRouting;
import org.lapidary.nn.BlockConfig;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Mlp;
import org.lapidary.nn.Parameter;
import org.lapidary.nn.Slots;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Graph;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

/**
 * A mixture of experts: [..., dModel] to the same. Expert j gives W_dec^j^T activation(W_enc^j x);
 * a token goes to the K experts with the highest scores and its output is their sum, weighted by a
 * softmax over those scores. That is one MLP of experts * width units of which all but K * width
 * are put to 0, and whoever asks for {@code hook_pre} or {@code hook_post} has it computed so.
 *
 * <p>Sites: {@code hook_scores} and {@code hook_gates} [..., experts] (the latter 0 for experts
 * that the token is not sent to), {@code hook_pre} and {@code hook_post} [..., experts * width]
 * (the latter with the gates multiplied in).
 */
public final class ExpertMlp extends Layer implements UnaryLayer {

  /** Who decides where a token goes. */
  public enum Router {
    /** {@link ExpertRouting#scores}: the experts expected to fire least; no weights. */
    SPARSITY,
    /** W_r x with trained W_r [experts, dModel], as in Switch Transformers. */
    LEARNED
  }

  /**
   * What a mixture is made of.
   *
   * @param dModel width of the stream
   * @param width hidden units of one expert
   * @param routing how many experts there are, and how many a token goes to
   * @param activation of the hidden units, see {@link Slots#ACTIVATIONS}
   * @param router who decides
   * @param outDeviation of the decoders' entries before training
   */
  public record Config(
      int dModel,
      int width,
      ExpertRouting routing,
      String activation,
      Router router,
      double outDeviation) {
    public Config {
      if (dModel < 1 || width < 1) {
        throw new IllegalArgumentException(
            "a stream and experts of at least one unit are needed, were %d and %d"
                .formatted(dModel, width));
      }
      Slots.check("activation", activation, Slots.ACTIVATIONS.toArray(String[]::new));
    }

    /**
     * In place of a block's MLP, with as many units active for a token as that would have.
     *
     * @throws IllegalArgumentException if its hidden width is not a multiple of the experts kept
     */
    public static Config of(
        BlockConfig block, ExpertRouting routing, String activation, Router router) {
      if (block.dMlp() % routing.kept() != 0) {
        throw new IllegalArgumentException(
            "%d hidden units cannot be shared by the %d experts of a token"
                .formatted(block.dMlp(), routing.kept()));
      }
      return new Config(
          block.dModel(),
          block.dMlp() / routing.kept(),
          routing,
          activation,
          router,
          block.outDeviation());
    }

    private int units() {
      return routing.experts() * width;
    }
  }

  private final Config config;
  private final Parameter encoder;
  private final Parameter decoder;
  private final @Nullable Parameter router;

  /** Undrawn. */
  public ExpertMlp(Config config) {
    this.config = config;
    encoder = parameter("encoder", Tensor.zeros(config.units(), config.dModel));
    decoder = parameter("decoder", Tensor.zeros(config.units(), config.dModel));
    router =
        config.router == Router.LEARNED
            ? parameter("router", Tensor.zeros(config.routing.experts(), config.dModel))
            : null;
  }

  /**
   * Experts that each begin as a trained MLP ("upcycling", Komatsuzaki et al., 2022, arXiv
   * 2212.05055), told apart by noise.
   *
   * @param noise deviation of what is added to each entry, relative to the matrix's own
   * @throws IllegalArgumentException if its matrices are not plain ones, or have a bias
   */
  public static ExpertMlp upcycled(
      Mlp mlp, ExpertRouting routing, Router router, double noise, Rng rng) {
    if (!(mlp.layer("in") instanceof Linear in && mlp.layer("out") instanceof Linear out)
        || in.bias() != null
        || out.bias() != null) {
      throw new IllegalArgumentException(
          "experts are made from an MLP of two plain matrices without biases");
    }
    ExpertMlp made =
        new ExpertMlp(new Config(in.in(), in.out(), routing, mlp.activation(), router, 0.02));
    made.draw(rng);
    made.encoder.set(repeated(in.weight().value(), routing.experts(), noise, rng));
    made.decoder.set(repeated(out.weight().value().t(), routing.experts(), noise, rng));
    return made;
  }

  private static Tensor repeated(Tensor matrix, int times, double noise, Rng rng) {
    List<Tensor> copies = new ArrayList<>();
    double deviation = noise * Math.sqrt(matrix.square().mean().item());
    for (int i = 0; i < times; i++) {
      copies.add(matrix.add(rng.normal(deviation, matrix.shape().toArray())));
    }
    return Tensor.concat(0, copies).copy();
  }

  @Override
  protected void draw(Rng rng) {
    encoder.set(rng.normal(0.02, config.units(), config.dModel));
    decoder.set(rng.normal(config.outDeviation, config.units(), config.dModel));
    if (router != null) {
      router.set(rng.normal(0.02, config.routing.experts(), config.dModel));
    }
  }

  public Config config() {
    return config;
  }

  /** What decides where tokens [..., dModel] go, [..., experts]: the higher, the sooner. */
  public Tensor scores(Tensor x) {
    return router == null
        ? config.routing.scores(x, encoder.value())
        : x.linear(router.value(), null);
  }

  @Override
  public Tensor forward(Tensor x) {
    Tensor scores = site("hook_scores", scores(x));
    Tensor.Indexed top = scores.topk(config.routing.kept(), -1);
    Tensor computed = ExpertRouting.spread(scores, top);
    Tensor gates = site("hook_gates", computed);
    boolean seen = wanted("hook_pre") || wanted("hook_post") || Graph.recording();
    return seen || gates != computed ? wide(x, gates) : sent(x, top);
  }

  /** All units of all experts, most of them times 0. */
  private Tensor wide(Tensor x, Tensor gates) {
    Tensor pre = site("hook_pre", x.linear(encoder.value(), null));
    Tensor hidden = Slots.activate(config.activation, pre);
    Tensor post = site("hook_post", hidden.mul(config.routing.perUnit(gates, config.width)));
    return post.matmul(decoder.value());
  }

  /** Each expert computes for the tokens it is sent, and for no others. */
  private Tensor sent(Tensor x, Tensor.Indexed top) {
    int kept = config.routing.kept();
    Tensor flat = x.reshape(-1, config.dModel);
    Dispatch dispatch = Dispatch.of(top.indices().toLongs(), kept, config.routing.experts());
    Tensor arriving = flat.indexSelect(0, dispatch.tokens());
    List<Tensor> encoders = encoder.value().split(0, config.routing.experts());
    List<Tensor> decoders = decoder.value().split(0, config.routing.experts());
    List<Tensor> leaving = new ArrayList<>();
    for (int j = 0; j < config.routing.experts(); j++) {
      if (dispatch.from(j) < dispatch.from(j + 1)) {
        Tensor mine = arriving.slice(0, dispatch.from(j), dispatch.from(j + 1));
        Tensor hidden = Slots.activate(config.activation, mine.linear(encoders.get(j), null));
        leaving.add(hidden.matmul(decoders.get(j)));
      }
    }
    Tensor back = Tensor.concat(0, leaving).indexSelect(0, dispatch.places());
    Tensor weights = top.values().softmax(-1).reshape(-1, kept, 1);
    return back.reshape(-1, kept, config.dModel).mul(weights).sum(false, 1).reshape(x.shape());
  }

  /**
   * Tokens in the order of the experts they go to.
   *
   * @param tokens the token of each sending, expert after expert, [tokens * kept]
   * @param places where each token's sendings are in that order, [tokens * kept]
   * @param starts where each expert's begin, and the end
   */
  private record Dispatch(Tensor tokens, Tensor places, int[] starts) {
    static Dispatch of(long[] chosen, int kept, int experts) {
      int[] starts = new int[experts + 1];
      for (long expert : chosen) {
        starts[(int) expert + 1]++;
      }
      for (int j = 0; j < experts; j++) {
        starts[j + 1] += starts[j];
      }
      int[] next = starts.clone();
      long[] tokens = new long[chosen.length];
      long[] places = new long[chosen.length];
      for (int i = 0; i < chosen.length; i++) {
        int place = next[(int) chosen[i]]++;
        tokens[place] = i / kept;
        places[i] = place;
      }
      return new Dispatch(
          Tensor.of(tokens, tokens.length), Tensor.of(places, places.length), starts);
    }

    int from(int expert) {
      return starts[expert];
    }
  }

  /**
   * Its units as features.
   *
   * @param input the site of what it reads, or empty
   * @param output the site of what it writes, or empty
   * @throws IllegalStateException unless the experts are sparse ReLUs chosen by sparsity
   */
  public Dictionary dictionary(String input, String output) {
    if (config.router != Router.SPARSITY || !config.activation.equals("relu")) {
      throw new IllegalStateException(
          "units are features where experts fire by ReLU and are chosen by sparsity; these have %s and %s"
              .formatted(config.activation, config.router));
    }
    return new Dictionary(
        encoder.value(),
        Tensor.zeros(config.units()),
        decoder.value(),
        Tensor.zeros(config.dModel),
        new Activation.Experts(config.routing),
        input,
        output);
  }

  /** W_enc [experts * width, dModel], one expert after another. */
  public Tensor encoder() {
    return encoder.value();
  }

  /** W_dec [experts * width, dModel]. */
  public Tensor decoder() {
    return decoder.value();
  }

  @Override
  protected Layer blank() {
    return new ExpertMlp(config);
  }
}
