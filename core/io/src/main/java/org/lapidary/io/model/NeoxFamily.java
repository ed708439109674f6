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

/** GPT-NeoX and Pythia: parallel sublayers, partial rotary positions, q, k, v fused per head. */
final class NeoxFamily implements DecoderFamily {

  @Override
  public DecoderConfig read(Settings json) {
    int width = json.integer("hidden_size");
    int heads = json.integer("num_attention_heads");
    int dHead = width / heads;
    double share = json.number("rotary_pct", 0.25);
    Settings nested = json.object("rope_parameters");
    double theta = json.number("rope_theta", json.number("rotary_emb_base", 10000));
    if (nested != null) {
      theta = nested.number("rope_theta", theta);
      share = nested.number("partial_rotary_factor", share);
    }
    boolean bias = json.flag("attention_bias", true);
    return new DecoderConfig(
        "gpt_neox",
        json.integer("vocab_size"),
        width,
        json.integer("num_hidden_layers"),
        heads,
        heads,
        dHead,
        json.integer("intermediate_size"),
        json.integer("max_position_embeddings", 2048),
        "layernorm",
        json.number("layer_norm_eps", 1e-5),
        json.flag("use_parallel_residual", true) ? "parallel" : "pre",
        "attention",
        "mlp",
        Slots.activationName(json.text("hidden_act", "gelu")),
        "rope",
        new Rope(theta, (int) (dHead * share), HuggingFace.scaling(json)),
        new DecoderConfig.Biases(bias, bias, true, false, true),
        DecoderConfig.Extras.NONE,
        json.flag("tie_word_embeddings", false));
  }

  @Override
  public Map<String, Object> write(DecoderConfig c) {
    Rope rope = Objects.requireNonNull(c.rope());
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("architectures", List.of("GPTNeoXForCausalLM"));
    json.put("model_type", "gpt_neox");
    json.put("vocab_size", c.vocab());
    json.put("hidden_size", c.dModel());
    json.put("num_hidden_layers", c.layers());
    json.put("num_attention_heads", c.heads());
    json.put("intermediate_size", c.dMlp());
    json.put("max_position_embeddings", c.context());
    json.put("layer_norm_eps", c.epsilon());
    json.put("use_parallel_residual", c.placement().equals("parallel"));
    json.put("hidden_act", HuggingFace.activation(c.activation()));
    json.put("rotary_pct", (double) rope.dims() / c.dHead());
    json.put("rotary_emb_base", rope.theta());
    HuggingFace.writeScaling(json, rope);
    json.put("attention_bias", c.biases().qkv());
    json.put("tie_word_embeddings", c.tied());
    return json;
  }

  @Override
  public List<Mapping> mappings(DecoderConfig c) {
    List<Mapping> all = new ArrayList<>();
    all.add(plain("gpt_neox.embed_in.weight", "embed"));
    for (int i = 0; i < c.layers(); i++) {
      String theirs = "gpt_neox.layers." + i + ".";
      String ours = "blocks." + i + ".";
      for (String part : List.of("weight", "bias")) {
        all.add(plain(theirs + "input_layernorm." + part, ours + "ln1." + part));
        all.add(plain(theirs + "post_attention_layernorm." + part, ours + "ln2." + part));
        if (part.equals("weight") || c.biases().qkv()) {
          all.add(
              new Mapping(
                  theirs + "attention.query_key_value." + part,
                  Mapping.Layout.PER_HEAD,
                  List.of(
                      ours + "attn.q." + part, ours + "attn.k." + part, ours + "attn.v." + part)));
          all.add(plain(theirs + "attention.dense." + part, ours + "attn.o." + part));
        }
        all.add(plain(theirs + "mlp.dense_h_to_4h." + part, ours + "mlp.in." + part));
        all.add(plain(theirs + "mlp.dense_4h_to_h." + part, ours + "mlp.out." + part));
      }
    }
    all.add(plain("gpt_neox.final_layer_norm.weight", "ln_final.weight"));
    all.add(plain("gpt_neox.final_layer_norm.bias", "ln_final.bias"));
    if (!c.tied()) {
      all.add(plain("embed_out.weight", "unembed.weight"));
    }
    return all;
  }
}
