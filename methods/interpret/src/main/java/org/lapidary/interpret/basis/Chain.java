package org.lapidary.interpret.basis;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.lapidary.nn.Sites;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Tensor;

/**
 * A network as what each layer makes of the one before: every step maps activations [examples,
 * width] to those of the next layer, each example by itself, and can be differentiated.
 *
 * @param start activations of the first layer, float64 [examples, width]
 * @param steps from each layer to the next
 */
public record Chain(Tensor start, List<UnaryOperator<Tensor>> steps) {
  public Chain {
    steps = List.copyOf(steps);
    if (start.rank() != 2 || start.dtype() != DType.FLOAT64 || steps.isEmpty()) {
      throw new IllegalArgumentException(
          "a chain starts with float64 [examples, width] and has a step or more, was %s and %d steps"
              .formatted(start.type(), steps.size()));
    }
  }

  /**
   * The layers of a network of the house that are named by sites, and its output. What the network
   * computes between two sites must depend on the first of them and on no other activation.
   *
   * @param network its parameters in float64
   * @param inputs one example a row
   * @param sites in the order in which the network passes them; activations of an example are
   *     flattened
   */
  public static Chain of(UnaryLayer network, Tensor inputs, List<String> sites) {
    if (sites.isEmpty()) {
      throw new IllegalArgumentException("a chain needs at least one site to start at");
    }
    Tensor first;
    try (var ignored = Autograd.noGrad()) {
      Passage passage = new Passage("", sites.getFirst(), null);
      passage.through(network, inputs);
      first = passage.seen(sites.getFirst());
    }
    List<UnaryOperator<Tensor>> steps = new ArrayList<>();
    for (int i = 0; i < sites.size(); i++) {
      String from = sites.get(i);
      String to = i + 1 < sites.size() ? sites.get(i + 1) : "";
      steps.add(x -> {
        Passage passage = new Passage(from, to, x);
        Tensor output = passage.through(network, inputs);
        return (to.isEmpty() ? output : passage.seen(to)).reshape(x.size(0), -1);
      });
    }
    return new Chain(first.reshape(first.size(0), -1), steps);
  }

  /** Puts an activation in at one site and takes one out at another. */
  private static final class Passage implements Sites.Visitor {
    private final String from;
    private final String to;
    private final @Nullable Tensor put;
    private @Nullable Tensor taken;

    Passage(String from, String to, @Nullable Tensor put) {
      this.from = from;
      this.to = to;
      this.put = put;
    }

    Tensor through(UnaryLayer network, Tensor inputs) {
      return Sites.visiting(this, () -> network.forward(inputs));
    }

    @Override
    public boolean wants(String path) {
      return path.equals(from) || path.equals(to);
    }

    @Override
    public Tensor visit(String path, Tensor activation) {
      if (path.equals(from) && put != null) {
        return put.reshape(activation.shape());
      }
      taken = activation;
      return activation;
    }

    Tensor seen(String site) {
      Tensor tensor = taken;
      if (tensor == null) {
        throw new IllegalArgumentException("the network does not pass the site '" + site + "'");
      }
      return tensor;
    }
  }

  /** Layers, the first and the last included. */
  public int layers() {
    return steps.size() + 1;
  }

  /** The activations of all layers, [examples, width] each. */
  public List<Tensor> activations() {
    List<Tensor> all = new ArrayList<>(List.of(start));
    try (var ignored = Autograd.noGrad()) {
      for (UnaryOperator<Tensor> step : steps) {
        all.add(step.apply(all.getLast()));
      }
    }
    return all;
  }

  /** The last layer for other activations of a layer. */
  public Tensor from(int layer, Tensor activations) {
    Tensor x = activations;
    for (UnaryOperator<Tensor> step : steps.subList(layer, steps.size())) {
      x = step.apply(x);
    }
    return x;
  }

  /** The same steps from other examples. */
  public Chain on(Tensor examples) {
    return new Chain(examples, steps);
  }
}
