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
 * MLP-Mixers under the tensor names of timm ({@code mixer_b16_224}). Transformers has no such
 * class, so the keys of {@code config.json} are ours, in the manner of a ViT's.
 */
final class MixerFamily implements GridFamily {

  @Override
  public MetaFormerConfig read(Settings json) {
    int size = json.integer("image_size", 224);
    return new MetaFormerConfig(
        "mlp-mixer",
        new Image(json.integer("num_channels", 3), size, size),
        List.of(
            Stage.tiled(
                json.integer("hidden_size"),
                json.integer("num_hidden_layers"),
                json.integer("channels_mlp_dim"),
                json.integer("patch_size", 16))),
        1,
        "layernorm",
        json.number("layer_norm_eps", 1e-6),
        "pre",
        "token-mlp:" + json.integer("tokens_mlp_dim"),
        "mlp",
        Slots.activationName(json.text("hidden_act", "gelu")),
        "none",
        "mean",
        0,
        DecoderConfig.Biases.ALL,
        GridFamily.classes(json));
  }

  @Override
  public Map<String, Object> write(MetaFormerConfig c) {
    Stage s = c.stages().getFirst();
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("model_type", "mlp-mixer");
    json.put("image_size", c.image().height());
    json.put("patch_size", s.patch());
    json.put("num_channels", c.image().channels());
    json.put("hidden_size", s.dModel());
    json.put("num_hidden_layers", s.depth());
    json.put("tokens_mlp_dim", Slots.size(c.mixer()));
    json.put("channels_mlp_dim", s.dMlp());
    json.put("hidden_act", HuggingFace.activation(c.activation()));
    json.put("layer_norm_eps", c.epsilon());
    GridFamily.writeClasses(json, c.classes());
    return json;
  }

  @Override
  public List<Mapping> mappings(MetaFormerConfig c) {
    List<Mapping> all = new ArrayList<>();
    for (String part : List.of("weight", "bias")) {
      all.add(plain("stem.proj." + part, "embed.0." + part));
      for (int i = 0; i < c.layers(); i++) {
        String b = "blocks." + i + ".";
        all.add(plain(b + "norm1." + part, b + "ln1." + part));
        all.add(plain(b + "mlp_tokens.fc1." + part, b + "mixer.mlp.in." + part));
        all.add(plain(b + "mlp_tokens.fc2." + part, b + "mixer.mlp.out." + part));
        all.add(plain(b + "norm2." + part, b + "ln2." + part));
        all.add(plain(b + "mlp_channels.fc1." + part, b + "mlp.in." + part));
        all.add(plain(b + "mlp_channels.fc2." + part, b + "mlp.out." + part));
      }
      all.add(plain("norm." + part, "ln_final." + part));
      if (c.classes() > 0) {
        all.add(plain("head." + part, "head." + part));
      }
    }
    return all;
  }
}
