package org.lapidary.interpret.diagram;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.tensor.Op.Unary.Kind;

/**
 * Diagrams of well-known parts and models. Symbols: b batch, n tokens, d model width, h heads, k
 * head width, f hidden width, c channels.
 */
public final class Library {
  private Library() {}

  /** What a transformer block is like. */
  public record BlockStyle(boolean causal, Kind activation, double epsilon, double headWidth) {}

  // ---- attention ----

  /**
   * softmax(q k^T / sqrt(headWidth)) v; q [q:n k], key [x:m k], v [x:m v] to [q:n v].
   *
   * @param causal whether a query sees only keys up to its own place
   */
  public static Diagram attention(double headWidth, boolean causal) {
    Sketch s = new Sketch("attention");
    Wire q = s.input("q", "q:n k");
    Wire key = s.input("key", "x:m k");
    Wire v = s.input("v", "x:m v");
    return s.giving(attend(s, "", q, key, v, headWidth, causal));
  }

  /** Lifted over whatever axes q, key and v have in front. */
  private static Wire attend(
      Sketch s, String at, Wire q, Wire key, Wire v, double headWidth, boolean causal) {
    List<Axis> lifted = q.axes().stream().filter(a -> !a.name().equals("k")).toList();
    List<Axis> pairs = new ArrayList<>(lifted);
    pairs.add(key.axis("x").orElseThrow());
    Wire scores = s.box(at + "scores", pairs, new Morphism.Contract(), q, key);
    Wire scaled = s.keep(at + "scaled", new Morphism.Scale(1 / Math.sqrt(headWidth)), scores);
    Wire seen =
        causal
            ? s.keep(at + "seen", new Morphism.Causal("q", "x", Double.NEGATIVE_INFINITY), scaled)
            : scaled;
    Wire pattern = s.keep(at + "pattern", new Morphism.Softmax("x"), seen);
    List<Axis> out = new ArrayList<>(lifted);
    out.add(v.axes().getLast());
    return s.box(at + "z", out, new Morphism.Contract(), pattern, v);
  }

  /** Self-attention with h heads over x [b q:n d], with weights [h k d], [d h v] and biases. */
  public static Diagram multiHead(double headWidth, boolean causal) {
    Sketch s = new Sketch("multihead");
    Wire x = s.input("x", "b q:n d");
    return s.giving(multiHead(s, "", x, headWidth, causal));
  }

  private static Wire multiHead(Sketch s, String at, Wire x, double headWidth, boolean causal) {
    Wire q = heads(s, at + "q", x, "k");
    Wire key = heads(s, at + "key", x, "k");
    Wire v = heads(s, at + "v", x, "v:k");
    Wire keys = s.box(at + "keys", "b h x:n k", new Morphism.Rename("q", "x"), key);
    Wire values = s.box(at + "values", "b h x:n v:k", new Morphism.Rename("q", "x"), v);
    Wire z = attend(s, at, q, keys, values, headWidth, causal);
    Wire o = s.weight(at + "o.weight", "d h v:k");
    Wire bias = s.weight(at + "o.bias", "d");
    Wire mixed = s.contract(at + "mixed", "b q:n d", z, o);
    return s.add(at + "attn", mixed, bias);
  }

  private static Wire heads(Sketch s, String name, Wire x, String width) {
    Wire weight = s.weight(name + ".weight", "h " + width + " d");
    Wire bias = s.weight(name + ".bias", "h " + width);
    Wire product = s.contract(name + ".product", "b h q:n " + width, x, weight);
    return s.add(name, product, bias);
  }

  // ---- transformer ----

  private static Wire norm(Sketch s, String at, Wire x, double epsilon) {
    Wire normed = s.keep(at + "normed", new Morphism.Normalise(List.of("d"), epsilon), x);
    Wire gained = s.multiply(at + "gained", normed, s.weight(at + "weight", "d"));
    return s.add(at + "out", gained, s.weight(at + "bias", "d"));
  }

  private static Wire linear(Sketch s, String at, Wire x, String in, String out) {
    Wire weight = s.weight(at + "weight", out + " " + in);
    String axes = out(x, in, out);
    Wire product = s.contract(at + "product", axes, x, weight);
    return s.add(at + "out", product, s.weight(at + "bias", out));
  }

  private static String out(Wire x, String in, String out) {
    String gone = Axis.parse(in).name();
    List<String> axes = new ArrayList<>();
    for (Axis axis : x.axes()) {
      axes.add(axis.name().equals(gone) ? out : axis.toString());
    }
    return String.join(" ", axes);
  }

  /** A pre-norm block, x + attention(norm x), then that + MLP(norm of that); x [b q:n d]. */
  public static Diagram block(BlockStyle style) {
    Sketch s = new Sketch(style.causal ? "decoderblock" : "encoderblock");
    Wire x = s.input("x", "b q:n d");
    return s.giving(block(s, "", x, style));
  }

  private static Wire block(Sketch s, String at, Wire x, BlockStyle style) {
    Wire read = norm(s, at + "ln1.", x, style.epsilon);
    Wire a = multiHead(s, at + "attn.", read, style.headWidth, style.causal);
    Wire mid = s.add(at + "mid", x, a);
    Wire in = norm(s, at + "ln2.", mid, style.epsilon);
    Wire hidden = linear(s, at + "mlp.in.", in, "d", "f");
    Wire active = s.pointwise(at + "mlp.active", style.activation, hidden);
    Wire m = linear(s, at + "mlp.out.", active, "f", "d");
    return s.add(at + "post", mid, m);
  }

  /**
   * A vision transformer over images [b c yy xx] of rows x columns patches with p pixels a side:
   * patches, a class token, learned positions, blocks, a norm, and a head on the class token.
   */
  public static Diagram vit(int blocks, int patch, BlockStyle style) {
    Sketch s = new Sketch("vit");
    Wire image = s.input("image", "b c yy:rows*p xx:cols*p");
    Wire rows =
        s.box(
            "rows",
            "b c y:rows ky:p xx:cols*p",
            new Morphism.Ungroup("yy", List.of("y", "ky")),
            image);
    Wire tiles =
        s.box(
            "tiles",
            "b c y:rows ky:p x:cols kx:p",
            new Morphism.Ungroup("xx", List.of("x", "kx")),
            rows);
    Wire product =
        s.contract(
            "embed.0.product",
            "b y:rows x:cols d",
            tiles,
            s.weight("embed.0.weight", "d c ky:p kx:p"));
    Wire embedded = s.add("embed.0.out", product, s.weight("embed.0.bias", "d"));
    Wire line =
        s.box("line", "b q:rows*cols d", new Morphism.Group(List.of("y", "x"), "q"), embedded);
    Wire token = s.weight("class_token", "q:1 d");
    Wire tokens = s.box("tokens", "b q:1 d", new Morphism.Repeat(), token);
    Wire joined = s.box("joined", "b q:n d", new Morphism.Join("q"), tokens, line);
    Wire at = s.add("placed", joined, s.weight("pos_embed", "q:n d"));
    for (int i = 0; i < blocks; i++) {
      at = block(s, "blocks." + i + ".", at, style);
    }
    Wire last = norm(s, "ln_final.", at, style.epsilon);
    Polynomial rest = Polynomial.parse("n-1");
    Wire first = s.box("first", "b q:1 d", new Morphism.Crop("q", Polynomial.ZERO, rest), last);
    Wire pooled = s.without("pooled", "q", first);
    return s.giving(linear(s, "head.", pooled, "d", "classes"));
  }

  // ---- convolutions ----

  /**
   * How windows lie along both axes of an image.
   *
   * @param padding zeros on every side
   */
  public record Windows(int stride, int padding, int dilation) {
    public static final Windows SAME3 = new Windows(1, 1, 1);
  }

  /** Channels i over places [yy xx] to channels o over places [y x]; weight [o i ky kx]. */
  public static Diagram convolution(Windows w) {
    Sketch s = new Sketch("convolution");
    Wire x = s.input("x", "b i yy xx");
    Wire weight = s.weight("weight", "o i ky kx");
    return s.giving(s.add("out", windowed(s, "", x, w, "b o y x", weight), s.weight("bias", "o")));
  }

  /** As {@link #convolution}, each channel by itself; weight [i ky kx]. */
  public static Diagram depthwise(Windows w) {
    Sketch s = new Sketch("depthwise");
    Wire x = s.input("x", "b i yy xx");
    Wire weight = s.weight("weight", "i ky kx");
    return s.giving(s.add("out", windowed(s, "", x, w, "b i y x", weight), s.weight("bias", "i")));
  }

  /** The transpose of a convolution: places [y x] to places [yy xx]; weight [i o ky kx]. */
  public static Diagram transposed(Windows w) {
    Sketch s = new Sketch("transposed");
    Wire x = s.input("x", "b i y x");
    Wire weight = s.weight("weight", "i o ky kx");
    return s.giving(s.add("out", spread(s, "", x, w, "yy xx", weight), s.weight("bias", "o")));
  }

  /**
   * Pads, opens windows along both axes, and takes the product with the kernel. Sizes of the padded
   * and opened axes are the symbols of x's axes with the padding added.
   */
  private static Wire windowed(Sketch s, String at, Wire x, Windows w, String out, Wire weight) {
    Wire opened = opened(s, at, x, w, out, weight);
    return s.contract(at + "conv", out, opened, weight);
  }

  private static Wire opened(Sketch s, String at, Wire x, Windows w, String out, Wire kernel) {
    List<Axis> goal = Wire.axes(out);
    Axis y = goal.get(2);
    Axis z = goal.get(3);
    Axis ky = kernel.axes().get(kernel.axes().size() - 2);
    Axis kx = kernel.axes().getLast();
    Wire padded = padded(s, at, x, w.padding);
    String rows = padded.axes().get(2).name();
    String columns = padded.axes().get(3).name();
    List<Axis> first = new ArrayList<>(padded.axes().subList(0, 2));
    first.addAll(List.of(y, ky, padded.axes().get(3)));
    Wire half =
        s.box(
            at + "rows",
            first,
            new Morphism.Window(rows, y.name(), ky.name(), w.stride, w.dilation),
            padded);
    List<Axis> both = new ArrayList<>(first.subList(0, 4));
    both.addAll(List.of(z, kx));
    return s.box(
        at + "windows",
        both,
        new Morphism.Window(columns, z.name(), kx.name(), w.stride, w.dilation),
        half);
  }

  private static Wire padded(Sketch s, String at, Wire x, int padding) {
    Wire padded = x;
    if (padding > 0) {
      Polynomial p = Polynomial.of(padding);
      for (int i = 2; i < 4; i++) {
        List<Axis> axes = new ArrayList<>(padded.axes());
        Axis axis = axes.get(i);
        axes.set(i, new Axis(axis.name(), axis.size().plus(p).plus(p)));
        padded = s.box(at + "padded" + (i - 1), axes, new Morphism.Pad(axis.name(), p, p), padded);
      }
    }
    return padded;
  }

  private static Wire spread(Sketch s, String at, Wire x, Windows w, String to, Wire weight) {
    List<Axis> goal = Wire.axes(to);
    Axis batch = x.axes().getFirst();
    Axis o = weight.axes().get(1);
    Axis y = x.axes().get(2);
    Axis z = x.axes().get(3);
    Axis ky = weight.axes().get(2);
    Axis kx = weight.axes().get(3);
    Polynomial p = Polynomial.of(w.padding);
    Axis rows = new Axis(goal.get(0).name(), goal.get(0).size().plus(p).plus(p));
    Axis columns = new Axis(goal.get(1).name(), goal.get(1).size().plus(p).plus(p));
    Wire taps =
        s.box(at + "taps", List.of(batch, o, y, ky, z, kx), new Morphism.Contract(), x, weight);
    Wire half =
        s.box(
            at + "rows",
            List.of(batch, o, rows, z, kx),
            new Morphism.Fold(rows.name(), y.name(), ky.name(), w.stride, w.dilation),
            taps);
    Wire whole =
        s.box(
            at + "overlaid",
            List.of(batch, o, rows, columns),
            new Morphism.Fold(columns.name(), z.name(), kx.name(), w.stride, w.dilation),
            half);
    if (w.padding == 0) {
      return whole;
    }
    Wire cropped =
        s.box(
            at + "cropped1",
            List.of(batch, o, goal.get(0), columns),
            new Morphism.Crop(rows.name(), p, p),
            whole);
    return s.box(
        at + "cropped",
        List.of(batch, o, goal.get(0), goal.get(1)),
        new Morphism.Crop(columns.name(), p, p),
        cropped);
  }

  // ---- residual networks ----

  private static Wire conv3(
      Sketch s, String at, Wire x, int stride, String channels, String rows, String columns) {
    Axis in = x.axes().get(1);
    Axis out = Axis.parse(channels);
    Axis from = in.name().equals(out.name()) ? in.named("i") : in;
    Wire named =
        from.equals(in)
            ? x
            : s.box(
                at + "named",
                List.of(x.axes().get(0), from, x.axes().get(2), x.axes().get(3)),
                new Morphism.Rename(in.name(), from.name()),
                x);
    Wire turned = turned(s, at, named);
    Wire weight = s.weight(at + "weight", out + " " + from + " ky:3 kx:3");
    return windowed(
        s,
        at,
        turned,
        new Windows(stride, 1, 1),
        "b " + out + " y:" + rows + " x:" + columns,
        weight);
  }

  /** Axes y and x called yy and xx, so that windows can make new ones. */
  private static Wire turned(Sketch s, String at, Wire x) {
    List<Axis> axes = new ArrayList<>(x.axes());
    axes.set(2, axes.get(2).named("yy"));
    Wire half = s.box(at + "turned1", axes, new Morphism.Rename("y", "yy"), x);
    axes.set(3, axes.get(3).named("xx"));
    return s.box(at + "turned2", axes, new Morphism.Rename("x", "xx"), half);
  }

  /** (x - mean) / sqrt(variance + epsilon) weight + bias, with a model's own mean and variance. */
  private static Wire batchNorm(Sketch s, String at, Wire x, Axis channels) {
    Wire mean = s.buffer(at + "running_mean", channels.toString());
    Wire variance = s.buffer(at + "running_var", channels.toString());
    Wire minus = s.keep(at + "minus", new Morphism.Scale(-1), mean);
    Wire centred = s.add(at + "centred", x, minus);
    Wire shifted = s.keep(at + "shifted", new Morphism.Shift(1e-5), variance);
    Wire scale = s.pointwise(at + "scale", Kind.RSQRT, shifted);
    Wire weight = s.weight(at + "weight", channels.toString());
    Wire gained = s.multiply(at + "gained", centred, scale, weight);
    return s.add(at + "out", gained, s.weight(at + "bias", channels.toString()));
  }

  /**
   * relu(x' + norm(conv(relu(norm(conv(x)))))) over x [b c y x], where x' is x itself or, for a
   * stride of 2, every other pixel of x followed by as many channels of zeros.
   */
  private static Wire residual(
      Sketch s, String at, Wire x, int stride, String channels, String rows, String columns) {
    Axis c = Axis.parse(channels);
    Wire one = conv3(s, at + "conv1.", x, stride, channels, rows, columns);
    Wire mid = s.pointwise(at + "mid", Kind.RELU, batchNorm(s, at + "norm1.", one, c));
    Wire two = conv3(s, at + "conv2.", mid, 1, channels, rows, columns);
    Wire normed = batchNorm(s, at + "norm2.", two, c);
    Wire stream = stride == 1 ? x : shortcut(s, at + "shortcut.", x, c, rows, columns);
    return s.pointwise(at + "post", Kind.RELU, s.add(at + "sum", stream, normed));
  }

  private static Wire shortcut(
      Sketch s, String at, Wire x, Axis channels, String rows, String columns) {
    Wire turned = turned(s, at, x);
    Axis in = x.axes().get(1);
    List<Axis> half =
        List.of(
            x.axes().get(0), in, Axis.parse("y:" + rows), Axis.parse("ky:1"), turned.axes().get(3));
    Wire everyRow = s.box(at + "rows", half, new Morphism.Window("yy", "y", "ky", 2, 1), turned);
    List<Axis> both = new ArrayList<>(half.subList(0, 4));
    both.addAll(List.of(Axis.parse("x:" + columns), Axis.parse("kx:1")));
    Wire every = s.box(at + "pixels", both, new Morphism.Window("xx", "x", "kx", 2, 1), everyRow);
    Wire pixels = s.without(at + "picture", "kx", s.without(at + "picture1", "ky", every));
    Polynomial more = channels.size().minus(in.size());
    Wire padded =
        s.box(
            at + "channels",
            List.of(
                x.axes().get(0),
                new Axis(in.name(), channels.size()),
                pixels.axes().get(2),
                pixels.axes().get(3)),
            new Morphism.Pad(in.name(), Polynomial.ZERO, more),
            pixels);
    return in.name().equals(channels.name())
        ? padded
        : s.box(
            at + "named",
            List.of(x.axes().get(0), channels, pixels.axes().get(2), pixels.axes().get(3)),
            new Morphism.Rename(in.name(), channels.name()),
            padded);
  }

  /** One residual block, x [b c y:rows x:cols] to the same. */
  public static Diagram residualBlock() {
    Sketch s = new Sketch("residualblock");
    Wire x = s.input("x", "b c y:rows x:cols");
    return s.giving(residual(s, "", x, 1, "c", "rows", "cols"));
  }

  /**
   * A residual network of three stages with some blocks each: images [b ch y x] to logits. Widths
   * c, 2c, 4c; rows and cols, halved (rounded up) to rows2, rows4 and cols2, cols4.
   */
  public static Diagram resNet(int blocks) {
    Sketch s = new Sketch("resnet");
    Wire image = s.input("image", "b ch y:rows x:cols");
    Wire conv = conv3(s, "conv.", image, 1, "c", "rows", "cols");
    Wire at = s.pointwise("stem", Kind.RELU, batchNorm(s, "norm.", conv, Axis.parse("c")));
    String[] widths = {"c", "c2:2*c", "c4:4*c"};
    String[] rows = {"rows", "rows2", "rows4"};
    String[] columns = {"cols", "cols2", "cols4"};
    for (int stage = 0; stage < 3; stage++) {
      for (int i = 0; i < blocks; i++) {
        String name = "blocks." + (stage * blocks + i) + ".";
        int stride = stage > 0 && i == 0 ? 2 : 1;
        at = residual(s, name, at, stride, widths[stage], rows[stage], columns[stage]);
      }
    }
    Wire sum = s.contract("sum", "b c4:4*c", at);
    Wire mean = s.keep("mean", new Morphism.Scale(1, Polynomial.parse("rows4*cols4")), sum);
    return s.giving(linear(s, "head.", mean, "c4:4*c", "classes"));
  }

  // ---- U-Net ----

  /**
   * A small U-Net over images [b ch y:2*r x:2*w] with even sides: two convolutions, a maximum over
   * tiles of 2 x 2, a convolution, a transposed convolution back up, joined with what was there
   * before, a convolution to the output channels.
   */
  public static Diagram uNet() {
    Sketch s = new Sketch("unet");
    Wire image = s.input("image", "b ch y:2*r x:2*w");
    Wire fine = s.pointwise("fine", Kind.RELU, biased(s, "down.", image, "c", "2*r", "2*w"));
    Wire rows =
        s.box(
            "pool.rows", "b c y:r ty:2 x:2*w", new Morphism.Ungroup("y", List.of("y", "ty")), fine);
    Wire tiles =
        s.box(
            "pool.tiles",
            "b c y:r ty:2 x:w tx:2",
            new Morphism.Ungroup("x", List.of("x", "tx")),
            rows);
    Wire tallest = s.box("pool.tallest", "b c y:r x:w tx:2", new Morphism.Max("ty"), tiles);
    Wire pooled = s.box("pool.out", "b c y:r x:w", new Morphism.Max("tx"), tallest);
    Wire deep = s.pointwise("deep", Kind.RELU, biased(s, "middle.", pooled, "e:2*c", "r", "w"));
    Wire up = s.weight("up.weight", "e:2*c c ky:2 kx:2");
    Wire spread = spread(s, "up.", deep, new Windows(2, 0, 1), "yy:2*r xx:2*w", up);
    Wire raised = s.add("up.out", spread, s.weight("up.bias", "c"));
    Wire half = s.box("up.named1", "b c y:2*r xx:2*w", new Morphism.Rename("yy", "y"), raised);
    Wire named = s.box("up.named", "b c y:2*r x:2*w", new Morphism.Rename("xx", "x"), half);
    Wire both = s.box("both", "b c:2*c y:2*r x:2*w", new Morphism.Join("c"), fine, named);
    return s.giving(biased(s, "last.", both, "o", "2*r", "2*w"));
  }

  private static Wire biased(
      Sketch s, String at, Wire x, String channels, String rows, String columns) {
    Wire conv = conv3(s, at, x, 1, channels, rows, columns);
    return s.add(at + "out", conv, s.weight(at + "bias", channels));
  }
}
