package org.lapidary.interpret.lnremoval;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.nn.Activations;
import org.lapidary.nn.Block;
import org.lapidary.nn.Decoder;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Model;
import org.lapidary.nn.Norm;
import org.lapidary.nn.Parameter;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * Direct logit attribution beside the truth: what each component of the last stream (embeddings,
 * heads, biases, MLPs) adds to the logit of the token that follows, with the final norm's scale
 * held; and by how much that logit falls when the component is taken out of the stream and the norm
 * does what it does.
 *
 * @param components their names
 * @param attributed [context][component]
 * @param effects [context][component]
 * @param constants what no component adds, by context: the final norm's shift and the unembedding's
 *     bias
 * @param logits by context, as the model gave them
 */
public record DirectLogits(
    List<String> components,
    double[][] attributed,
    double[][] effects,
    double[] constants,
    double[] logits) {

  /**
   * Attributes the logits of all tokens of some windows but the first of each.
   *
   * @param windows token ids
   * @throws IllegalArgumentException if the model is not a pre-norm decoder whose logits are linear
   *     in the last norm's output
   */
  public static DirectLogits of(Model model, int[][] windows) {
    DecoderConfig config = model.decoder().config();
    if (!config.placement().equals("pre")
        || !config.mixer().equals("attention")
        || !config.ends().equals(DecoderConfig.Ends.PLAIN)
        || config.extras().logitSoftcap() != 0) {
      throw new IllegalArgumentException(
          "logits are attributed in pre-norm decoders with attention and plain logits, not in a %s"
              .formatted(config.family()));
    }
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      return attribute(model.decoder(), model, LanguageModeling.tensor(windows));
    }
  }

  private static DirectLogits attribute(Decoder decoder, Model model, Tensor tokens) {
    int layers = decoder.blocks().size();
    String last = "blocks." + (layers - 1) + ".hook_resid_post";
    Activations acts =
        model.capture(
            tokens,
            "{hook_embed,hook_pos_embed,blocks.*.attn.hook_result,blocks.*.hook_mlp_out,"
                + last
                + "}");
    List<String> names = new ArrayList<>();
    List<Tensor> parts = new ArrayList<>();
    for (String site : acts.sites()) {
      if (site.endsWith("hook_result")) {
        int layer = Integer.parseInt(site.split("\\.", 3)[1]);
        for (int h = 0; h < decoder.config().heads(); h++) {
          names.add("L%dH%d".formatted(layer, h));
          parts.add(rows(acts.at(site).select(2, h)));
        }
        bias(decoder.blocks().get(layer), layer, names, parts);
      } else if (!site.equals(last)) {
        names.add(site.endsWith("mlp_out") ? "L" + site.split("\\.", 3)[1] + " MLP" : site);
        parts.add(rows(acts.at(site)));
      }
    }
    Tensor stream = rows(acts.at(last)); // [n, dModel]
    List<Tensor> all = new ArrayList<>();
    parts.forEach(p -> all.add(p.expand(stream.shape().toArray())));
    Tensor components = Tensor.stack(all).transpose(0, 1); // [n, component, dModel]
    Tensor next = tokens.slice(1, 1, tokens.size(1)).reshape(-1);
    Tensor readers =
        decoder.unembedding().to(DType.FLOAT64).indexSelect(0, next).unsqueeze(1); // [n, 1, dModel]
    Parameter unembedBias =
        decoder.parameters().get(decoder.config().tied() ? "unembed_bias" : "unembed.bias");
    Norm norm = decoder.lnFinal();
    Tensor streams = stream.unsqueeze(1);
    Tensor scale = scale(norm, streams);
    Tensor gain = norm.kind().equals("none") ? null : norm.gain().to(DType.FLOAT64);
    Tensor held = centred(norm, components).div(scale);
    Tensor attributed = (gain == null ? held : held.mul(gain)).mul(readers).sum(false, 2);
    Tensor whole = normed(norm, streams).mul(readers).sum(false, 2); // [n, 1]
    Tensor without = normed(norm, streams.sub(components)).mul(readers).sum(false, 2);
    Tensor constant =
        norm.kind().equals("layernorm")
            ? readers.mul(norm.shift().to(DType.FLOAT64)).sum(false, 1, 2)
            : Tensor.zeros(DType.FLOAT64, next.shape());
    if (unembedBias != null) {
      constant = constant.add(unembedBias.value().to(DType.FLOAT64).indexSelect(0, next));
    }
    Tensor logits =
        acts.output()
            .slice(1, 0, tokens.size(1) - 1)
            .reshape(next.elements(), -1)
            .gather(1, next.unsqueeze(1))
            .squeeze(1);
    int n = (int) next.elements();
    return new DirectLogits(
        names,
        table(attributed, n),
        table(whole.sub(without), n),
        constant.toDoubles(),
        logits.to(DType.FLOAT64).toDoubles());
  }

  private static void bias(Block block, int layer, List<String> names, List<Tensor> parts) {
    if (block.layer("attn.o") instanceof Linear linear && linear.bias() != null) {
      names.add("L" + layer + " attention bias");
      parts.add(linear.bias().value().to(DType.FLOAT64).unsqueeze(0));
    }
  }

  /** float64 [batch * (position - 1), dModel], without the last position. */
  private static Tensor rows(Tensor x) {
    return x.slice(1, 0, x.size(1) - 1).reshape(-1, x.size(2)).to(DType.FLOAT64);
  }

  private static double[][] table(Tensor x, int rows) {
    double[] flat = x.toDoubles();
    int columns = flat.length / rows;
    double[][] table = new double[rows][];
    for (int i = 0; i < rows; i++) {
      table[i] = java.util.Arrays.copyOfRange(flat, i * columns, (i + 1) * columns);
    }
    return table;
  }

  private static Tensor centred(Norm norm, Tensor x) {
    return norm.kind().equals("layernorm") ? x.sub(x.mean(true, -1)) : x;
  }

  private static Tensor scale(Norm norm, Tensor x) {
    return norm.kind().equals("none")
        ? Tensor.ones(DType.FLOAT64, x.select(2, 0).unsqueeze(2).shape())
        : centred(norm, x).square().mean(true, -1).add(norm.epsilon()).sqrt();
  }

  private static Tensor normed(Norm norm, Tensor x) {
    if (norm.kind().equals("none")) {
      return x;
    }
    return centred(norm, x).div(scale(norm, x)).mul(norm.gain().to(DType.FLOAT64));
  }

  /** sum |attributed - effect| / sum |effect|. */
  public double error() {
    double wrong = 0;
    double sum = 0;
    for (int i = 0; i < effects.length; i++) {
      for (int c = 0; c < effects[i].length; c++) {
        wrong += Math.abs(attributed[i][c] - effects[i][c]);
        sum += Math.abs(effects[i][c]);
      }
    }
    return wrong / sum;
  }

  /** The largest |attributed - effect|. */
  public double largestError() {
    double most = 0;
    for (int i = 0; i < effects.length; i++) {
      for (int c = 0; c < effects[i].length; c++) {
        most = Math.max(most, Math.abs(attributed[i][c] - effects[i][c]));
      }
    }
    return most;
  }

  /** The largest difference between a logit and its attributions' sum with the constant. */
  public double unexplained() {
    double most = 0;
    for (int i = 0; i < logits.length; i++) {
      double sum = constants[i];
      for (double a : attributed[i]) {
        sum += a;
      }
      most = Math.max(most, Math.abs(sum - logits[i]));
    }
    return most;
  }
}
