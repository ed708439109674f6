package org.lapidary.io.model;

import static org.lapidary.io.model.Mapping.plain;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.MetaFormerConfig;
import org.lapidary.nn.MetaFormerConfig.Image;
import org.lapidary.nn.MetaFormerConfig.Stage;
import org.lapidary.nn.Slots;

/**
 * Vision transformers, {@code ViTForImageClassification} and {@code ViTModel}. The latter gives the
 * features of the class token; its pooler, a layer for one pre-training task, is not read.
 */
final class VitFamily implements GridFamily {

  @Override
  public MetaFormerConfig read(Settings json) {
    int width = json.integer("hidden_size");
    int size = json.integer("image_size", 224);
    boolean qkv = json.flag("qkv_bias", true);
    return new MetaFormerConfig(
        "vit",
        new Image(json.integer("num_channels", 3), size, size),
        List.of(
            Stage.tiled(
                width,
                json.integer("num_hidden_layers"),
                json.integer("intermediate_size"),
                json.integer("patch_size", 16))),
        json.integer("num_attention_heads"),
        "layernorm",
        json.number("layer_norm_eps", 1e-12),
        "pre",
        "bidirectional-attention",
        "mlp",
        Slots.activationName(json.text("hidden_act", "gelu")),
        "learned",
        "class-token",
        0,
        new DecoderConfig.Biases(qkv, true, true, false, true),
        json.architecture("").equals("ViTModel") ? 0 : GridFamily.classes(json));
  }

  @Override
  public Map<String, Object> write(MetaFormerConfig c) {
    Stage s = c.stages().getFirst();
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("architectures", List.of(c.classes() == 0 ? "ViTModel" : "ViTForImageClassification"));
    json.put("model_type", "vit");
    json.put("image_size", c.image().height());
    json.put("patch_size", s.patch());
    json.put("num_channels", c.image().channels());
    json.put("hidden_size", s.dModel());
    json.put("num_hidden_layers", s.depth());
    json.put("num_attention_heads", c.heads());
    json.put("intermediate_size", s.dMlp());
    json.put("hidden_act", HuggingFace.activation(c.activation()));
    json.put("layer_norm_eps", c.epsilon());
    json.put("qkv_bias", c.biases().qkv());
    if (c.classes() > 0) {
      GridFamily.writeClasses(json, c.classes());
    }
    return json;
  }

  @Override
  public String optionalPrefix() {
    return "vit.";
  }

  @Override
  public boolean harmless(String tensor, MetaFormerConfig config) {
    return tensor.contains("pooler.dense.");
  }

  @Override
  public List<Mapping> mappings(MetaFormerConfig c) {
    List<Mapping> all = new ArrayList<>();
    all.add(Mapping.under("vit.embeddings.cls_token", "class_token"));
    all.add(Mapping.under("vit.embeddings.position_embeddings", "pos_embed"));
    for (String part : List.of("weight", "bias")) {
      all.add(plain("vit.embeddings.patch_embeddings.projection." + part, "embed.0." + part));
      for (int i = 0; i < c.layers(); i++) {
        String theirs = "vit.encoder.layer." + i + ".";
        String ours = "blocks." + i + ".";
        all.add(plain(theirs + "layernorm_before." + part, ours + "ln1." + part));
        if (part.equals("weight") || c.biases().qkv()) {
          String attention = theirs + "attention.attention.";
          all.add(plain(attention + "query." + part, ours + "attn.q." + part));
          all.add(plain(attention + "key." + part, ours + "attn.k." + part));
          all.add(plain(attention + "value." + part, ours + "attn.v." + part));
        }
        all.add(plain(theirs + "attention.output.dense." + part, ours + "attn.o." + part));
        all.add(plain(theirs + "layernorm_after." + part, ours + "ln2." + part));
        all.add(plain(theirs + "intermediate.dense." + part, ours + "mlp.in." + part));
        all.add(plain(theirs + "output.dense." + part, ours + "mlp.out." + part));
      }
      all.add(plain("vit.layernorm." + part, "ln_final." + part));
      if (c.classes() > 0) {
        all.add(plain("classifier." + part, "head." + part));
      }
    }
    return all;
  }
}
