package org.lapidary.nn;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A classifier of images or other grids in the MetaFormer form (Yu et al., 2022, arXiv 2111.11418):
 * patches, blocks of a token mixer and a channel mixer, a norm, the mean or a class token, a linear
 * head. Covers ViT, MLP-Mixer and PoolFormer by its settings alone.
 *
 * @param family the name of the published family, or {@code metaformer}
 * @param image what goes in
 * @param stages from the finest grid to the coarsest; one in ViT and MLP-Mixer
 * @param heads attention heads; every stage's width is a multiple
 * @param norm see {@link Norm}
 * @param epsilon of the norms
 * @param placement see {@link DecoderConfig}
 * @param mixer the token mixer, such as {@code bidirectional-attention}, {@code token-mlp:384} or
 *     {@code pool:3}; see {@link Slots#tokenMixers}
 * @param mlp the channel mixer: {@code mlp}, {@code gated} or {@code none}; see {@link
 *     Slots#channelMixers}
 * @param activation see {@link Slots#ACTIVATIONS}
 * @param positions {@code learned} or {@code none}
 * @param pooling {@code class-token} or {@code mean}
 * @param layerScale see {@link BlockConfig}
 * @param biases which projections have one
 * @param classes of the head; 0 means no head: the pooled features come out
 */
public record MetaFormerConfig(
    String family,
    Image image,
    List<Stage> stages,
    int heads,
    String norm,
    double epsilon,
    String placement,
    String mixer,
    String mlp,
    String activation,
    String positions,
    String pooling,
    double layerScale,
    DecoderConfig.Biases biases,
    int classes)
    implements ModelConfig {

  /** Channels, and rows and columns of pixels. */
  public record Image(int channels, int height, int width) {
    public Image {
      if (channels < 1 || height < 1 || width < 1) {
        throw new IllegalArgumentException(
            "an image needs at least one channel, row and column, was %d x %d x %d"
                .formatted(channels, height, width));
      }
    }
  }

  /**
   * Blocks on one grid.
   *
   * @param dModel width of the residual stream
   * @param depth blocks
   * @param dMlp hidden width of the channel mixer
   * @param patch height and width of what one position is made of: pixels, or cells of the grid
   *     before
   * @param stride cells between two patches; less than {@code patch} where they overlap
   * @param padding rows and columns of zeros on every side
   */
  public record Stage(int dModel, int depth, int dMlp, int patch, int stride, int padding) {
    public Stage {
      if (dModel < 1 || depth < 0 || dMlp < 1 || patch < 1 || stride < 1 || padding < 0) {
        throw new IllegalArgumentException(
            "a stage needs dModel, dMlp, patch and stride of at least 1 and no negative depth or padding, were %d, %d, %d, %d, %d and %d"
                .formatted(dModel, dMlp, patch, stride, depth, padding));
      }
    }

    /** Patches that lie side by side. */
    public static Stage tiled(int dModel, int depth, int dMlp, int patch) {
      return new Stage(dModel, depth, dMlp, patch, patch, 0);
    }

    /** Patches along a side of so many cells. */
    int along(int cells) {
      return (int) Math.floorDiv((long) cells + 2L * padding - patch, stride) + 1;
    }
  }

  public MetaFormerConfig {
    stages = List.copyOf(stages);
    Slots.check("norm", norm, Norm.KINDS.toArray(String[]::new));
    Slots.check("norm placement", placement, "pre", "post", "sandwich", "parallel");
    Slots.checkMixers(mixer, mlp);
    Slots.check("activation", activation, Slots.ACTIVATIONS.toArray(String[]::new));
    Slots.check("positions", positions, "learned", "none");
    Slots.check("pooling", pooling, "class-token", "mean");
    if (stages.isEmpty()) {
      throw new IllegalArgumentException("a metaformer needs at least one stage");
    }
    if (heads < 1 || classes < 0) {
      throw new IllegalArgumentException(
          "heads must be at least 1 and classes not negative, were %d and %d"
              .formatted(heads, classes));
    }
    int height = image.height();
    int width = image.width();
    for (Stage s : stages) {
      height = s.along(height);
      width = s.along(width);
      if (height < 1 || width < 1) {
        throw new IllegalArgumentException(
            "patches of %d do not fit into what is left of an image of %d x %d"
                .formatted(s.patch(), image.height(), image.width()));
      }
      if ((long) height * width >= Integer.MAX_VALUE) {
        throw new IllegalArgumentException(
            "%d x %d patches are more than can be counted".formatted(height, width));
      }
      if (s.dModel() % heads != 0) {
        throw new IllegalArgumentException(
            "dModel must be a multiple of the %d heads, was %d".formatted(heads, s.dModel()));
      }
    }
    if (pooling.equals("class-token") && (stages.size() > 1 || !Slots.isAttention(mixer))) {
      throw new IllegalArgumentException(
          "a class token needs one stage of attention; with the mixer %s and %d stages take the pooling mean"
              .formatted(mixer, stages.size()));
    }
  }

  /** Rows and columns of the grid of a stage, for images of the configured size. */
  public int[] grid(int stage) {
    int height = image.height();
    int width = image.width();
    for (Stage s : stages.subList(0, stage + 1)) {
      height = s.along(height);
      width = s.along(width);
    }
    return new int[] {height, width};
  }

  /** Positions of a stage, the class token included. */
  public int positions(int stage) {
    int[] grid = grid(stage);
    return grid[0] * grid[1] + (pooling.equals("class-token") ? 1 : 0);
  }

  /** Whether only images of the configured size fit. */
  public boolean sizeIsFixed() {
    return positions.equals("learned") || mixer.startsWith("token-mlp");
  }

  /** Blocks of all stages. */
  public int layers() {
    return stages.stream().mapToInt(Stage::depth).sum();
  }

  /** What the blocks of a stage are made of. */
  public BlockConfig block(int stage) {
    Stage s = stages.get(stage);
    return new BlockConfig(
        s.dModel(),
        layers(),
        heads,
        heads,
        s.dModel() / heads,
        s.dMlp(),
        positions(stage),
        norm,
        epsilon,
        placement,
        mixer,
        mlp,
        activation,
        null,
        biases,
        DecoderConfig.Extras.NONE,
        layerScale);
  }

  /**
   * A vision transformer (Dosovitskiy et al., 2021, arXiv 2010.11929): pre-norm attention over
   * patches and a class token, learned positions, hidden width 4 dModel.
   */
  public static MetaFormerConfig vit(
      Image image, int patch, int dModel, int layers, int heads, int classes) {
    return new MetaFormerConfig(
        "vit",
        image,
        List.of(Stage.tiled(dModel, layers, 4 * dModel, patch)),
        heads,
        "layernorm",
        1e-12,
        "pre",
        "bidirectional-attention",
        "mlp",
        "gelu",
        "learned",
        "class-token",
        0,
        DecoderConfig.Biases.ALL,
        classes);
  }

  /** The MLP-Mixer (Tolstikhin et al., 2021): a token MLP of hidden width dModel / 2. */
  public static MetaFormerConfig mlpMixer(
      Image image, int patch, int dModel, int layers, int classes) {
    return new MetaFormerConfig(
        "mlp-mixer",
        image,
        List.of(Stage.tiled(dModel, layers, 4 * dModel, patch)),
        1,
        "layernorm",
        1e-6,
        "pre",
        "token-mlp:" + dModel / 2,
        "mlp",
        "gelu",
        "none",
        "mean",
        0,
        DecoderConfig.Biases.ALL,
        classes);
  }

  /**
   * PoolFormer: overlapping patches of 7 (stride 4) and then 3 (stride 2), pooling of 3 x 3, group
   * norm, layer scale. PoolFormer-S12 has the depths 2, 2, 6, 2 and the widths 64, 128, 320, 512.
   */
  public static MetaFormerConfig poolFormer(
      Image image, List<Integer> depths, List<Integer> widths, int classes) {
    if (depths.size() != widths.size()) {
      throw new IllegalArgumentException(
          "every stage needs a depth and a width, were %s and %s".formatted(depths, widths));
    }
    List<Stage> stages = new java.util.ArrayList<>();
    for (int i = 0; i < depths.size(); i++) {
      int width = widths.get(i);
      boolean first = i == 0;
      stages.add(
          new Stage(width, depths.get(i), 4 * width, first ? 7 : 3, first ? 4 : 2, first ? 2 : 1));
    }
    return new MetaFormerConfig(
        "poolformer",
        image,
        stages,
        1,
        "groupnorm",
        1e-5,
        "pre",
        "pool:3",
        "mlp",
        "gelu",
        "none",
        "mean",
        1e-5,
        DecoderConfig.Biases.ALL,
        classes);
  }

  /** The same with another token mixer. */
  public MetaFormerConfig withMixer(String name) {
    return new MetaFormerConfig(
        family,
        image,
        stages,
        heads,
        norm,
        epsilon,
        placement,
        name,
        mlp,
        activation,
        positions,
        pooling,
        layerScale,
        biases,
        classes);
  }

  /** The same with another norm and placement. */
  public MetaFormerConfig withNorm(String kind, String where) {
    return new MetaFormerConfig(
        family,
        image,
        stages,
        heads,
        kind,
        epsilon,
        where,
        mixer,
        mlp,
        activation,
        positions,
        pooling,
        layerScale,
        biases,
        classes);
  }

  /** The same with {@code class-token} or {@code mean} pooling. */
  public MetaFormerConfig withPooling(String kind) {
    return new MetaFormerConfig(
        family,
        image,
        stages,
        heads,
        norm,
        epsilon,
        placement,
        mixer,
        mlp,
        activation,
        positions,
        kind,
        layerScale,
        biases,
        classes);
  }

  /** The same with another number of classes. */
  public MetaFormerConfig withClasses(int count) {
    return new MetaFormerConfig(
        family,
        image,
        stages,
        heads,
        norm,
        epsilon,
        placement,
        mixer,
        mlp,
        activation,
        positions,
        pooling,
        layerScale,
        biases,
        count);
  }

  @Override
  public Layer build() {
    return new MetaFormer(this);
  }

  @Override
  public Map<String, Object> summary() {
    Map<String, Object> m = new LinkedHashMap<>();
    m.put("family", family);
    m.put("image", image.channels() + " x " + image.height() + " x " + image.width());
    m.put("layers", each(s -> "" + s.depth()));
    m.put("dModel", each(s -> "" + s.dModel()));
    m.put(
        "dMlp",
        each(s -> "" + s.dMlp()) + " " + (mlp.equals("gated") ? "gated " : "") + activation);
    m.put("patches", each(s -> s.patch() + " every " + s.stride()));
    if (Slots.isAttention(mixer)) {
      m.put("heads", heads);
    }
    m.put("mixer", mixer);
    m.put("norm", norm + " " + placement);
    m.put("positions", positions);
    m.put("pooling", pooling);
    m.put("classes", classes);
    return m;
  }

  private String each(java.util.function.Function<Stage, String> what) {
    return String.join("-", stages.stream().map(what).toList());
  }
}
