package org.lapidary.interpret.dictionary;

import java.nio.file.Path;
import java.util.function.BinaryOperator;
import org.lapidary.nn.Intervention;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Shape;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

/**
 * z = activation(W_enc x + b_enc), y = W_dec^T z + b_dec. Row i of the encoder reads feature i from
 * x, row i of the decoder is the direction that the feature writes.
 *
 * @param encoder W_enc [features, dIn]
 * @param encoderBias b_enc [features]
 * @param decoder W_dec [features, dOut]
 * @param decoderBias b_dec [dOut]
 * @param activation what makes z sparse
 * @param inputSite the site that x comes from, see {@link org.lapidary.nn.Sites}; empty if none
 * @param outputSite the site that y stands for; equal to the input site in an autoencoder
 */
public record Dictionary(
    Tensor encoder,
    Tensor encoderBias,
    Tensor decoder,
    Tensor decoderBias,
    Activation activation,
    String inputSite,
    String outputSite) {

  /**
   * @throws ShapeException if the shapes do not fit together, the activation's among them
   * @throws IllegalArgumentException if k is larger than the number of features
   */
  public Dictionary {
    if (encoder.rank() != 2 || decoder.rank() != 2) {
      throw new ShapeException(
          "a dictionary needs an encoder [features, dIn] and a decoder [features, dOut], were %s and %s"
              .formatted(encoder.shape(), decoder.shape()));
    }
    long features = encoder.size(0);
    if (decoder.size(0) != features
        || !encoderBias.shape().equals(Shape.of(features))
        || !decoderBias.shape().equals(Shape.of(decoder.size(1)))) {
      throw new ShapeException(
          "the encoder %s, its bias %s, the decoder %s and its bias %s do not fit together; they are [n, dIn], [n], [n, dOut], [dOut]"
              .formatted(
                  encoder.shape(), encoderBias.shape(), decoder.shape(), decoderBias.shape()));
    }
    activation.check(features);
    encoder.unscoped();
    encoderBias.unscoped();
    decoder.unscoped();
    decoderBias.unscoped();
    activation.vectors().values().forEach(Tensor::unscoped);
  }

  /** How many features it has. */
  public int features() {
    return (int) encoder.size(0);
  }

  /** The width of what it reads. */
  public int dIn() {
    return (int) encoder.size(1);
  }

  /** The width of what it writes. */
  public int dOut() {
    return (int) decoder.size(1);
  }

  /** Whether it reconstructs what it reads. */
  public boolean autoencodes() {
    return inputSite.equals(outputSite) && dIn() == dOut();
  }

  /**
   * W_enc x + b_enc: [..., dIn] to [..., features].
   *
   * @throws ShapeException if x has another width
   */
  public Tensor preActivations(Tensor x) {
    if (x.rank() == 0 || x.size(-1) != dIn()) {
      throw new ShapeException(
          "this dictionary reads activations of width %d%s, was given %s; use the model and site it was trained on"
              .formatted(dIn(), inputSite.isEmpty() ? "" : " from '" + inputSite + "'", x.shape()));
    }
    return x.linear(encoder, encoderBias);
  }

  /** The feature activations z: [..., dIn] to [..., features]. */
  public Tensor encode(Tensor x) {
    return activation.apply(preActivations(x), x, encoder);
  }

  /**
   * W_dec^T z + b_dec: [..., features] to [..., dOut].
   *
   * @throws ShapeException if z has another width
   */
  public Tensor decode(Tensor z) {
    if (z.rank() == 0 || z.size(-1) != features()) {
      throw new ShapeException(
          "this dictionary decodes %d features, was given %s".formatted(features(), z.shape()));
    }
    return z.matmul(decoder).add(decoderBias);
  }

  /** decode(encode(x)): [..., dIn] to [..., dOut]. */
  public Tensor forward(Tensor x) {
    return decode(encode(x));
  }

  /** The direction that a feature writes, [dOut]. */
  public Tensor direction(int feature) {
    return decoder.select(0, check(feature));
  }

  /** The direction along which a feature reads, [dIn]. */
  public Tensor reader(int feature) {
    return encoder.select(0, check(feature));
  }

  private int check(int feature) {
    if (feature < 0 || feature >= features()) {
      throw new IllegalArgumentException(
          "feature %d does not exist; the dictionary has features 0 to %d"
              .formatted(feature, features() - 1));
    }
    return feature;
  }

  /**
   * Puts the dictionary's output in the place of the activation at its output site, computed from
   * what passes at its input site in the same run. Use the intervention on one thread at a time.
   *
   * @throws IllegalStateException if the dictionary names no sites
   */
  public Intervention splice() {
    return atOutput((x, out) -> forward(x).reshape(out.shape()));
  }

  /**
   * Sets one feature to a value on every token: to what is written, (value - z) times the feature's
   * direction is added, so that all else, what the dictionary misses included, stays. 0 takes the
   * feature away. Use the intervention on one thread at a time.
   *
   * @throws IllegalStateException if the dictionary names no sites
   * @throws IllegalArgumentException if there is no such feature
   */
  public Intervention clamp(int feature, double value) {
    Tensor direction = direction(feature).unsqueeze(0).unscoped();
    return atOutput((x, out) -> {
      Tensor z = encode(x).slice(-1, feature, feature + 1);
      return out.add(z.neg().add(value).matmul(direction).reshape(out.shape()));
    });
  }

  /** What becomes of the output, from what is read (as the dictionary reads it) and the output. */
  private Intervention atOutput(BinaryOperator<Tensor> change) {
    if (outputSite.isEmpty()) {
      throw new IllegalStateException(
          "this dictionary names no sites; give them with at(input, output)");
    }
    if (inputSite.equals(outputSite)) {
      return new Intervention(outputSite, (path, x) -> change.apply(joined(x), x));
    }
    Tensor[] read = new Tensor[1];
    return new Intervention(
        "{" + inputSite + "," + outputSite + "}",
        (path, x) -> {
          if (path.equals(inputSite)) {
            read[0] = x;
            return x;
          }
          return change.apply(joined(read[0]), x);
        });
  }

  /**
   * Activations as a dictionary reads them: heads [batch, position, head, dHead] side by side in
   * one row [batch, position, head * dHead], where that is its width; others as they are.
   */
  public Tensor joined(Tensor x) {
    return x.rank() == 4 && x.size(-1) != dIn() && x.size(-1) * x.size(-2) == dIn()
        ? x.flatten(-2, -1)
        : x;
  }

  /** The same numbers for other sites. */
  public Dictionary at(String input, String output) {
    return new Dictionary(encoder, encoderBias, decoder, decoderBias, activation, input, output);
  }

  /** In another floating-point type. */
  public Dictionary to(DType dtype) {
    return new Dictionary(
        encoder.to(dtype),
        encoderBias.to(dtype),
        decoder.to(dtype),
        decoderBias.to(dtype),
        activation.to(dtype),
        inputSite,
        outputSite);
  }

  /**
   * Writes {@code sae_weights.safetensors} and {@code cfg.json} into a new folder, under the names
   * that SAELens gives them.
   */
  public void save(Path folder) {
    DictionaryFiles.save(this, folder);
  }

  /**
   * Reads what {@link #save} or SAELens wrote.
   *
   * @throws org.lapidary.io.FormatException if the folder does not hold a dictionary of a known
   *     kind
   */
  public static Dictionary load(Path folder) {
    return DictionaryFiles.load(folder);
  }
}
