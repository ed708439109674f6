package org.lapidary.interpret.transcoder;

import java.util.Map;
import org.lapidary.evidence.Progress;
import org.lapidary.interpret.circuit.MlpSites;
import org.lapidary.interpret.dictionary.Activation;
import org.lapidary.interpret.dictionary.ActivationBuffer;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.interpret.dictionary.DictionaryLayer;
import org.lapidary.interpret.dictionary.DictionaryTrainer;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Mlp;
import org.lapidary.nn.Model;
import org.lapidary.nn.Parameter;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Shape;
import org.lapidary.tensor.Tensor;

/**
 * Trains transcoders of a pre-norm decoder's MLPs and puts them in their place.
 *
 * @param training how the dictionary is trained
 * @param pool tokens whose activations are held at once
 */
public record Transcoder(DictionaryTrainer.Settings training, int pool) {

  /** So many features, with the defaults of {@link DictionaryTrainer}. */
  public static Transcoder of(int features) {
    return new Transcoder(DictionaryTrainer.Settings.defaults(features), 1 << 17);
  }

  public Transcoder withTraining(DictionaryTrainer.Settings other) {
    return new Transcoder(other, pool);
  }

  /**
   * Trains a dictionary that reads what a layer's MLP reads and gives what the MLP gives.
   *
   * @param sequences texts of one length, in tokens
   * @throws IllegalArgumentException if the model's blocks are not pre-norm with an MLP, or there
   *     is no such layer
   */
  public DictionaryTrainer.Trained train(
      Model model, int layer, int[][] sequences, Progress progress) {
    return train(
        model, MlpSites.input(model, layer), MlpSites.output(model, layer), sequences, progress);
  }

  /** Trains a sparse autoencoder of a layer's MLP output on the same tokens in the same way. */
  public DictionaryTrainer.Trained trainAutoencoder(
      Model model, int layer, int[][] sequences, Progress progress) {
    String site = MlpSites.output(model, layer);
    return train(model, site, site, sequences, progress);
  }

  /** A transcoder and an autoencoder of the same MLP. */
  public record Both(DictionaryTrainer.Trained transcoder, DictionaryTrainer.Trained autoencoder) {}

  /**
   * What {@link #train} and then {@link #trainAutoencoder} give, on activations for which the model
   * runs once. The progress reports two trainings.
   */
  public Both trainBoth(Model model, int layer, int[][] sequences, Progress progress) {
    String input = MlpSites.input(model, layer);
    String output = MlpSites.output(model, layer);
    DictionaryTrainer trainer = new DictionaryTrainer(training);
    try (ActivationBuffer buffer =
        new ActivationBuffer(model, input, output, sequences, pool, training.seed())) {
      return new Both(
          trainer.train(buffer, input, output, progress),
          trainer.train(buffer.outputs(), output, output, progress));
    }
  }

  private DictionaryTrainer.Trained train(
      Model model, String input, String output, int[][] sequences, Progress progress) {
    try (ActivationBuffer buffer =
        new ActivationBuffer(model, input, output, sequences, pool, training.seed())) {
      return new DictionaryTrainer(training).train(buffer, input, output, progress);
    }
  }

  /** A copy of a model in which transcoders, by layer, stand in the place of the MLPs. */
  public static Model swap(Model model, Map<Integer, Dictionary> transcoders) {
    MlpSites.requirePreNorm(model);
    Model swapped = model.copy();
    transcoders.forEach((layer, dictionary) -> {
      MlpSites.check(model, layer);
      int width = model.decoder().config().dModel();
      if (dictionary.dIn() != width || dictionary.dOut() != width) {
        throw new IllegalArgumentException(
            "a transcoder in this model maps %d to %d, was given one from %d to %d"
                .formatted(width, width, dictionary.dIn(), dictionary.dOut()));
      }
      swapped.layer().replace("blocks." + layer + ".mlp", new DictionaryLayer(dictionary));
    });
    return swapped;
  }

  /**
   * A plain ReLU MLP as the dictionary that it is: its features are the neurons.
   *
   * @throws IllegalArgumentException if the layer's MLP is of another kind
   */
  public static Dictionary neurons(Model model, int layer) {
    String path = "blocks." + layer + ".mlp";
    String input = MlpSites.input(model, layer);
    if (model.layer().layer(path) instanceof Mlp mlp
        && mlp.activation().equals("relu")
        && mlp.children().get("in") instanceof Linear in
        && mlp.children().get("out") instanceof Linear out) {
      try (Scope scope = Scope.open();
          var ignored = Autograd.noGrad()) {
        return new Dictionary(
            in.weight().value().copy(),
            bias(in),
            out.weight().value().t().copy(),
            bias(out),
            new Activation.Relu(),
            input,
            MlpSites.output(model, layer));
      }
    }
    throw new IllegalArgumentException(
        "only the neurons of a plain ReLU MLP are a dictionary; '%s' is of another kind"
            .formatted(path));
  }

  private static Tensor bias(Linear linear) {
    Parameter bias = linear.bias();
    return bias == null
        ? Tensor.zeros(linear.weight().tensor().dtype(), Shape.of(linear.out()))
        : bias.value().copy();
  }
}
