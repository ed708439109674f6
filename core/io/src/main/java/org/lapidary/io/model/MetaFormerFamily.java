package org.lapidary.io.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.nn.MetaFormerConfig;

/**
 * The house's own layout of a MetaFormer that no published class describes: the settings under the
 * key {@code lapidary}, the tensors under their own names.
 */
final class MetaFormerFamily implements GridFamily {
  static final String TYPE = "lapidary-metaformer";
  private static final ObjectMapper JSON = new ObjectMapper();

  @Override
  public MetaFormerConfig read(Settings json) {
    JsonNode own = json.json().get("lapidary");
    if (own == null || !own.isObject()) {
      throw json.fault("no lapidary", "the settings of a metaformer under that key");
    }
    try {
      return JSON.treeToValue(own, MetaFormerConfig.class);
    } catch (JsonProcessingException e) {
      throw json.fault(e.getOriginalMessage(), "the settings of a metaformer");
    }
  }

  @Override
  public Map<String, Object> write(MetaFormerConfig config) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("model_type", TYPE);
    json.put("lapidary", JSON.valueToTree(config));
    return json;
  }

  @Override
  public List<Mapping> mappings(MetaFormerConfig config) {
    return config.build().state().keySet().stream().map(path -> Mapping.plain(path, path)).toList();
  }
}
