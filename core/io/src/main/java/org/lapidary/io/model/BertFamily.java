package org.lapidary.io.model;

import static org.lapidary.io.model.Mapping.plain;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.DecoderConfig.Ends;
import org.lapidary.nn.Slots;

/**
 * BERT: {@code BertForMaskedLM}, also as {@code BertForPreTraining} keeps it (whose head for the
 * next sentence is not read), and {@code BertModel} with its pooler.
 */
final class BertFamily implements DecoderFamily {

  @Override
  public DecoderConfig read(Settings json) {
    String kind = json.text("position_embedding_type", "absolute");
    if (!kind.equals("absolute")) {
      throw json.fault("position_embedding_type \"" + kind + "\"", "absolute");
    }
    if (json.flag("is_decoder", false)) {
      throw json.fault("is_decoder = true", "false");
    }
    int width = json.integer("hidden_size");
    int heads = json.integer("num_attention_heads");
    return new DecoderConfig(
        "bert",
        json.integer("vocab_size"),
        width,
        json.integer("num_hidden_layers"),
        heads,
        heads,
        width / heads,
        json.integer("intermediate_size"),
        json.integer("max_position_embeddings", 512),
        "layernorm",
        json.number("layer_norm_eps", 1e-12),
        "post",
        "bidirectional-attention",
        "mlp",
        Slots.activationName(json.text("hidden_act", "gelu")),
        "learned",
        null,
        new DecoderConfig.Biases(true, true, true, true, true),
        DecoderConfig.Extras.NONE,
        json.flag("tie_word_embeddings", true),
        new Ends(json.integer("type_vocab_size", 2), true, head(json)));
  }

  private static String head(Settings json) {
    String architecture = json.architecture("BertForMaskedLM");
    return switch (architecture) {
      case "BertForMaskedLM", "BertForPreTraining" -> "masked-lm";
      case "BertModel" -> "pooler";
      default ->
          throw json.fault(
              "the architecture " + architecture,
              "BertForMaskedLM, BertForPreTraining or BertModel");
    };
  }

  @Override
  public Map<String, Object> write(DecoderConfig c) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("architectures", List.of(pooler(c) ? "BertModel" : "BertForMaskedLM"));
    json.put("model_type", "bert");
    json.put("vocab_size", c.vocab());
    json.put("hidden_size", c.dModel());
    json.put("num_hidden_layers", c.layers());
    json.put("num_attention_heads", c.heads());
    json.put("intermediate_size", c.dMlp());
    json.put("max_position_embeddings", c.context());
    json.put("type_vocab_size", c.ends().tokenTypes());
    json.put("layer_norm_eps", c.epsilon());
    json.put("hidden_act", HuggingFace.activation(c.activation()));
    json.put("position_embedding_type", "absolute");
    json.put("tie_word_embeddings", c.tied());
    return json;
  }

  private static boolean pooler(DecoderConfig c) {
    return c.ends().head().equals("pooler");
  }

  @Override
  public String optionalPrefix() {
    return "bert.";
  }

  @Override
  public boolean harmless(String name, DecoderConfig c) {
    return name.endsWith("embeddings.position_ids")
        || name.startsWith("cls.seq_relationship.")
        || (pooler(c) ? name.startsWith("cls.predictions.") : name.startsWith("bert.pooler."))
        || name.equals("cls.predictions.decoder.bias")
        || (c.tied() && name.equals("cls.predictions.decoder.weight"));
  }

  @Override
  public List<Mapping> mappings(DecoderConfig c) {
    List<Mapping> all = new ArrayList<>();
    all.add(plain("bert.embeddings.word_embeddings.weight", "embed"));
    all.add(plain("bert.embeddings.position_embeddings.weight", "pos_embed"));
    if (c.ends().tokenTypes() > 0) {
      all.add(plain("bert.embeddings.token_type_embeddings.weight", "token_type_embed"));
    }
    for (String part : List.of("weight", "bias")) {
      all.add(plain("bert.embeddings.LayerNorm." + part, "embed_ln." + part));
      for (int i = 0; i < c.layers(); i++) {
        String theirs = "bert.encoder.layer." + i + ".";
        String ours = "blocks." + i + ".";
        all.add(plain(theirs + "attention.self.query." + part, ours + "attn.q." + part));
        all.add(plain(theirs + "attention.self.key." + part, ours + "attn.k." + part));
        all.add(plain(theirs + "attention.self.value." + part, ours + "attn.v." + part));
        all.add(plain(theirs + "attention.output.dense." + part, ours + "attn.o." + part));
        all.add(plain(theirs + "attention.output.LayerNorm." + part, ours + "ln1." + part));
        all.add(plain(theirs + "intermediate.dense." + part, ours + "mlp.in." + part));
        all.add(plain(theirs + "output.dense." + part, ours + "mlp.out." + part));
        all.add(plain(theirs + "output.LayerNorm." + part, ours + "ln2." + part));
      }
      if (pooler(c)) {
        all.add(plain("bert.pooler.dense." + part, "pooler." + part));
      } else {
        all.add(plain("cls.predictions.transform.dense." + part, "mlm_head." + part));
        all.add(plain("cls.predictions.transform.LayerNorm." + part, "ln_final." + part));
      }
    }
    if (!pooler(c)) {
      if (!c.tied()) {
        all.add(plain("cls.predictions.decoder.weight", "unembed.weight"));
      }
      all.add(plain("cls.predictions.bias", c.tied() ? "unembed_bias" : "unembed.bias"));
    }
    return all;
  }
}
