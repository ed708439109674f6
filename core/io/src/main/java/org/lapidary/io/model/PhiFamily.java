package org.lapidary.io.model;

import static org.lapidary.io.model.Mapping.plain;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Rope;
import org.lapidary.nn.Slots;

/** Phi-1, Phi-1.5 and Phi-2: parallel sublayers that share one norm, biases everywhere. */
final class PhiFamily implements DecoderFamily {

  @Override
  public DecoderConfig read(Settings json) {
    if (json.flag("qk_layernorm", false)) {
      throw json.fault("qk_layernorm = true", "false");
    }
    int width = json.integer("hidden_size");
    int heads = json.integer("num_attention_heads");
    int dHead = width / heads;
    Settings nested = json.object("rope_parameters");
    double theta = json.number("rope_theta", 10000);
    double share = json.number("partial_rotary_factor", 0.5);
    if (nested != null) {
      theta = nested.number("rope_theta", theta);
      share = nested.number("partial_rotary_factor", share);
    }
    return new DecoderConfig(
        "phi",
        json.integer("vocab_size"),
        width,
        json.integer("num_hidden_layers"),
        heads,
        json.integer("num_key_value_heads", heads),
        dHead,
        json.integer("intermediate_size"),
        json.integer("max_position_embeddings", 2048),
        "layernorm",
        json.number("layer_norm_eps", 1e-5),
        "parallel",
        "attention",
        "mlp",
        Slots.activationName(json.text("hidden_act", "gelu_new")),
        "rope",
        new Rope(theta, (int) (dHead * share), HuggingFace.scaling(json)),
        new DecoderConfig.Biases(true, true, true, true, true),
        new DecoderConfig.Extras(true, false, 1, 0, 0, 0, 0, 1),
        json.flag("tie_word_embeddings", false));
  }

  @Override
  public Map<String, Object> write(DecoderConfig c) {
    Rope rope = Objects.requireNonNull(c.rope());
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("architectures", List.of("PhiForCausalLM"));
    json.put("model_type", "phi");
    json.put("vocab_size", c.vocab());
    json.put("hidden_size", c.dModel());
    json.put("intermediate_size", c.dMlp());
    json.put("num_hidden_layers", c.layers());
    json.put("num_attention_heads", c.heads());
    json.put("num_key_value_heads", c.kvHeads());
    json.put("max_position_embeddings", c.context());
    json.put("layer_norm_eps", c.epsilon());
    json.put("hidden_act", HuggingFace.activation(c.activation()));
    json.put("rope_theta", rope.theta());
    json.put("partial_rotary_factor", (double) rope.dims() / c.dHead());
    HuggingFace.writeScaling(json, rope);
    json.put("tie_word_embeddings", c.tied());
    return json;
  }

  @Override
  public List<Mapping> mappings(DecoderConfig c) {
    List<Mapping> all = new ArrayList<>();
    all.add(plain("model.embed_tokens.weight", "embed"));
    for (int i = 0; i < c.layers(); i++) {
      String theirs = "model.layers." + i + ".";
      String ours = "blocks." + i + ".";
      for (String part : List.of("weight", "bias")) {
        all.add(plain(theirs + "input_layernorm." + part, ours + "ln1." + part));
        for (String p : List.of("q", "k", "v")) {
          all.add(
              plain(theirs + "self_attn." + p + "_proj." + part, ours + "attn." + p + "." + part));
        }
        all.add(plain(theirs + "self_attn.dense." + part, ours + "attn.o." + part));
        all.add(plain(theirs + "mlp.fc1." + part, ours + "mlp.in." + part));
        all.add(plain(theirs + "mlp.fc2." + part, ours + "mlp.out." + part));
      }
    }
    for (String part : List.of("weight", "bias")) {
      all.add(plain("model.final_layernorm." + part, "ln_final." + part));
      if (!c.tied()) {
        all.add(plain("lm_head." + part, "unembed." + part));
      }
    }
    if (c.tied()) {
      all.add(plain("lm_head.bias", "unembed_bias"));
    }
    return all;
  }
}
