package org.lapidary.interpret.dictionary;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Parameter;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Tensor;

/**
 * A dictionary as a layer, for a block's {@code mlp} slot. Sites: {@code hook_in} [..., dIn],
 * {@code hook_pre} and {@code hook_post} [..., features].
 */
public final class DictionaryLayer extends Layer implements UnaryLayer, Layer.Unique {
  private final Dictionary initial;
  private final Parameter encoder;
  private final Parameter encoderBias;
  private final Parameter decoder;
  private final Parameter decoderBias;
  private final List<Parameter> vectors = new ArrayList<>();

  public DictionaryLayer(Dictionary dictionary) {
    initial = dictionary;
    encoder = parameter("encoder", dictionary.encoder().copy());
    encoderBias = parameter("encoder_bias", dictionary.encoderBias().copy());
    decoder = parameter("decoder", dictionary.decoder().copy());
    decoderBias = parameter("decoder_bias", dictionary.decoderBias().copy());
    dictionary
        .activation()
        .vectors()
        .forEach((name, vector) -> vectors.add(parameter(name, vector.copy())));
  }

  @Override
  public Tensor forward(Tensor x) {
    Dictionary dictionary = dictionary();
    Tensor in = site("hook_in", x);
    Tensor pre = site("hook_pre", dictionary.preActivations(in));
    Tensor post = site("hook_post", dictionary.activation().apply(pre, in, dictionary.encoder()));
    return dictionary.decode(post);
  }

  /** The dictionary with the layer's present parameters. */
  public Dictionary dictionary() {
    return new Dictionary(
        encoder.value(),
        encoderBias.value(),
        decoder.value(),
        decoderBias.value(),
        initial.activation().with(vectors.stream().map(Parameter::value).toList()),
        initial.inputSite(),
        initial.outputSite());
  }

  @Override
  protected Layer blank() {
    return new DictionaryLayer(initial);
  }
}
