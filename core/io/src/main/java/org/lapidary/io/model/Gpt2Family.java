package org.lapidary.io.model;

import static org.lapidary.io.model.Mapping.plain;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Slots;

/** GPT-2: learned positions, fused and transposed projections. */
final class Gpt2Family implements DecoderFamily {

  @Override
  public DecoderConfig read(Settings json) {
    if (json.flag("scale_attn_by_inverse_layer_idx", false)) {
      throw json.fault("scale_attn_by_inverse_layer_idx = true", "false");
    }
    int width = json.integer("n_embd");
    int heads = json.integer("n_head");
    return new DecoderConfig(
        "gpt2",
        json.integer("vocab_size"),
        width,
        json.integer("n_layer"),
        heads,
        heads,
        width / heads,
        json.integer("n_inner", 4 * width),
        json.integer("n_positions", json.integer("n_ctx", 1024)),
        "layernorm",
        json.number("layer_norm_epsilon", 1e-5),
        "pre",
        "attention",
        "mlp",
        Slots.activationName(json.text("activation_function", "gelu_new")),
        "learned",
        null,
        DecoderConfig.Biases.ALL,
        DecoderConfig.Extras.NONE,
        json.flag("tie_word_embeddings", true));
  }

  @Override
  public Map<String, Object> write(DecoderConfig c) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("architectures", List.of("GPT2LMHeadModel"));
    json.put("model_type", "gpt2");
    json.put("vocab_size", c.vocab());
    json.put("n_embd", c.dModel());
    json.put("n_layer", c.layers());
    json.put("n_head", c.heads());
    json.put("n_inner", c.dMlp());
    json.put("n_positions", c.context());
    json.put("n_ctx", c.context());
    json.put("layer_norm_epsilon", c.epsilon());
    json.put("activation_function", HuggingFace.activation(c.activation()));
    json.put("tie_word_embeddings", c.tied());
    return json;
  }

  @Override
  public String optionalPrefix() {
    return "transformer.";
  }

  @Override
  public List<Mapping> mappings(DecoderConfig c) {
    List<Mapping> all = new ArrayList<>();
    all.add(plain("transformer.wte.weight", "embed"));
    all.add(plain("transformer.wpe.weight", "pos_embed"));
    for (int i = 0; i < c.layers(); i++) {
      String theirs = "transformer.h." + i + ".";
      String ours = "blocks." + i + ".";
      for (String part : List.of("weight", "bias")) {
        all.add(plain(theirs + "ln_1." + part, ours + "ln1." + part));
        all.add(
            new Mapping(
                theirs + "attn.c_attn." + part,
                Mapping.Layout.TRANSPOSED,
                List.of(
                    ours + "attn.q." + part, ours + "attn.k." + part, ours + "attn.v." + part)));
        all.add(transposed(theirs + "attn.c_proj." + part, ours + "attn.o." + part));
        all.add(plain(theirs + "ln_2." + part, ours + "ln2." + part));
        all.add(transposed(theirs + "mlp.c_fc." + part, ours + "mlp.in." + part));
        all.add(transposed(theirs + "mlp.c_proj." + part, ours + "mlp.out." + part));
      }
    }
    all.add(plain("transformer.ln_f.weight", "ln_final.weight"));
    all.add(plain("transformer.ln_f.bias", "ln_final.bias"));
    if (!c.tied()) {
      all.add(plain("lm_head.weight", "unembed.weight"));
    }
    return all;
  }

  private static Mapping transposed(String theirs, String ours) {
    return new Mapping(theirs, Mapping.Layout.TRANSPOSED, List.of(ours));
  }
}
