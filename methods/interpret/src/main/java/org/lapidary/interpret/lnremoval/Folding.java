package org.lapidary.interpret.lnremoval;

import org.jspecify.annotations.Nullable;
import org.lapidary.interpret.lnremoval.FakeNorms.Place;
import org.lapidary.interpret.lnremoval.FakeNorms.Reader;
import org.lapidary.nn.Block;
import org.lapidary.nn.Decoder;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.GatedMlp;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Mlp;
import org.lapidary.nn.Model;
import org.lapidary.nn.Norm;
import org.lapidary.nn.Parameter;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Makes frozen norms part of the matrices around them: what writes to the stream is centred, which
 * makes every stream centred; what reads it is multiplied by gain / scale, and its bias takes the
 * shift.
 */
final class Folding {
  private final Decoder from;
  private final Decoder to;
  private final FakeNorms norms;
  private final boolean centre;

  private Folding(Decoder from, Decoder to, FakeNorms norms) {
    this.from = from;
    this.to = to;
    this.norms = norms;
    this.centre = from.config().norm().equals("layernorm");
  }

  /** A model without norms that computes what a model does with all its scales frozen. */
  static Model fold(Model model, FakeNorms norms) {
    DecoderConfig config = without(model.decoder().config());
    Model folded = new Model(config, config.build(), model.tokenizer());
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      new Folding(model.decoder(), folded.decoder(), norms).run();
    }
    return folded;
  }

  private static DecoderConfig without(DecoderConfig c) {
    boolean shift = c.norm().equals("layernorm") && c.biases().norm();
    DecoderConfig.Biases had = c.biases();
    return new DecoderConfig(
        c.family(),
        c.vocab(),
        c.dModel(),
        c.layers(),
        c.heads(),
        c.kvHeads(),
        c.dHead(),
        c.dMlp(),
        c.context(),
        "none",
        c.epsilon(),
        c.placement(),
        c.mixer(),
        c.mlp(),
        c.activation(),
        c.positions(),
        c.rope(),
        new DecoderConfig.Biases(
            had.qkv() || shift,
            had.attentionOut(),
            had.mlp() || shift,
            had.unembed() || shift,
            false),
        c.extras(),
        false,
        c.ends());
  }

  private void run() {
    put(to.embedding(), centred(from.embedding().value(), 1));
    if (from.config().positions().equals("learned")) {
      put(to.parameterAt("pos_embed"), centred(from.parameterAt("pos_embed").value(), 1));
    }
    for (int l = 0; l < from.blocks().size(); l++) {
      Block old = from.blocks().get(l);
      Block block = to.blocks().get(l);
      double queries = norms.scale(new Place(Reader.QUERIES_AND_KEYS, l));
      double values = norms.scale(new Place(Reader.VALUES, l));
      read(linear(old, "attn.q"), linear(block, "attn.q"), old.ln1(), queries);
      read(linear(old, "attn.k"), linear(block, "attn.k"), old.ln1(), queries);
      read(linear(old, "attn.v"), linear(block, "attn.v"), old.ln1(), values);
      write(linear(old, "attn.o"), linear(block, "attn.o"));
      Norm ln2 = old.ln2();
      if (ln2 != null) {
        mlp(old, block, ln2, norms.scale(new Place(Reader.MLP, l)));
      }
    }
    unembedding(norms.scale(new Place(Reader.LOGITS, from.blocks().size())));
  }

  private void mlp(Block old, Block block, Norm norm, double scale) {
    switch (old.mlp()) {
      case Mlp ignored -> {
        read(linear(old, "mlp.in"), linear(block, "mlp.in"), norm, scale);
        write(linear(old, "mlp.out"), linear(block, "mlp.out"));
      }
      case GatedMlp ignored -> {
        read(linear(old, "mlp.gate"), linear(block, "mlp.gate"), norm, scale);
        read(linear(old, "mlp.up"), linear(block, "mlp.up"), norm, scale);
        write(linear(old, "mlp.down"), linear(block, "mlp.down"));
      }
      case null, default ->
          throw new IllegalArgumentException(
              "norms are folded into plain and gated MLPs; '%s' has the mlp '%s'"
                  .formatted(old.path(), from.config().mlp()));
    }
  }

  private void unembedding(double scale) {
    Norm norm = from.lnFinal();
    Linear unembed = linear(to, "unembed");
    Tensor w = from.unembedding().to(DType.FLOAT64);
    put(unembed.weight(), w.mul(gain(norm)).div(scale));
    String bias = from.config().tied() ? "unembed_bias" : "unembed.bias";
    Parameter old = from.parameters().get(bias);
    shift(w, old == null ? null : old.value(), unembed, norm);
  }

  private static Linear linear(Layer layer, String path) {
    if (layer.layer(path) instanceof Linear linear) {
      return linear;
    }
    throw new IllegalArgumentException(
        "'%s.%s' is no plain matrix; fold before it is packed".formatted(layer.path(), path));
  }

  private static Tensor gain(Norm norm) {
    return norm.gain().to(DType.FLOAT64);
  }

  private void read(Linear old, Linear matrix, Norm norm, double scale) {
    Tensor w = old.weight().value().to(DType.FLOAT64);
    put(matrix.weight(), w.mul(gain(norm)).div(scale));
    Parameter bias = old.bias();
    shift(w, bias == null ? null : bias.value(), matrix, norm);
  }

  /** bias + W shift. */
  private static void shift(Tensor w, @Nullable Tensor bias, Linear matrix, Norm norm) {
    Parameter into = matrix.bias();
    if (into == null) {
      return;
    }
    Tensor sum = w.matmul(norm.shift().to(DType.FLOAT64).unsqueeze(1)).squeeze(1);
    put(into, bias == null ? sum : sum.add(bias.to(DType.FLOAT64)));
  }

  private void write(Linear old, Linear matrix) {
    put(matrix.weight(), centred(old.weight().value(), 0));
    Parameter bias = old.bias();
    Parameter into = matrix.bias();
    if (into != null) {
      put(into, bias == null ? Tensor.zeros(old.out()) : centred(bias.value(), 0));
    }
  }

  private Tensor centred(Tensor x, int dim) {
    Tensor exact = x.to(DType.FLOAT64);
    return centre ? exact.sub(exact.mean(true, dim)) : exact;
  }

  private static void put(Parameter parameter, Tensor value) {
    parameter.set(value.to(DType.FLOAT32).detach().copy());
  }
}
