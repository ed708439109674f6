package org.lapidary.compress.hawqv2;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.lapidary.compress.StraightThrough;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.BatchNorm;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Model;
import org.lapidary.nn.Parameter;
import org.lapidary.nn.Sites;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.Sgd;
import org.lapidary.train.Task;
import org.lapidary.train.Trainer;

/**
 * A model that computes with rounded weights and clipped, rounded activations, and can be trained
 * so: gradients pass straight through the rounding.
 *
 * @param model its stored weights are those before rounding
 * @param plan the widths
 * @param clips by the site of the activations, {@code <layer>.hook_in}
 */
public record QuantizedModel(Model model, BitPlan plan, Map<String, Clip> clips)
    implements UnaryOperator<Tensor> {

  /** A model rounded to a plan; the argument stays as it is. */
  public static QuantizedModel of(Model model, BitPlan plan, Sensitivities sensitivities) {
    Model copy = model.copy();
    Map<String, Clip> clips = new LinkedHashMap<>();
    for (LayerSensitivity layer : sensitivities.layers()) {
      BitPlan.Widths widths = plan.of(layer.path());
      weight(copy, layer.path()).view(StraightThrough.perOutput(widths.weights()));
      if (widths.activations() != BitPlan.FLOAT) {
        clips.put(layer.path() + ".hook_in", layer.clip(widths.activations()));
      }
    }
    return new QuantizedModel(copy, plan, clips);
  }

  private static Parameter weight(Model model, String path) {
    return model.layer().parameterAt(path + ".weight");
  }

  /** The model's output with everything rounded. */
  public Tensor forward(Tensor input) {
    return clips.isEmpty()
        ? model.forward(input)
        : Sites.visiting(new Rounding(clips), () -> model.forward(input));
  }

  @Override
  public Tensor apply(Tensor input) {
    return forward(input);
  }

  private record Rounding(Map<String, Clip> clips) implements Sites.Visitor {
    @Override
    public boolean wants(String path) {
      return clips.containsKey(path);
    }

    @Override
    public Tensor visit(String path, Tensor activation) {
      return java.util.Objects.requireNonNull(clips.get(path)).apply(activation);
    }
  }

  /**
   * Trains all layers together (SGD, momentum 0.9) with rounding in place; this one stays as it is.
   * Batch norms keep their averages, as in the authors' code: a rounded model has them folded into
   * its weights.
   *
   * @param task from the network to what it is trained for
   */
  public QuantizedModel finetune(
      Function<UnaryOperator<Tensor>, Task> task, Trainer.Settings settings, Progress progress) {
    QuantizedModel tuned = new QuantizedModel(model.copy(), plan, clips);
    Layer layer = tuned.model.layer();
    Task training = task.apply(tuned);
    try (Sgd sgd = new Sgd(Trainer.parameters(layer), new Sgd.Settings(0.9, 0, false))) {
      new Trainer(
              layer,
              sgd,
              (step, rng) -> {
                fixNorms(layer);
                return training.loss(step, rng);
              },
              settings)
          .run(progress);
    }
    layer.requiresGrad(false);
    return tuned;
  }

  private static void fixNorms(Layer model) {
    model.walk((path, layer) -> {
      if (layer instanceof BatchNorm) {
        layer.training(false);
      }
    });
  }

  /** A plain model that stores the rounded weights; activations are not rounded. */
  public Model dequantized() {
    Model plain = model.copy();
    plan.widths()
        .keySet()
        .forEach(path -> {
          Parameter w = weight(plain, path);
          Tensor rounded = w.value().detach().copy();
          w.view(null);
          w.set(rounded);
        });
    return plain;
  }
}
