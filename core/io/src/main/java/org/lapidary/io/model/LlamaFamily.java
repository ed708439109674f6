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

/** Llama 1-3 and those that follow its layout: Mistral, Qwen 2 and 3, Gemma 1 and 2, Phi-3. */
record LlamaFamily(String type) implements DecoderFamily {

  private boolean gemma() {
    return type.startsWith("gemma");
  }

  @Override
  public DecoderConfig read(Settings json) {
    int width = json.integer("hidden_size");
    int heads = json.integer("num_attention_heads");
    int dHead = json.integer("head_dim", gemma() ? 256 : width / heads);
    int layers = json.integer("num_hidden_layers");
    Settings nested = json.object("rope_parameters");
    double theta = json.number("rope_theta", 10000);
    double share = json.number("partial_rotary_factor", 1);
    if (nested != null) {
      theta = nested.number("rope_theta", theta);
      share = nested.number("partial_rotary_factor", share);
    }
    boolean attentionBias = json.flag("attention_bias", false);
    String activation =
        gemma()
            ? json.text("hidden_activation", json.text("hidden_act", "gelu_pytorch_tanh"))
            : json.text("hidden_act", "silu");
    if (type.equals("gemma") && activation.equals("gelu")) {
      activation = "gelu_pytorch_tanh";
    }
    boolean windowUsed =
        switch (type) {
          case "mistral", "phi3", "gemma2" -> json.has("sliding_window");
          default -> json.flag("use_sliding_window", false);
        };
    if (windowUsed && (type.equals("qwen2") || type.equals("qwen3"))) {
      throw json.fault("use_sliding_window = true", "false");
    }
    boolean gemma2 = type.equals("gemma2");
    double attentionScale = gemma2 ? 1 / Math.sqrt(json.number("query_pre_attn_scalar", dHead)) : 0;
    return new DecoderConfig(
        type,
        json.integer("vocab_size"),
        width,
        layers,
        heads,
        json.integer("num_key_value_heads", heads),
        dHead,
        json.integer("intermediate_size"),
        json.integer("max_position_embeddings", 2048),
        gemma() ? "rmsnorm1p" : "rmsnorm",
        json.number("rms_norm_eps", 1e-6),
        gemma2 ? "sandwich" : "pre",
        "attention",
        "gated",
        Slots.activationName(activation),
        "rope",
        new Rope(theta, (int) (dHead * share), HuggingFace.scaling(json)),
        new DecoderConfig.Biases(
            attentionBias || type.equals("qwen2"),
            attentionBias,
            json.flag("mlp_bias", false),
            false,
            false),
        new DecoderConfig.Extras(
            false,
            type.equals("qwen3"),
            gemma() ? Math.sqrt(width) : 1,
            attentionScale,
            gemma2 ? json.number("attn_logit_softcapping", 0) : 0,
            gemma2 ? json.number("final_logit_softcapping", 0) : 0,
            windowUsed ? json.integer("sliding_window") : 0,
            gemma2 ? 2 : 1),
        json.flag("tie_word_embeddings", gemma()));
  }

  @Override
  public Map<String, Object> write(DecoderConfig c) {
    Rope rope = Objects.requireNonNull(c.rope());
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("architectures", List.of(architecture()));
    json.put("model_type", type);
    json.put("vocab_size", c.vocab());
    json.put("hidden_size", c.dModel());
    json.put("intermediate_size", c.dMlp());
    json.put("num_hidden_layers", c.layers());
    json.put("num_attention_heads", c.heads());
    json.put("num_key_value_heads", c.kvHeads());
    json.put("head_dim", c.dHead());
    json.put("max_position_embeddings", c.context());
    json.put("rms_norm_eps", c.epsilon());
    json.put(gemma() ? "hidden_activation" : "hidden_act", HuggingFace.activation(c.activation()));
    json.put("rope_theta", rope.theta());
    if (rope.dims() != c.dHead()) {
      json.put("partial_rotary_factor", (double) rope.dims() / c.dHead());
    }
    HuggingFace.writeScaling(json, rope);
    json.put("attention_bias", c.biases().attentionOut());
    json.put("mlp_bias", c.biases().mlp());
    json.put("tie_word_embeddings", c.tied());
    if (c.extras().window() > 0) {
      json.put("sliding_window", c.extras().window());
    }
    if (type.equals("gemma2")) {
      double scale = c.extras().attentionScale();
      json.put("query_pre_attn_scalar", scale == 0 ? c.dHead() : Math.round(1 / (scale * scale)));
      json.put("attn_logit_softcapping", zeroIsNull(c.extras().attentionSoftcap()));
      json.put("final_logit_softcapping", zeroIsNull(c.extras().logitSoftcap()));
    }
    return json;
  }

  private static Double zeroIsNull(double value) {
    return value;
  }

  private String architecture() {
    return switch (type) {
      case "mistral" -> "MistralForCausalLM";
      case "qwen2" -> "Qwen2ForCausalLM";
      case "qwen3" -> "Qwen3ForCausalLM";
      case "gemma" -> "GemmaForCausalLM";
      case "gemma2" -> "Gemma2ForCausalLM";
      case "phi3" -> "Phi3ForCausalLM";
      default -> "LlamaForCausalLM";
    };
  }

  @Override
  public List<Mapping> mappings(DecoderConfig c) {
    List<Mapping> all = new ArrayList<>();
    all.add(plain("model.embed_tokens.weight", "embed"));
    for (int i = 0; i < c.layers(); i++) {
      block(all, c, "model.layers." + i + ".", "blocks." + i + ".");
    }
    all.add(plain("model.norm.weight", "ln_final.weight"));
    if (!c.tied()) {
      all.add(plain("lm_head.weight", "unembed.weight"));
    }
    return all;
  }

  private void block(List<Mapping> all, DecoderConfig c, String theirs, String ours) {
    all.add(plain(theirs + "input_layernorm.weight", ours + "ln1.weight"));
    if (c.placement().equals("sandwich")) {
      all.add(plain(theirs + "post_attention_layernorm.weight", ours + "ln1_post.weight"));
      all.add(plain(theirs + "pre_feedforward_layernorm.weight", ours + "ln2.weight"));
      all.add(plain(theirs + "post_feedforward_layernorm.weight", ours + "ln2_post.weight"));
    } else {
      all.add(plain(theirs + "post_attention_layernorm.weight", ours + "ln2.weight"));
    }
    if (type.equals("phi3")) {
      all.add(
          new Mapping(
              theirs + "self_attn.qkv_proj.weight",
              Mapping.Layout.ROWS,
              List.of(ours + "attn.q.weight", ours + "attn.k.weight", ours + "attn.v.weight")));
      all.add(
          new Mapping(
              theirs + "mlp.gate_up_proj.weight",
              Mapping.Layout.ROWS,
              List.of(ours + "mlp.gate.weight", ours + "mlp.up.weight")));
    } else {
      for (String p : List.of("q", "k", "v")) {
        projection(all, theirs + "self_attn." + p + "_proj", ours + "attn." + p, c.biases().qkv());
      }
      projection(all, theirs + "mlp.gate_proj", ours + "mlp.gate", c.biases().mlp());
      projection(all, theirs + "mlp.up_proj", ours + "mlp.up", c.biases().mlp());
    }
    projection(all, theirs + "self_attn.o_proj", ours + "attn.o", c.biases().attentionOut());
    projection(all, theirs + "mlp.down_proj", ours + "mlp.down", c.biases().mlp());
    if (c.extras().qkNorm()) {
      all.add(plain(theirs + "self_attn.q_norm.weight", ours + "attn.q_norm.weight"));
      all.add(plain(theirs + "self_attn.k_norm.weight", ours + "attn.k_norm.weight"));
    }
  }

  private static void projection(List<Mapping> all, String theirs, String ours, boolean bias) {
    all.add(plain(theirs + ".weight", ours + ".weight"));
    if (bias) {
      all.add(plain(theirs + ".bias", ours + ".bias"));
    }
  }
}
