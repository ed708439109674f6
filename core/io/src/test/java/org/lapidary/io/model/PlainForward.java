package org.lapidary.io.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import org.lapidary.io.Json;
import org.lapidary.io.RawTensor;
import org.lapidary.io.Safetensors;
import org.lapidary.io.TensorSource;

/**
 * The published decoders once more, in loops over doubles, straight from a folder's config.json and
 * tensor names: an oracle that shares nothing with the layers under test.
 */
final class PlainForward {
  private final JsonNode config;
  private final Map<String, double[]> weights = new HashMap<>();
  private final String type;
  private final int d;
  private final int heads;
  private final int kvHeads;
  private final int dHead;

  PlainForward(Path folder) {
    config = Json.read(folder.resolve("config.json"));
    type = config.get("model_type").asText();
    try (TensorSource source = Safetensors.open(folder)) {
      for (String name : source.names()) {
        RawTensor raw = source.get(name);
        weights.put(name, raw.toDoubles());
      }
    }
    d = config.has("n_embd") ? config.get("n_embd").asInt() : config.get("hidden_size").asInt();
    heads =
        config.has("n_head")
            ? config.get("n_head").asInt()
            : config.get("num_attention_heads").asInt();
    kvHeads = config.path("num_key_value_heads").asInt(heads);
    dHead = config.path("head_dim").asInt(d / heads);
  }

  /** Logits [position][vocab]. */
  double[][] logits(int[] ids) {
    return switch (type) {
      case "gpt2" -> gpt2(ids);
      case "gpt_neox" -> neox(ids);
      case "phi" -> phi(ids);
      default -> llama(ids);
    };
  }

  private double[][] gpt2(int[] ids) {
    int n = ids.length;
    double[][] x = new double[n][d];
    for (int p = 0; p < n; p++) {
      for (int j = 0; j < d; j++) {
        x[p][j] =
            w("transformer.wte.weight")[ids[p] * d + j] + w("transformer.wpe.weight")[p * d + j];
      }
    }
    double eps = config.get("layer_norm_epsilon").asDouble();
    for (int l = 0; l < config.get("n_layer").asInt(); l++) {
      String b = "transformer.h." + l + ".";
      double[][] h = layerNorm(x, b + "ln_1", eps);
      double[][] qkv = conv1d(h, b + "attn.c_attn", 3 * d);
      double[][] z =
          attend(
              cols(qkv, 0, d),
              cols(qkv, d, 2 * d),
              cols(qkv, 2 * d, 3 * d),
              1 / Math.sqrt(dHead),
              0,
              0);
      add(x, conv1d(z, b + "attn.c_proj", d));
      double[][] m =
          conv1d(layerNorm(x, b + "ln_2", eps), b + "mlp.c_fc", config.get("n_inner").asInt());
      map(m, PlainForward::geluTanh);
      add(x, conv1d(m, b + "mlp.c_proj", d));
    }
    return linear(
        layerNorm(x, "transformer.ln_f", eps),
        head("transformer.wte.weight", "lm_head.weight"),
        null);
  }

  private double[][] neox(int[] ids) {
    double[][] x = embed(ids, "gpt_neox.embed_in.weight", 1);
    double eps = config.get("layer_norm_eps").asDouble();
    int rotary = (int) (dHead * config.get("rotary_pct").asDouble());
    boolean parallel = config.get("use_parallel_residual").asBoolean();
    for (int l = 0; l < config.get("num_hidden_layers").asInt(); l++) {
      String b = "gpt_neox.layers." + l + ".";
      double[][] fused =
          linear(layerNorm(x, b + "input_layernorm", eps), b + "attention.query_key_value");
      double[][] q = new double[ids.length][d];
      double[][] k = new double[ids.length][d];
      double[][] v = new double[ids.length][d];
      for (int p = 0; p < ids.length; p++) {
        for (int h = 0; h < heads; h++) {
          for (int j = 0; j < dHead; j++) {
            q[p][h * dHead + j] = fused[p][h * 3 * dHead + j];
            k[p][h * dHead + j] = fused[p][h * 3 * dHead + dHead + j];
            v[p][h * dHead + j] = fused[p][h * 3 * dHead + 2 * dHead + j];
          }
        }
      }
      double theta = config.get("rotary_emb_base").asDouble();
      rotate(q, heads, rotary, theta);
      rotate(k, heads, rotary, theta);
      double[][] a = linear(attend(q, k, v, 1 / Math.sqrt(dHead), 0, 0), b + "attention.dense");
      double[][] read = copy(x);
      if (!parallel) {
        add(read, a);
      }
      double[][] m =
          linear(layerNorm(read, b + "post_attention_layernorm", eps), b + "mlp.dense_h_to_4h");
      map(m, PlainForward::gelu);
      add(x, a);
      add(x, linear(m, b + "mlp.dense_4h_to_h"));
    }
    return linear(
        layerNorm(x, "gpt_neox.final_layer_norm", eps),
        head("gpt_neox.embed_in.weight", "embed_out.weight"),
        null);
  }

  private double[][] phi(int[] ids) {
    double[][] x = embed(ids, "model.embed_tokens.weight", 1);
    double eps = config.get("layer_norm_eps").asDouble();
    int rotary = (int) (dHead * config.get("partial_rotary_factor").asDouble());
    double theta = config.get("rope_theta").asDouble();
    for (int l = 0; l < config.get("num_hidden_layers").asInt(); l++) {
      String b = "model.layers." + l + ".";
      double[][] h = layerNorm(x, b + "input_layernorm", eps);
      double[][] q = linear(h, b + "self_attn.q_proj");
      double[][] k = linear(h, b + "self_attn.k_proj");
      rotate(q, heads, rotary, theta);
      rotate(k, kvHeads, rotary, theta);
      double[][] z = attend(q, k, linear(h, b + "self_attn.v_proj"), 1 / Math.sqrt(dHead), 0, 0);
      double[][] m = linear(h, b + "mlp.fc1");
      map(m, PlainForward::geluTanh);
      add(x, linear(z, b + "self_attn.dense"));
      add(x, linear(m, b + "mlp.fc2"));
    }
    return linear(
        layerNorm(x, "model.final_layernorm", eps),
        head("model.embed_tokens.weight", "lm_head.weight"),
        weights.get("lm_head.bias"));
  }

  private double[][] llama(int[] ids) {
    boolean gemma = type.startsWith("gemma");
    boolean sandwich = type.equals("gemma2");
    double[][] x = embed(ids, "model.embed_tokens.weight", gemma ? Math.sqrt(d) : 1);
    double eps = config.get("rms_norm_eps").asDouble();
    double offset = gemma ? 1 : 0;
    double theta = config.get("rope_theta").asDouble();
    double scale =
        sandwich
            ? 1 / Math.sqrt(config.get("query_pre_attn_scalar").asDouble())
            : 1 / Math.sqrt(dHead);
    for (int l = 0; l < config.get("num_hidden_layers").asInt(); l++) {
      String b = "model.layers." + l + ".";
      double[][] h = rmsNorm(x, b + "input_layernorm.weight", eps, offset);
      double[][] q;
      double[][] k;
      double[][] v;
      if (type.equals("phi3")) {
        double[][] all = linear(h, b + "self_attn.qkv_proj");
        int inner = heads * dHead;
        int kv = kvHeads * dHead;
        q = cols(all, 0, inner);
        k = cols(all, inner, inner + kv);
        v = cols(all, inner + kv, inner + 2 * kv);
      } else {
        q = linear(h, b + "self_attn.q_proj");
        k = linear(h, b + "self_attn.k_proj");
        v = linear(h, b + "self_attn.v_proj");
      }
      if (type.equals("qwen3")) {
        headNorm(q, heads, b + "self_attn.q_norm.weight", eps);
        headNorm(k, kvHeads, b + "self_attn.k_norm.weight", eps);
      }
      rotate(q, heads, dHead, theta);
      rotate(k, kvHeads, dHead, theta);
      boolean windowed = config.has("sliding_window") && (!sandwich || l % 2 == 0);
      double[][] a =
          linear(
              attend(
                  q,
                  k,
                  v,
                  scale,
                  config.path("attn_logit_softcapping").asDouble(0),
                  windowed ? config.get("sliding_window").asInt() : 0),
              b + "self_attn.o_proj");
      if (sandwich) {
        a = rmsNorm(a, b + "post_attention_layernorm.weight", eps, offset);
      }
      add(x, a);
      double[][] r =
          rmsNorm(
              x,
              b
                  + (sandwich
                      ? "pre_feedforward_layernorm.weight"
                      : "post_attention_layernorm.weight"),
              eps,
              offset);
      double[][] gate;
      double[][] up;
      if (type.equals("phi3")) {
        double[][] both = linear(r, b + "mlp.gate_up_proj");
        int half = both[0].length / 2;
        gate = cols(both, 0, half);
        up = cols(both, half, 2 * half);
      } else {
        gate = linear(r, b + "mlp.gate_proj");
        up = linear(r, b + "mlp.up_proj");
      }
      map(gate, gemma ? PlainForward::geluTanh : PlainForward::silu);
      for (int p = 0; p < gate.length; p++) {
        for (int j = 0; j < gate[p].length; j++) {
          gate[p][j] *= up[p][j];
        }
      }
      double[][] m = linear(gate, b + "mlp.down_proj");
      if (sandwich) {
        m = rmsNorm(m, b + "post_feedforward_layernorm.weight", eps, offset);
      }
      add(x, m);
    }
    double[][] logits =
        linear(
            rmsNorm(x, "model.norm.weight", eps, offset),
            head("model.embed_tokens.weight", "lm_head.weight"),
            null);
    double cap = config.path("final_logit_softcapping").asDouble(0);
    if (cap != 0) {
      map(logits, y -> cap * Math.tanh(y / cap));
    }
    return logits;
  }

  // ---- the pieces ----

  private double[] w(String name) {
    double[] values = weights.get(name);
    if (values == null) {
      throw new AssertionError("no tensor " + name + " among " + weights.keySet());
    }
    return values;
  }

  private double[] head(String tied, String own) {
    return weights.containsKey(own) ? w(own) : w(tied);
  }

  private double[][] embed(int[] ids, String name, double scale) {
    double[][] x = new double[ids.length][d];
    for (int p = 0; p < ids.length; p++) {
      for (int j = 0; j < d; j++) {
        x[p][j] = scale * w(name)[ids[p] * d + j];
      }
    }
    return x;
  }

  private double[][] linear(double[][] x, String name) {
    return linear(x, w(name + ".weight"), weights.get(name + ".bias"));
  }

  /** weight [out, in]. */
  static double[][] linear(double[][] x, double[] weight, double[] bias) {
    int in = x[0].length;
    int out = weight.length / in;
    double[][] y = new double[x.length][out];
    for (int p = 0; p < x.length; p++) {
      for (int o = 0; o < out; o++) {
        double sum = bias == null ? 0 : bias[o];
        for (int i = 0; i < in; i++) {
          sum += weight[o * in + i] * x[p][i];
        }
        y[p][o] = sum;
      }
    }
    return y;
  }

  /** weight [in, out], as GPT-2 keeps it. */
  private double[][] conv1d(double[][] x, String name, int out) {
    double[] weight = w(name + ".weight");
    double[] bias = w(name + ".bias");
    double[][] y = new double[x.length][out];
    for (int p = 0; p < x.length; p++) {
      for (int o = 0; o < out; o++) {
        y[p][o] = bias[o];
        for (int i = 0; i < x[p].length; i++) {
          y[p][o] += x[p][i] * weight[i * out + o];
        }
      }
    }
    return y;
  }

  private double[][] layerNorm(double[][] x, String name, double eps) {
    double[][] y = copy(x);
    for (double[] row : y) {
      double mean = 0;
      double square = 0;
      for (double v : row) {
        mean += v / row.length;
      }
      for (double v : row) {
        square += (v - mean) * (v - mean) / row.length;
      }
      for (int j = 0; j < row.length; j++) {
        row[j] =
            (row[j] - mean) / Math.sqrt(square + eps) * w(name + ".weight")[j]
                + w(name + ".bias")[j];
      }
    }
    return y;
  }

  private double[][] rmsNorm(double[][] x, String name, double eps, double offset) {
    double[][] y = copy(x);
    for (double[] row : y) {
      normalize(row, 0, row.length, w(name), eps, offset);
    }
    return y;
  }

  private void headNorm(double[][] x, int n, String name, double eps) {
    for (double[] row : x) {
      for (int h = 0; h < n; h++) {
        normalize(row, h * dHead, dHead, w(name), eps, 0);
      }
    }
  }

  private static void normalize(
      double[] row, int from, int n, double[] gain, double eps, double offset) {
    double square = 0;
    for (int j = 0; j < n; j++) {
      square += row[from + j] * row[from + j] / n;
    }
    for (int j = 0; j < n; j++) {
      row[from + j] = row[from + j] / Math.sqrt(square + eps) * (offset + gain[j]);
    }
  }

  private void rotate(double[][] x, int n, int rotary, double theta) {
    for (int p = 0; p < x.length; p++) {
      for (int h = 0; h < n; h++) {
        for (int i = 0; i < rotary / 2; i++) {
          double angle = p * frequency(Math.pow(theta, -2.0 * i / rotary));
          int a = h * dHead + i;
          int b = a + rotary / 2;
          double u = x[p][a];
          double v = x[p][b];
          x[p][a] = u * Math.cos(angle) - v * Math.sin(angle);
          x[p][b] = v * Math.cos(angle) + u * Math.sin(angle);
        }
      }
    }
  }

  private double frequency(double f) {
    JsonNode s = config.get("rope_scaling");
    if (s == null || s.isNull()) {
      return f;
    }
    double factor = s.get("factor").asDouble();
    if (s.get("rope_type").asText().equals("linear")) {
      return f / factor;
    }
    double wave = 2 * Math.PI / f;
    double original = s.get("original_max_position_embeddings").asDouble();
    double low = s.get("low_freq_factor").asDouble();
    double high = s.get("high_freq_factor").asDouble();
    if (wave > original / low) {
      return f / factor;
    }
    if (wave < original / high) {
      return f;
    }
    double smooth = (original / wave - low) / (high - low);
    return (1 - smooth) * f / factor + smooth * f;
  }

  private double[][] attend(
      double[][] q, double[][] k, double[][] v, double scale, double cap, int window) {
    double[][] z = new double[q.length][heads * dHead];
    for (int h = 0; h < heads; h++) {
      int g = h / (heads / kvHeads);
      for (int p = 0; p < q.length; p++) {
        double[] e = new double[p + 1];
        double sum = 0;
        for (int s = 0; s <= p; s++) {
          double score = 0;
          for (int j = 0; j < dHead; j++) {
            score += q[p][h * dHead + j] * k[s][g * dHead + j];
          }
          score *= scale;
          score = cap == 0 ? score : cap * Math.tanh(score / cap);
          e[s] = window > 0 && s <= p - window ? 0 : Math.exp(score);
          sum += e[s];
        }
        for (int s = 0; s <= p; s++) {
          for (int j = 0; j < dHead; j++) {
            z[p][h * dHead + j] += e[s] / sum * v[s][g * dHead + j];
          }
        }
      }
    }
    return z;
  }

  static double[][] cols(double[][] x, int from, int to) {
    double[][] y = new double[x.length][];
    for (int p = 0; p < x.length; p++) {
      y[p] = java.util.Arrays.copyOfRange(x[p], from, to);
    }
    return y;
  }

  static double[][] copy(double[][] x) {
    return cols(x, 0, x[0].length);
  }

  static void add(double[][] x, double[][] y) {
    for (int p = 0; p < x.length; p++) {
      for (int j = 0; j < x[p].length; j++) {
        x[p][j] += y[p][j];
      }
    }
  }

  static void map(double[][] x, DoubleUnaryOperator f) {
    for (double[] row : x) {
      for (int j = 0; j < row.length; j++) {
        row[j] = f.applyAsDouble(row[j]);
      }
    }
  }

  private static double silu(double x) {
    return x / (1 + Math.exp(-x));
  }

  private static double geluTanh(double x) {
    return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
  }

  /** x Phi(x), Phi by its series. */
  static double gelu(double x) {
    double t = x;
    double sum = x;
    for (int i = 1; i < 200; i++) {
      t *= x * x / (2 * i + 1);
      sum += t;
    }
    return x * (0.5 + sum * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI));
  }
}
