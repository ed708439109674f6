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
 * {@code PoolFormerForImageClassification}: stages of pooling. Its configuration does not say how
 * large images are, and they may be of any size; 224 x 224 is where it was trained.
 */
final class PoolFormerFamily implements GridFamily {

  @Override
  public MetaFormerConfig read(Settings json) {
    List<Integer> depths = json.integers("depths", List.of(2, 2, 6, 2));
    List<Integer> widths = json.integers("hidden_sizes", List.of(64, 128, 320, 512));
    List<Integer> patches = json.integers("patch_sizes", List.of(7, 3, 3, 3));
    List<Integer> strides = json.integers("strides", List.of(4, 2, 2, 2));
    List<Integer> paddings = json.integers("padding", List.of(2, 1, 1, 1));
    int n = json.integer("num_encoder_blocks", 4);
    double ratio = json.number("mlp_ratio", 4);
    List<Stage> stages = new ArrayList<>();
    for (List<Integer> list : List.of(depths, widths, patches, strides, paddings)) {
      if (list.size() != n) {
        throw json.fault("a list " + list, "one value for each of " + n + " stages");
      }
    }
    for (int i = 0; i < n; i++) {
      stages.add(
          new Stage(
              widths.get(i),
              depths.get(i),
              (int) (widths.get(i) * ratio),
              patches.get(i),
              strides.get(i),
              paddings.get(i)));
    }
    int size = json.integer("image_size", 224);
    return new MetaFormerConfig(
        "poolformer",
        new Image(json.integer("num_channels", 3), size, size),
        stages,
        1,
        "groupnorm",
        1e-5,
        "pre",
        "pool:" + json.integer("pool_size", 3),
        "mlp",
        Slots.activationName(json.text("hidden_act", "gelu")),
        "none",
        "mean",
        json.flag("use_layer_scale", true) ? json.number("layer_scale_init_value", 1e-5) : 0,
        DecoderConfig.Biases.ALL,
        GridFamily.classes(json));
  }

  @Override
  public Map<String, Object> write(MetaFormerConfig c) {
    List<Stage> stages = c.stages();
    Stage first = stages.getFirst();
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("architectures", List.of("PoolFormerForImageClassification"));
    json.put("model_type", "poolformer");
    json.put("image_size", c.image().height());
    json.put("num_channels", c.image().channels());
    json.put("pool_size", Slots.size(c.mixer()));
    json.put("mlp_ratio", (double) first.dMlp() / first.dModel());
    json.put("depths", stages.stream().map(Stage::depth).toList());
    json.put("hidden_sizes", stages.stream().map(Stage::dModel).toList());
    json.put("patch_sizes", stages.stream().map(Stage::patch).toList());
    json.put("strides", stages.stream().map(Stage::stride).toList());
    json.put("padding", stages.stream().map(Stage::padding).toList());
    json.put("num_encoder_blocks", stages.size());
    json.put("hidden_act", HuggingFace.activation(c.activation()));
    json.put("use_layer_scale", c.layerScale() != 0);
    json.put("layer_scale_init_value", c.layerScale());
    GridFamily.writeClasses(json, c.classes());
    return json;
  }

  @Override
  public List<Mapping> mappings(MetaFormerConfig c) {
    List<Mapping> all = new ArrayList<>();
    int block = 0;
    for (int stage = 0; stage < c.stages().size(); stage++) {
      for (String part : List.of("weight", "bias")) {
        all.add(
            plain(
                "poolformer.encoder.patch_embeddings." + stage + ".projection." + part,
                "embed." + stage + "." + part));
      }
      for (int i = 0; i < c.stages().get(stage).depth(); i++) {
        String theirs = "poolformer.encoder.block." + stage + "." + i + ".";
        addBlock(all, theirs, "blocks." + block++ + ".", c.layerScale() != 0);
      }
    }
    for (String part : List.of("weight", "bias")) {
      all.add(plain("norm." + part, "ln_final." + part));
      if (c.classes() > 0) {
        all.add(plain("classifier." + part, "head." + part));
      }
    }
    return all;
  }

  private static void addBlock(List<Mapping> all, String theirs, String ours, boolean scales) {
    for (String part : List.of("weight", "bias")) {
      all.add(plain(theirs + "before_norm." + part, ours + "ln1." + part));
      all.add(plain(theirs + "after_norm." + part, ours + "ln2." + part));
    }
    all.add(Mapping.pointwise(theirs + "output.conv1.weight", ours + "mlp.in.weight"));
    all.add(plain(theirs + "output.conv1.bias", ours + "mlp.in.bias"));
    all.add(Mapping.pointwise(theirs + "output.conv2.weight", ours + "mlp.out.weight"));
    all.add(plain(theirs + "output.conv2.bias", ours + "mlp.out.bias"));
    if (scales) {
      all.add(plain(theirs + "layer_scale_1", ours + "scale1"));
      all.add(plain(theirs + "layer_scale_2", ours + "scale2"));
    }
  }
}
