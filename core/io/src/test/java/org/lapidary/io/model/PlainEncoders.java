package org.lapidary.io.model;

import static org.lapidary.io.model.PlainForward.add;
import static org.lapidary.io.model.PlainForward.copy;
import static org.lapidary.io.model.PlainForward.map;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.lapidary.io.Json;
import org.lapidary.io.Safetensors;
import org.lapidary.io.TensorSource;

/**
 * BERT, ViT, MLP-Mixer and PoolFormer in loops over doubles, straight from a folder's config.json
 * and tensor names: an oracle that shares nothing with the layers under test.
 */
final class PlainEncoders {
  private final JsonNode config;
  private final Map<String, double[]> weights = new HashMap<>();

  PlainEncoders(Path folder) {
    config = Json.read(folder.resolve("config.json"));
    try (TensorSource source = Safetensors.open(folder)) {
      for (String name : source.names()) {
        weights.put(name, source.get(name).toDoubles());
      }
    }
  }

  /** Logits [position][vocab], or the last stream [position][dModel] of a BertModel. */
  double[][] bert(int[] ids, int[] types, boolean[] padding) {
    int d = config.get("hidden_size").asInt();
    double eps = config.get("layer_norm_eps").asDouble();
    double[][] x = new double[ids.length][d];
    for (int p = 0; p < ids.length; p++) {
      for (int j = 0; j < d; j++) {
        x[p][j] =
            w("bert.embeddings.word_embeddings.weight")[ids[p] * d + j]
                + w("bert.embeddings.position_embeddings.weight")[p * d + j]
                + w("bert.embeddings.token_type_embeddings.weight")[types[p] * d + j];
      }
    }
    x = layerNorm(x, "bert.embeddings.LayerNorm", eps);
    for (int l = 0; l < config.get("num_hidden_layers").asInt(); l++) {
      String b = "bert.encoder.layer." + l + ".";
      String a = b + "attention.self.";
      double[][] z =
          attend(linear(x, a + "query"), linear(x, a + "key"), linear(x, a + "value"), padding);
      add(x, linear(z, b + "attention.output.dense"));
      x = layerNorm(x, b + "attention.output.LayerNorm", eps);
      double[][] m = linear(x, b + "intermediate.dense");
      map(m, PlainForward::gelu);
      add(x, linear(m, b + "output.dense"));
      x = layerNorm(x, b + "output.LayerNorm", eps);
    }
    if (config.get("architectures").get(0).asText().equals("BertModel")) {
      return x;
    }
    double[][] h = linear(x, "cls.predictions.transform.dense");
    map(h, PlainForward::gelu);
    h = layerNorm(h, "cls.predictions.transform.LayerNorm", eps);
    String unembed = "cls.predictions.decoder.weight";
    return PlainForward.linear(
        h,
        w(weights.containsKey(unembed) ? unembed : "bert.embeddings.word_embeddings.weight"),
        w("cls.predictions.bias"));
  }

  /** tanh of the pooler's dense layer on the first position. */
  double[] pooled(double[][] stream) {
    double[][] y = linear(new double[][] {stream[0]}, "bert.pooler.dense");
    map(y, Math::tanh);
    return y[0];
  }

  /** Class logits of an image [channel][row][column]. */
  double[] vit(double[][][] image) {
    int d = config.get("hidden_size").asInt();
    int patch = config.get("patch_size").asInt();
    double eps = config.get("layer_norm_eps").asDouble();
    double[][] patches =
        positions(convolve(image, "vit.embeddings.patch_embeddings.projection", patch, patch, 0));
    double[][] x = new double[patches.length + 1][];
    x[0] = w("vit.embeddings.cls_token").clone();
    System.arraycopy(patches, 0, x, 1, patches.length);
    for (int p = 0; p < x.length; p++) {
      for (int j = 0; j < d; j++) {
        x[p][j] += w("vit.embeddings.position_embeddings")[p * d + j];
      }
    }
    for (int l = 0; l < config.get("num_hidden_layers").asInt(); l++) {
      String b = "vit.encoder.layer." + l + ".";
      double[][] h = layerNorm(x, b + "layernorm_before", eps);
      String a = b + "attention.attention.";
      double[][] z =
          attend(
              linear(h, a + "query"),
              linear(h, a + "key"),
              linear(h, a + "value"),
              new boolean[x.length]);
      add(x, linear(z, b + "attention.output.dense"));
      double[][] m = linear(layerNorm(x, b + "layernorm_after", eps), b + "intermediate.dense");
      map(m, PlainForward::gelu);
      add(x, linear(m, b + "output.dense"));
    }
    double[][] first = {layerNorm(x, "vit.layernorm", eps)[0]};
    return weights.containsKey("classifier.weight") ? linear(first, "classifier")[0] : first[0];
  }

  double[] mixer(double[][][] image) {
    int patch = config.get("patch_size").asInt();
    double eps = config.get("layer_norm_eps").asDouble();
    double[][] x = positions(convolve(image, "stem.proj", patch, patch, 0));
    for (int l = 0; l < config.get("num_hidden_layers").asInt(); l++) {
      String b = "blocks." + l + ".";
      double[][] t = linear(turned(layerNorm(x, b + "norm1", eps)), b + "mlp_tokens.fc1");
      map(t, PlainForward::gelu);
      add(x, turned(linear(t, b + "mlp_tokens.fc2")));
      double[][] m = linear(layerNorm(x, b + "norm2", eps), b + "mlp_channels.fc1");
      map(m, PlainForward::gelu);
      add(x, linear(m, b + "mlp_channels.fc2"));
    }
    return linear(new double[][] {mean(layerNorm(x, "norm", eps))}, "head")[0];
  }

  double[] poolFormer(double[][][] image) {
    double[][][] x = image;
    int size = config.get("pool_size").asInt();
    for (int stage = 0; stage < config.get("num_encoder_blocks").asInt(); stage++) {
      x =
          convolve(
              x,
              "poolformer.encoder.patch_embeddings." + stage + ".projection",
              config.get("patch_sizes").get(stage).asInt(),
              config.get("strides").get(stage).asInt(),
              config.get("padding").get(stage).asInt());
      for (int l = 0; l < config.get("depths").get(stage).asInt(); l++) {
        String b = "poolformer.encoder.block." + stage + "." + l + ".";
        double[][][] h = groupNorm(x, b + "before_norm");
        for (int c = 0; c < x.length; c++) {
          double scale = weights.containsKey(b + "layer_scale_1") ? w(b + "layer_scale_1")[c] : 1;
          for (int i = 0; i < x[c].length; i++) {
            for (int j = 0; j < x[c][i].length; j++) {
              x[c][i][j] += scale * (around(h[c], i, j, size / 2) - h[c][i][j]);
            }
          }
        }
        double[][] m = linear(positions(groupNorm(x, b + "after_norm")), b + "output.conv1");
        map(m, PlainForward::gelu);
        m = linear(m, b + "output.conv2");
        for (int c = 0; c < x.length; c++) {
          double scale = weights.containsKey(b + "layer_scale_2") ? w(b + "layer_scale_2")[c] : 1;
          for (int p = 0; p < m.length; p++) {
            x[c][p / x[c][0].length][p % x[c][0].length] += scale * m[p][c];
          }
        }
      }
    }
    return linear(new double[][] {mean(positions(groupNorm(x, "norm")))}, "classifier")[0];
  }

  private static double around(double[][] x, int i, int j, int reach) {
    double sum = 0;
    int n = 0;
    for (int a = Math.max(0, i - reach); a <= Math.min(x.length - 1, i + reach); a++) {
      for (int b = Math.max(0, j - reach); b <= Math.min(x[0].length - 1, j + reach); b++) {
        sum += x[a][b];
        n++;
      }
    }
    return sum / n;
  }

  private double[][][] groupNorm(double[][][] x, String name) {
    double n = (double) x.length * x[0].length * x[0][0].length;
    double mean = 0;
    double square = 0;
    for (double[][] c : x) {
      for (double[] row : c) {
        for (double v : row) {
          mean += v / n;
          square += v * v / n;
        }
      }
    }
    double[][][] y = new double[x.length][][];
    for (int c = 0; c < x.length; c++) {
      double gain = w(name + ".weight")[c];
      double shift = w(name + ".bias")[c];
      double middle = mean;
      double deviation = Math.sqrt(square - mean * mean + 1e-5);
      y[c] = copy(x[c]);
      map(y[c], v -> (v - middle) / deviation * gain + shift);
    }
    return y;
  }

  private double[][][] convolve(double[][][] x, String name, int kernel, int stride, int padding) {
    double[] bias = w(name + ".bias");
    double[] weight = w(name + ".weight");
    int in = x.length;
    int height = (x[0].length + 2 * padding - kernel) / stride + 1;
    int width = (x[0][0].length + 2 * padding - kernel) / stride + 1;
    double[][][] y = new double[bias.length][height][width];
    for (int o = 0; o < bias.length; o++) {
      for (int i = 0; i < height; i++) {
        for (int j = 0; j < width; j++) {
          double sum = bias[o];
          for (int c = 0; c < in; c++) {
            for (int a = 0; a < kernel; a++) {
              for (int b = 0; b < kernel; b++) {
                int row = i * stride + a - padding;
                int col = j * stride + b - padding;
                if (row >= 0 && row < x[0].length && col >= 0 && col < x[0][0].length) {
                  sum += weight[((o * in + c) * kernel + a) * kernel + b] * x[c][row][col];
                }
              }
            }
          }
          y[o][i][j] = sum;
        }
      }
    }
    return y;
  }

  /** [channel][row][column] to [position][channel], row by row. */
  private static double[][] positions(double[][][] x) {
    int width = x[0][0].length;
    double[][] y = new double[x[0].length * width][x.length];
    for (int p = 0; p < y.length; p++) {
      for (int c = 0; c < x.length; c++) {
        y[p][c] = x[c][p / width][p % width];
      }
    }
    return y;
  }

  private static double[][] turned(double[][] x) {
    double[][] y = new double[x[0].length][x.length];
    for (int i = 0; i < x.length; i++) {
      for (int j = 0; j < y.length; j++) {
        y[j][i] = x[i][j];
      }
    }
    return y;
  }

  private static double[] mean(double[][] x) {
    double[] y = new double[x[0].length];
    for (double[] row : x) {
      for (int j = 0; j < y.length; j++) {
        y[j] += row[j] / x.length;
      }
    }
    return y;
  }

  private double[][] attend(double[][] q, double[][] k, double[][] v, boolean[] padding) {
    int d = q[0].length;
    int heads = config.get("num_attention_heads").asInt();
    int dHead = d / heads;
    double[][] z = new double[q.length][d];
    for (int h = 0; h < heads; h++) {
      for (int p = 0; p < q.length; p++) {
        double[] e = new double[k.length];
        for (int s = 0; s < k.length; s++) {
          double score = 0;
          for (int j = h * dHead; j < (h + 1) * dHead; j++) {
            score += q[p][j] * k[s][j];
          }
          e[s] = padding[s] ? 0 : Math.exp(score / Math.sqrt(dHead));
        }
        double sum = Arrays.stream(e).sum();
        for (int s = 0; s < k.length; s++) {
          for (int j = h * dHead; j < (h + 1) * dHead; j++) {
            z[p][j] += e[s] / sum * v[s][j];
          }
        }
      }
    }
    return z;
  }

  private double[][] layerNorm(double[][] x, String name, double eps) {
    double[][] y = copy(x);
    for (double[] row : y) {
      double mean = Arrays.stream(row).average().orElseThrow();
      double square = Arrays.stream(row).map(v -> (v - mean) * (v - mean)).average().orElseThrow();
      for (int j = 0; j < row.length; j++) {
        row[j] =
            (row[j] - mean) / Math.sqrt(square + eps) * w(name + ".weight")[j]
                + w(name + ".bias")[j];
      }
    }
    return y;
  }

  private double[][] linear(double[][] x, String name) {
    return PlainForward.linear(x, w(name + ".weight"), weights.get(name + ".bias"));
  }

  private double[] w(String name) {
    double[] values = weights.get(name);
    if (values == null) {
      throw new AssertionError("no tensor " + name + " among " + weights.keySet());
    }
    return values;
  }
}
