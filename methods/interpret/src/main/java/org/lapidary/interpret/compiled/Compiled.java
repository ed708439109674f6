package org.lapidary.interpret.compiled;

import java.util.List;
import java.util.Map;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Model;
import org.lapidary.nn.Parameter;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * A program as a transformer.
 *
 * <p>Token ids are indices into the alphabet, and {@link #bos} for the beginning of sequence, with
 * which every prompt begins. The logits at a position are the output's one-hot value, all 0 for
 * none; a number is the first logit.
 *
 * @param program what it computes
 * @param model a decoder without norms
 * @param truth which of its parts the output depends on
 */
public record Compiled(Program program, Model model, GroundTruth truth) {
  /** Of scores between what is selected and what is not; exp(-25) of weight leaks at most. */
  private static final double STEP = 25;

  /** A one-hot value counts from here on. */
  private static final double HALF = 0.5;

  /** Compiles. */
  public static Compiled of(Program program) {
    Plan plan = new Plan(program);
    int layers = plan.layers();
    int heads = 1;
    int dHead = 1;
    int neurons = 1;
    for (int l = 0; l < layers; l++) {
      heads = Math.max(heads, plan.heads(l).size());
      for (Variable v : plan.heads(l)) {
        dHead = Math.max(dHead, Math.max(keys(v) + 2, Plan.size(v)));
      }
      neurons = Math.max(neurons, new Neurons(plan, plan.maps(l)).all().size());
    }
    int vocab = Math.max(program.alphabet().size() + 1, Plan.size(program.output()));
    DecoderConfig config =
        new DecoderConfig(
            "decoder",
            vocab,
            plan.width(),
            layers,
            heads,
            heads,
            dHead,
            neurons,
            program.length() + 1,
            "none",
            1e-5,
            "pre",
            program.causal() ? "attention" : "bidirectional-attention",
            "mlp",
            "relu",
            "learned",
            null,
            new DecoderConfig.Biases(true, false, true, false, false),
            new DecoderConfig.Extras(false, false, 1, 1, 0, 0, 0, 1),
            false);
    Model model = Model.random(config, new Rng(0));
    Layer layer = model.layer();
    layer.requiresGrad(false);
    embeddings(program, plan, layer, vocab);
    for (int l = 0; l < layers; l++) {
      attention(plan, layer, l, heads, dHead);
      mlp(plan, layer, l, neurons);
    }
    return new Compiled(program, model, GroundTruth.of(program, plan));
  }

  private static void embeddings(Program program, Plan plan, Layer layer, int vocab) {
    Matrix embed = new Matrix(vocab, plan.width());
    for (int t = 0; t <= program.alphabet().size(); t++) {
      embed.set(t, t, 1);
    }
    embed.into(layer, "embed");
    Matrix positions = new Matrix(program.length() + 1, plan.width());
    for (int p = 0; p < program.length(); p++) {
      positions.set(p + 1, plan.firstPosition() + p, 1); // the first is the beginning of sequence
    }
    positions.into(layer, "pos_embed");
    Matrix unembed = new Matrix(vocab, plan.width());
    for (int i = 0; i < Plan.size(program.output()); i++) {
      unembed.set(i, plan.start(program.output()) + i, 1);
    }
    unembed.into(layer, "unembed.weight");
  }

  private static Selector<?, ?> selector(Variable variable) {
    return switch (variable) {
      case Categorical.Picked<?> p -> p.where();
      case Categorical.Counted c -> c.selector();
      case Numerical.Mean m -> m.where();
      default -> throw new IllegalStateException("no head computes " + variable);
    };
  }

  private static int keys(Variable variable) {
    return selector(variable).keys().values().size();
  }

  /**
   * Head dimensions: one for each value of the key, one for the beginning of sequence, one for how
   * late a key stands.
   */
  private static void attention(Plan plan, Layer layer, int l, int heads, int dHead) {
    int width = plan.width();
    Matrix q = new Matrix(heads * dHead, width);
    Matrix bias = new Matrix(heads * dHead, 1);
    Matrix k = new Matrix(heads * dHead, width);
    Matrix v = new Matrix(heads * dHead, width);
    Matrix o = new Matrix(width, heads * dHead);
    List<Variable> variables = plan.heads(l);
    for (int h = 0; h < variables.size(); h++) {
      Variable variable = variables.get(h);
      Selector<?, ?> selector = selector(variable);
      boolean[][] table = selector.table();
      int first = h * dHead;
      int length = plan.positions();
      // a later key outdoes an earlier one by a step, and a match any key that is none
      double match = selector.latest() ? STEP * (length + 2) : 2 * STEP;
      double nothing = variable instanceof Categorical.Counted ? match : match - STEP;
      for (int key = 0; key < table.length; key++) {
        k.set(first + key, plan.start(selector.keys()) + key, 1);
        for (int query = 0; query < table[key].length; query++) {
          if (table[key][query]) {
            q.set(first + key, plan.start(selector.queries()) + query, match);
          }
        }
      }
      k.set(first + table.length, plan.bos(), 1);
      bias.set(first + table.length, 0, nothing);
      if (selector.latest()) {
        for (int p = 0; p < length; p++) {
          k.set(first + table.length + 1, plan.firstPosition() + p, p);
        }
        bias.set(first + table.length + 1, 0, STEP);
      }
      switch (variable) {
        case Categorical.Counted c -> {
          v.set(first, plan.bos(), 1);
          o.set(plan.share(c), first, 1);
        }
        case Categorical.Picked<?> p ->
            carry(v, o, first, plan.start(p.of()), plan.start(p), Plan.size(p));
        case Numerical.Mean m -> carry(v, o, first, plan.start(m.of()), plan.start(m), 1);
        default -> throw new IllegalStateException("no head computes " + variable);
      }
    }
    String attn = "blocks." + l + ".attn.";
    q.into(layer, attn + "q.weight");
    bias.into(layer, attn + "q.bias");
    k.into(layer, attn + "k.weight");
    new Matrix(heads * dHead, 1).into(layer, attn + "k.bias");
    v.into(layer, attn + "v.weight");
    new Matrix(heads * dHead, 1).into(layer, attn + "v.bias");
    o.into(layer, attn + "o.weight");
  }

  private static void carry(Matrix v, Matrix o, int head, int from, int to, int size) {
    for (int i = 0; i < size; i++) {
      v.set(head + i, from + i, 1);
      o.set(to + i, head + i, 1);
    }
  }

  private static void mlp(Plan plan, Layer layer, int l, int width) {
    Matrix in = new Matrix(width, plan.width());
    Matrix bias = new Matrix(width, 1);
    Matrix out = new Matrix(plan.width(), width);
    List<Neurons.Neuron> neurons = new Neurons(plan, plan.maps(l)).all();
    for (int n = 0; n < neurons.size(); n++) {
      Neurons.Neuron neuron = neurons.get(n);
      for (Map.Entry<Integer, Double> e : neuron.in().entrySet()) {
        in.set(n, e.getKey(), e.getValue());
      }
      bias.set(n, 0, neuron.bias());
      for (Map.Entry<Integer, Double> e : neuron.out().entrySet()) {
        out.set(e.getKey(), n, e.getValue());
      }
    }
    String mlp = "blocks." + l + ".mlp.";
    in.into(layer, mlp + "in.weight");
    bias.into(layer, mlp + "in.bias");
    out.into(layer, mlp + "out.weight");
    new Matrix(plan.width(), 1).into(layer, mlp + "out.bias");
  }

  /** Weights, 0 until set. */
  private record Matrix(int rows, int columns, float[] values) {
    Matrix(int rows, int columns) {
      this(rows, columns, new float[rows * columns]);
    }

    void set(int row, int column, double value) {
      values[row * columns + column] = (float) value;
    }

    void into(Layer layer, String path) {
      Parameter parameter = layer.parameterAt(path);
      parameter.set(Tensor.of(values, parameter.tensor().shape().toArray()));
    }
  }

  /** The id with which prompts begin. */
  public int bos() {
    return program.alphabet().size();
  }

  /** The prompt of a sequence: the beginning of sequence and the tokens. */
  public int[] prompt(int... tokens) {
    program.check(tokens);
    int[] prompt = new int[tokens.length + 1];
    prompt[0] = bos();
    System.arraycopy(tokens, 0, prompt, 1, tokens.length);
    return prompt;
  }

  /** Runs the model; the same as {@link Program#run}. */
  public double[] run(int... tokens) {
    return run(new int[][] {tokens})[0];
  }

  /** Runs it on sequences of one length, [sequence][position]. */
  public double[][] run(int[][] sequences) {
    int[][] prompts = new int[sequences.length][];
    for (int i = 0; i < prompts.length; i++) {
      prompts[i] = prompt(sequences[i]);
    }
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor logits =
          model.forward(LanguageModeling.tensor(prompts)).slice(1, 1, prompts[0].length);
      double[] read;
      if (program.numerical()) {
        read = logits.select(2, 0).to(DType.FLOAT64).toDoubles();
      } else {
        Tensor value = logits.argmax(-1).to(DType.FLOAT64);
        Tensor some = logits.max(false, -1).gt(HALF);
        read = Tensor.where(some, value, value.mul(0).sub(1)).toDoubles();
      }
      int length = sequences[0].length;
      double[][] rows = new double[sequences.length][length];
      for (int i = 0; i < rows.length; i++) {
        System.arraycopy(read, i * length, rows[i], 0, length);
      }
      return rows;
    }
  }
}
