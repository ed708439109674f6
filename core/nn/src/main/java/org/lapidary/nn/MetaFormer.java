package org.lapidary.nn;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

/**
 * The backbone for images and grids: [batch, channels, height, width] to logits [batch, classes].
 * The positions of a stage are the cells of its grid, row by row, after the class token if there is
 * one. Blocks are numbered through all stages.
 *
 * <p>Sites besides those of the blocks: {@code hook_embed}, the patches of every stage [batch,
 * position, dModel], {@code hook_pos_embed}, and those of {@code ln_final}.
 */
public final class MetaFormer extends Layer implements UnaryLayer {
  private final MetaFormerConfig config;
  private final @Nullable Parameter classToken;
  private final @Nullable Parameter positions;
  private final List<Conv2d> patches;
  private final List<Block> blocks;
  private final Norm lnFinal;
  private final @Nullable Slot<UnaryLayer> head;

  public MetaFormer(MetaFormerConfig config) {
    this.config = config;
    int first = config.stages().getFirst().dModel();
    int last = config.stages().getLast().dModel();
    classToken =
        config.pooling().equals("class-token")
            ? parameter("class_token", Tensor.zeros(1, first))
            : null;
    positions =
        config.positions().equals("learned")
            ? parameter("pos_embed", Tensor.zeros(config.positions(0), first))
            : null;
    patches = child("embed", new Patches(config)).patches;
    blocks = child("blocks", new Blocks(config)).blocks;
    lnFinal = child("ln_final", config.block(config.stages().size() - 1).newNorm());
    head =
        config.classes() == 0
            ? null
            : slot("head", UnaryLayer.class, new Linear(last, config.classes(), true, 0.02));
  }

  private static final class Patches extends Layer {
    private final MetaFormerConfig config;
    private final List<Conv2d> patches;

    Patches(MetaFormerConfig config) {
      this.config = config;
      patches = sequence(config.stages().size(), i -> child("" + i, new Conv2d(settings(i))));
    }

    private Conv2d.Settings settings(int i) {
      MetaFormerConfig.Stage s = config.stages().get(i);
      int in = i == 0 ? config.image().channels() : config.stages().get(i - 1).dModel();
      return new Conv2d.Settings(in, s.dModel(), s.patch(), s.stride(), s.padding(), true);
    }

    @Override
    protected Layer blank() {
      return new Patches(config);
    }
  }

  private static final class Blocks extends Layer {
    private final MetaFormerConfig config;
    private final List<Block> blocks = new ArrayList<>();

    Blocks(MetaFormerConfig config) {
      this.config = config;
      for (int stage = 0; stage < config.stages().size(); stage++) {
        for (int i = 0; i < config.stages().get(stage).depth(); i++) {
          int n = blocks.size();
          blocks.add(child("" + n, new Block(config.block(stage), n)));
        }
      }
    }

    @Override
    protected Layer blank() {
      return new Blocks(config);
    }
  }

  /**
   * Logits [batch, classes]; the pooled features where there is no head.
   *
   * @throws ShapeException if the images are not of the configured kind
   */
  @Override
  public Tensor forward(Tensor images) {
    Tensor pooled = pool(features(images));
    return head == null ? pooled : head.get().forward(pooled);
  }

  /**
   * Features of every position of the last stage after the final norm [batch, position, dModel].
   */
  public Tensor features(Tensor images) {
    check(images);
    Tensor grid = images;
    Tensor x = grid;
    int block = 0;
    for (int stage = 0; stage < patches.size(); stage++) {
      grid = patches.get(stage).forward(grid);
      int height = (int) grid.size(2);
      int width = (int) grid.size(3);
      x = site("hook_embed", grid.flatten(2, 3).transpose(1, 2));
      if (stage == 0) {
        x = placed(x);
      }
      Positions cells = Positions.grid(height, width);
      for (int i = 0; i < config.stages().get(stage).depth(); i++) {
        x = blocks.get(block++).forwardAt(x, cells);
      }
      if (stage + 1 < patches.size()) {
        grid = x.transpose(1, 2).reshape(x.size(0), x.size(2), height, width);
      }
    }
    return lnFinal.forward(x);
  }

  /** With the class token before it and the positions added. */
  private Tensor placed(Tensor patchesOfFirst) {
    Tensor x = patchesOfFirst;
    long batch = x.size(0);
    if (classToken != null) {
      Tensor token = classToken.value();
      x = Tensor.concat(1, token.unsqueeze(0).expand(batch, 1, token.size(1)), x);
    }
    if (positions != null) {
      Tensor p = positions.value();
      x = x.add(site("hook_pos_embed", p.unsqueeze(0).expand(batch, p.size(0), p.size(1))));
    }
    return x;
  }

  /**
   * The class token's features or the mean of all; [batch, position, dModel] to [batch, dModel].
   */
  public Tensor pool(Tensor features) {
    return classToken == null ? features.mean(false, 1) : features.select(1, 0);
  }

  private void check(Tensor images) {
    MetaFormerConfig.Image image = config.image();
    String wanted =
        "a %s takes images [batch, %d, %d, %d]"
            .formatted(config.family(), image.channels(), image.height(), image.width());
    if (images.rank() != 4 || images.size(1) != image.channels()) {
      throw new ShapeException(wanted + ", was " + images.type());
    }
    boolean same = images.size(2) == image.height() && images.size(3) == image.width();
    if (config.sizeIsFixed() && !same) {
      throw new ShapeException(
          "%s because its %s belong to places of the image, was %s"
              .formatted(
                  wanted,
                  config.positions().equals("learned") ? "learned positions" : "token MLPs",
                  images.type()));
    }
  }

  public MetaFormerConfig config() {
    return config;
  }

  /** The blocks of all stages in order. */
  public List<Block> blocks() {
    return blocks;
  }

  public Norm lnFinal() {
    return lnFinal;
  }

  @Override
  protected void draw(Rng rng) {
    if (classToken != null) {
      classToken.set(rng.normal(0.02, classToken.tensor().shape().toArray()));
    }
    if (positions != null) {
      positions.set(rng.normal(0.02, positions.tensor().shape().toArray()));
    }
  }

  @Override
  protected Layer blank() {
    return new MetaFormer(config);
  }
}
