package org.lapidary.nn;

import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Graph;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * A layer tree with its configuration and, for language models, its tokenizer. Methods take models
 * and give new ones; none changes its argument.
 */
public final class Model {
  private final ModelConfig config;
  private final Layer layer;
  private final @Nullable Tokenizer tokenizer;

  public Model(ModelConfig config, Layer layer, @Nullable Tokenizer tokenizer) {
    if (!(layer instanceof UnaryLayer)) {
      throw new IllegalArgumentException(
          layer.getClass().getSimpleName() + " does not map one tensor to one tensor");
    }
    this.config = config;
    this.layer = layer;
    this.tokenizer = tokenizer;
  }

  /** A model with random parameters. */
  public static Model random(ModelConfig config, Rng rng) {
    Layer layer = config.build();
    layer.initialise(rng);
    return new Model(config, layer, null);
  }

  /**
   * For a decoder: token ids [batch, position] to logits [batch, position, vocab]; for a
   * metaformer: images [batch, channels, height, width] to logits [batch, classes].
   */
  public Tensor forward(Tensor input) {
    return ((UnaryLayer) layer).forward(input);
  }

  public ModelConfig config() {
    return config;
  }

  public Layer layer() {
    return layer;
  }

  public @Nullable Tokenizer tokenizer() {
    return tokenizer;
  }

  /** The root as a decoder. */
  public Decoder decoder() {
    if (layer instanceof Decoder decoder) {
      return decoder;
    }
    throw new IllegalArgumentException(
        "this needs a decoder language model, was a " + config.family());
  }

  /** The root as a classifier of images or grids. */
  public MetaFormer metaFormer() {
    if (layer instanceof MetaFormer metaFormer) {
      return metaFormer;
    }
    throw new IllegalArgumentException(
        "this needs a metaformer, such as a vit; was a " + config.family());
  }

  /** A deep copy with its own parameters. */
  public Model copy() {
    return new Model(config, layer.copy(), tokenizer);
  }

  public Model withTokenizer(@Nullable Tokenizer other) {
    return new Model(config, layer, other);
  }

  /**
   * Runs once without gradients and keeps the activations at some sites.
   *
   * @param sites a glob, see {@link Sites#glob}
   * @throws IllegalArgumentException if no site matches, naming the nearest
   */
  public Activations capture(Tensor input, String sites) {
    return capture(input, sites, this::forward);
  }

  private static Activations capture(Tensor input, String sites, Function<Tensor, Tensor> forward) {
    Pattern pattern = Sites.glob(sites);
    Map<String, Tensor> kept = new LinkedHashMap<>();
    java.util.List<String> seen = new java.util.ArrayList<>();
    Sites.Visitor visitor =
        new Sites.Visitor() {
          @Override
          public boolean wants(String path) {
            seen.add(path);
            return pattern.matcher(path).matches();
          }

          @Override
          public Tensor visit(String path, Tensor activation) {
            kept.put(path, activation);
            return activation;
          }
        };
    Tensor output;
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      output = Sites.visiting(visitor, () -> forward.apply(input));
      kept.values().forEach(scope::keep);
      scope.keep(output);
    }
    if (kept.isEmpty()) {
      throw new IllegalArgumentException(
          "no site matches '%s'; nearest are %s".formatted(sites, Nearest.names(sites, seen, 5)));
    }
    return new Activations(kept, output);
  }

  /** This model with interventions; the parameters are shared. */
  public Intervened with(Intervention... interventions) {
    return new Intervened(this, List.of(interventions));
  }

  /** A model that runs with interventions. */
  public static final class Intervened {
    private final Model model;
    private final List<Intervention> interventions;

    private Intervened(Model model, List<Intervention> interventions) {
      this.model = model;
      this.interventions = interventions;
    }

    public Tensor forward(Tensor input) {
      return during(() -> model.forward(input));
    }

    /**
     * Whatever work runs the model on this thread: sampling, measuring a loss. The model is the one
     * that the interventions were given to.
     */
    public <T> T during(Supplier<T> work) {
      return during(work, 0);
    }

    private <T> T during(Supplier<T> work, int from) {
      return from == interventions.size()
          ? work.get()
          : Sites.visiting(interventions.get(from).visitor(), () -> during(work, from + 1));
    }

    /** Activations after the interventions. */
    public Activations capture(Tensor input, String sites) {
      Pattern pattern = Sites.glob(sites);
      Map<String, Tensor> kept = new LinkedHashMap<>();
      Sites.Visitor last =
          new Sites.Visitor() {
            @Override
            public boolean wants(String path) {
              return pattern.matcher(path).matches();
            }

            @Override
            public Tensor visit(String path, Tensor activation) {
              kept.put(path, activation);
              return activation;
            }
          };
      try (Scope scope = Scope.open();
          var ignored = Autograd.noGrad()) {
        Tensor output = during(() -> Sites.visiting(last, () -> model.forward(input)));
        kept.values().forEach(scope::keep);
        return new Activations(kept, scope.keep(output));
      }
    }
  }

  /** The graph of one forward pass, with parameters named by path and sites labelled. */
  public Graph graph(Tensor input) {
    Map<Tensor, String> names = new IdentityHashMap<>();
    layer.state().forEach((path, p) -> names.put(p.tensor(), path));
    try (var ignored = Autograd.noGrad()) {
      return Graph.record(in -> List.of(forward(in.getFirst())), List.of(input), names);
    }
  }
}
