package org.lapidary.interpret.diagram;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.lapidary.interpret.diagram.Library.BlockStyle;
import org.lapidary.interpret.diagram.Library.Windows;
import org.lapidary.nn.Block;
import org.lapidary.nn.BlockConfig;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Layer;
import org.lapidary.nn.MetaFormerConfig;
import org.lapidary.nn.Parameter;
import org.lapidary.nn.Positions;
import org.lapidary.nn.ResNetConfig;
import org.lapidary.nn.SelfAttention;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Op;
import org.lapidary.tensor.Op.Unary.Kind;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

/**
 * A diagram of the library and what the workbench computes in its own way, with the same random
 * weights, in float64.
 *
 * @param name which and how large
 * @param sizes of the diagram's symbols
 * @param inputs for its open wires, in order
 * @param weights the workbench's own tensors by the names of wires; a wire may have other axes for
 *     the same elements
 * @param own the workbench's way
 */
record Counterpart(
    String name,
    Diagram diagram,
    Map<String, Long> sizes,
    List<Tensor> inputs,
    Map<String, Tensor> weights,
    Function<List<Tensor>, Tensor> own) {

  /** The largest differences of outputs and of gradients of inputs and weights. */
  record Difference(double outputs, double gradients, int compared) {}

  /** A diagram compiled with these weights. */
  DiagramLayer compiled() {
    DiagramLayer layer = diagram.compile(sizes);
    weights.forEach((wire, tensor) -> {
      Parameter held = layer.held(wire);
      held.set(
          tensor
              .detach()
              .reshape(held.tensor().shape())
              .copy()
              .requiresGrad(tensor.requiresGrad()));
    });
    return layer;
  }

  Difference difference(Rng rng) {
    DiagramLayer layer = compiled();
    List<Tensor> mine = new ArrayList<>();
    List<Tensor> theirs = new ArrayList<>();
    for (Tensor input : inputs) {
      mine.add(input.copy().requiresGrad(true));
      theirs.add(input.copy().requiresGrad(true));
    }
    Tensor drawn = layer.run(mine).getFirst();
    Tensor wanted = own.apply(theirs);
    Tensor direction = normal(rng, wanted.shape().toArray());
    List<Tensor> myLeaves = new ArrayList<>(mine);
    List<Tensor> theirLeaves = new ArrayList<>(theirs);
    weights.forEach((wire, tensor) -> {
      if (tensor.requiresGrad()) {
        myLeaves.add(layer.held(wire).tensor());
        theirLeaves.add(tensor);
      }
    });
    List<Tensor> a = Autograd.grad(drawn.mul(direction).sum(), myLeaves);
    List<Tensor> b = Autograd.grad(wanted.mul(direction).sum(), theirLeaves);
    double gradients = 0;
    for (int i = 0; i < a.size(); i++) {
      gradients = Math.max(gradients, apart(a.get(i).reshape(b.get(i).shape()), b.get(i)));
    }
    return new Difference(apart(drawn, wanted), gradients, a.size());
  }

  static double apart(Tensor a, Tensor b) {
    return a.detach().sub(b.detach()).abs().max().item();
  }

  static Tensor normal(Rng rng, long... shape) {
    return rng.normal(1, shape).to(DType.FLOAT64);
  }

  /** Every library item in three sizes. */
  static List<Counterpart> all(Rng rng) {
    List<Counterpart> all = new ArrayList<>();
    for (int size = 0; size < 3; size++) {
      all.add(attention(size, rng.fork(size)));
      all.add(multiHead(size, rng.fork(10 + size)));
      all.add(block(size, false, rng.fork(20 + size)));
      all.add(block(size, true, rng.fork(30 + size)));
      all.add(convolution("stride", new Windows(2, 1, 1), size, rng.fork(40 + size)));
      all.add(convolution("dilation", new Windows(1, 2, 2), size, rng.fork(50 + size)));
      all.add(transposed(size, rng.fork(60 + size)));
      all.add(depthwise(size, rng.fork(70 + size)));
      all.add(resNet(size, rng.fork(80 + size)));
      all.add(uNet(size, rng.fork(90 + size)));
      all.add(vit(size, rng.fork(100 + size)));
    }
    return all;
  }

  static Map<String, Long> sizes(Object... pairs) {
    Map<String, Long> sizes = new LinkedHashMap<>();
    for (int i = 0; i < pairs.length; i += 2) {
      sizes.put((String) pairs[i], ((Number) pairs[i + 1]).longValue());
    }
    return Collections.unmodifiableMap(sizes);
  }

  // ---- attention and transformers ----

  static Counterpart attention(int size, Rng rng) {
    long n = 3 + 2L * size;
    long m = 4 + size;
    long k = 2 + 3L * size;
    long v = 5 - size;
    return new Counterpart(
        "attention " + n,
        Library.attention(k, false),
        sizes("n", n, "m", m, "k", k, "v", v),
        List.of(normal(rng, n, k), normal(rng, m, k), normal(rng, m, v)),
        Map.of(),
        x -> Tensor.attention(x.get(0), x.get(1), x.get(2), null, false, 1 / Math.sqrt(k)));
  }

  private static BlockConfig config(int size, boolean causal) {
    int heads = 2 + size;
    int width = 3 + size;
    return new BlockConfig(
        heads * width,
        1,
        heads,
        heads,
        width,
        2 * heads * width + 1,
        0,
        "layernorm",
        1e-5,
        "pre",
        causal ? "attention" : "bidirectional-attention",
        "mlp",
        "gelu",
        null,
        DecoderConfig.Biases.ALL,
        DecoderConfig.Extras.NONE,
        0);
  }

  private static Map<String, Long> blockSizes(BlockConfig c, long b, long n) {
    return sizes("b", b, "n", n, "d", c.dModel(), "h", c.heads(), "k", c.dHead(), "f", c.dMlp());
  }

  static Counterpart multiHead(int size, Rng rng) {
    BlockConfig config = config(size, false);
    SelfAttention own = new SelfAttention(config, 0, false);
    // the layer calls the key's weights k, the diagram's axis has that name
    Map<String, Tensor> weights = new LinkedHashMap<>();
    drawn(own, rng).forEach((n, t) -> weights.put(n.replaceFirst("^k\\.", "key."), t));
    long b = 1 + size;
    long n = 4 + 3L * size;
    return new Counterpart(
        "multi-head attention " + config.heads() + " x " + config.dHead(),
        Library.multiHead(config.dHead(), false),
        blockSizes(config, b, n),
        List.of(normal(rng, b, n, config.dModel())),
        weights,
        x -> own.forward(x.getFirst(), Positions.sequence()));
  }

  private static Map<String, Tensor> keyed(Map<String, Tensor> weights) {
    Map<String, Tensor> named = new LinkedHashMap<>();
    weights.forEach((n, t) -> named.put(n.replace("attn.k.", "attn.key."), t));
    return named;
  }

  static Counterpart block(int size, boolean causal, Rng rng) {
    BlockConfig config = config(size, causal);
    Block own = new Block(config, 0);
    long b = 2;
    long n = 5 + 2L * size;
    return new Counterpart(
        (causal ? "decoder block " : "encoder block ") + config.dModel(),
        Library.block(new BlockStyle(causal, Kind.GELU, 1e-5, config.dHead())),
        blockSizes(config, b, n),
        List.of(normal(rng, b, n, config.dModel())),
        keyed(drawn(own, rng)),
        x -> own.forward(x.getFirst(), null));
  }

  static Counterpart vit(int size, Rng rng) {
    int patch = 2 + size;
    int rows = 3;
    int columns = 2 + size;
    int heads = 2;
    int width = 3 + size;
    int d = heads * width;
    MetaFormerConfig config =
        MetaFormerConfig.vit(
            new MetaFormerConfig.Image(3, rows * patch, columns * patch), patch, d, 2, heads, 5);
    Layer own = config.build();
    return new Counterpart(
        "ViT-tiny " + d,
        Library.vit(2, patch, new BlockStyle(false, Kind.GELU, 1e-12, width)),
        sizes(
            "b",
            2,
            "c",
            3,
            "rows",
            rows,
            "cols",
            columns,
            "p",
            patch,
            "d",
            d,
            "h",
            heads,
            "k",
            width,
            "f",
            4 * d,
            "n",
            rows * columns + 1,
            "classes",
            5),
        List.of(normal(rng, 2, 3, (long) rows * patch, (long) columns * patch)),
        keyed(drawn(own, rng)),
        x -> ((UnaryLayer) own).forward(x.getFirst()));
  }

  // ---- convolutions ----

  private static Op.Convolution windows(Windows w, long groups, boolean transposed) {
    return new Op.Convolution(
        two(w.stride()), two(w.padding()), two(w.dilation()), groups, transposed, two(0), true);
  }

  private static List<Long> two(long n) {
    return List.of(n, n);
  }

  private static long places(long pixels, long kernel, Windows w) {
    return (pixels + 2L * w.padding() - w.dilation() * (kernel - 1) - 1) / w.stride() + 1;
  }

  static Counterpart convolution(String name, Windows w, int size, Rng rng) {
    long rows = 7 + size;
    long columns = 6 + 2L * size;
    long i = 2 + size;
    long o = 5 - size;
    Map<String, Tensor> weights = kernel(rng, o, o, i, 3, 2);
    return new Counterpart(
        "convolution, %s, %d x %d".formatted(name, rows, columns),
        Library.convolution(w),
        sizes(
            "b",
            2,
            "i",
            i,
            "o",
            o,
            "yy",
            rows,
            "xx",
            columns,
            "ky",
            3,
            "kx",
            2,
            "y",
            places(rows, 3, w),
            "x",
            places(columns, 2, w)),
        List.of(normal(rng, 2, i, rows, columns)),
        weights,
        x -> convolve(x.getFirst(), windows(w, 1, false), weights));
  }

  static Counterpart depthwise(int size, Rng rng) {
    Windows w = new Windows(1 + size % 2, 1, 1);
    long rows = 6 + size;
    long columns = 5 + size;
    long i = 3 + size;
    Map<String, Tensor> weights = kernel(rng, i, i, 1, 3, 3);
    return new Counterpart(
        "depthwise convolution %d x %d".formatted(rows, columns),
        Library.depthwise(w),
        sizes(
            "b",
            2,
            "i",
            i,
            "yy",
            rows,
            "xx",
            columns,
            "ky",
            3,
            "kx",
            3,
            "y",
            places(rows, 3, w),
            "x",
            places(columns, 3, w)),
        List.of(normal(rng, 2, i, rows, columns)),
        weights,
        x -> convolve(x.getFirst(), windows(w, i, false), weights));
  }

  static Counterpart transposed(int size, Rng rng) {
    Windows w = new Windows(2, size % 2, 1);
    long rows = 3 + size;
    long columns = 5 - size;
    long i = 3;
    long o = 2 + size;
    Map<String, Tensor> weights = kernel(rng, o, i, o, 3, 2);
    return new Counterpart(
        "transposed convolution %d x %d".formatted(rows, columns),
        Library.transposed(w),
        sizes(
            "b",
            2,
            "i",
            i,
            "o",
            o,
            "y",
            rows,
            "x",
            columns,
            "ky",
            3,
            "kx",
            2,
            "yy",
            2 * (rows - 1) + 3 - 2L * w.padding(),
            "xx",
            2 * (columns - 1) + 2 - 2L * w.padding()),
        List.of(normal(rng, 2, i, rows, columns)),
        weights,
        x -> convolve(x.getFirst(), windows(w, 1, true), weights));
  }

  private static Map<String, Tensor> kernel(Rng rng, long bias, long... weight) {
    return Map.of(
        "weight", normal(rng, weight).requiresGrad(true),
        "bias", normal(rng, bias).requiresGrad(true));
  }

  private static Tensor of(Map<String, Tensor> weights, String name) {
    Tensor weight = weights.get(name);
    if (weight == null) {
      throw new IllegalStateException("no weight " + name);
    }
    return weight;
  }

  private static Tensor convolve(Tensor x, Op.Convolution op, Map<String, Tensor> weights) {
    return x.convolution(op, of(weights, "weight"), of(weights, "bias"));
  }

  static Counterpart resNet(int size, Rng rng) {
    int width = 2 + size;
    int channels = 1 + size;
    long rows = 8 + size;
    long columns = 11 - size;
    Layer own = new ResNetConfig(channels, width, 1, 4).build();
    long rows2 = (rows + 1) / 2;
    long columns2 = (columns + 1) / 2;
    return new Counterpart(
        "residual network %d x %d".formatted(rows, columns),
        Library.resNet(1),
        sizes(
            "b",
            2,
            "ch",
            channels,
            "c",
            width,
            "rows",
            rows,
            "cols",
            columns,
            "rows2",
            rows2,
            "cols2",
            columns2,
            "rows4",
            (rows2 + 1) / 2,
            "cols4",
            (columns2 + 1) / 2,
            "classes",
            4),
        List.of(normal(rng, 2, channels, rows, columns)),
        drawn(own, rng),
        x -> ((UnaryLayer) own).forward(x.getFirst()));
  }

  static Counterpart uNet(int size, Rng rng) {
    long ch = 1 + size;
    long c = 2 + size;
    long o = 3;
    long rows = 2 + size;
    long columns = 4 - size;
    Map<String, Tensor> w = new LinkedHashMap<>();
    put(w, "down", rng, c, c, ch, 3, 3);
    put(w, "middle", rng, 2 * c, 2 * c, c, 3, 3);
    put(w, "up", rng, c, 2 * c, c, 2, 2);
    put(w, "last", rng, o, o, 2 * c, 3, 3);
    Windows up = new Windows(2, 0, 1);
    return new Counterpart(
        "U-Net %d x %d".formatted(2 * rows, 2 * columns),
        Library.uNet(),
        sizes("b", 2, "ch", ch, "c", c, "r", rows, "w", columns, "o", o),
        List.of(normal(rng, 2, ch, 2 * rows, 2 * columns)),
        w,
        x -> {
          Tensor fine = same(x.getFirst(), w, "down").relu();
          Tensor deep = same(fine.maxPool2d(2, 2, 0), w, "middle").relu();
          Tensor raised =
              deep.convolution(windows(up, 1, true), of(w, "up.weight"), of(w, "up.bias"));
          return same(Tensor.concat(1, fine, raised), w, "last");
        });
  }

  private static void put(
      Map<String, Tensor> weights, String at, Rng rng, long bias, long... weight) {
    kernel(rng, bias, weight).forEach((name, tensor) -> weights.put(at + "." + name, tensor));
  }

  private static Tensor same(Tensor x, Map<String, Tensor> w, String at) {
    return x.conv2d(of(w, at + ".weight"), of(w, at + ".bias"), 1, 1, 1);
  }

  /** Puts random numbers into all parameters and buffers of a layer and gives them by path. */
  static Map<String, Tensor> drawn(Layer layer, Rng rng) {
    Map<String, Tensor> all = new LinkedHashMap<>();
    layer
        .state()
        .forEach((path, parameter) -> {
          boolean buffer = path.contains("running");
          Tensor value = normal(rng, parameter.tensor().shape().toArray()).mul(0.5);
          parameter.set(
              path.endsWith("running_var") ? value.square().add(0.5) : value.requiresGrad(!buffer));
          all.put(path, parameter.tensor());
        });
    return all;
  }
}
