package org.lapidary.nn;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.tensor.Tensor;

/**
 * The network of a {@link ResNetConfig}: images [batch, channels, height, width] to logits [batch,
 * classes]. Shortcuts have no parameters: where a block halves the image, they take every other
 * pixel and fill the new channels with zeros (the paper's option A).
 *
 * <p>Sites of a block: {@code hook_resid_pre}, {@code hook_mid} after the first activation, {@code
 * hook_resid_post}.
 */
public final class ResNet extends Layer implements UnaryLayer {
  private final ResNetConfig config;
  private final Conv2d conv;
  private final BatchNorm norm;
  private final List<Block> blocks;
  private final Linear head;

  public ResNet(ResNetConfig config) {
    this.config = config;
    int width = config.width();
    conv = child("conv", new Conv2d(Conv2d.Settings.same(config.channels(), width, 1)));
    norm = child("norm", new BatchNorm(width));
    Blocks list = child("blocks", new Blocks(config));
    blocks = list.blocks;
    head = child("head", new Linear(4 * width, config.classes(), true));
  }

  @Override
  public Tensor forward(Tensor x) {
    Tensor stream = norm.forward(conv.forward(x)).relu();
    for (Block block : blocks) {
      stream = block.forward(stream);
    }
    return head.forward(stream.mean(false, 2, 3));
  }

  public ResNetConfig config() {
    return config;
  }

  @Override
  protected Layer blank() {
    return new ResNet(config);
  }

  private static final class Blocks extends Layer {
    private final ResNetConfig config;
    private final List<Block> blocks = new ArrayList<>();

    Blocks(ResNetConfig config) {
      this.config = config;
      int in = config.width();
      for (int stage = 0; stage < 3; stage++) {
        for (int i = 0; i < config.blocks(); i++) {
          int out = config.width() << stage;
          blocks.add(child("" + blocks.size(), new Block(in, out, in == out ? 1 : 2)));
          in = out;
        }
      }
    }

    @Override
    protected Layer blank() {
      return new Blocks(config);
    }
  }

  /** relu(shortcut(x) + norm2(conv2(relu(norm1(conv1(x)))))). */
  private static final class Block extends Layer {
    private final int in;
    private final int out;
    private final int stride;
    private final Conv2d conv1;
    private final BatchNorm norm1;
    private final Conv2d conv2;
    private final BatchNorm norm2;

    Block(int in, int out, int stride) {
      this.in = in;
      this.out = out;
      this.stride = stride;
      conv1 = child("conv1", new Conv2d(Conv2d.Settings.same(in, out, stride)));
      norm1 = child("norm1", new BatchNorm(out));
      conv2 = child("conv2", new Conv2d(Conv2d.Settings.same(out, out, 1)));
      norm2 = child("norm2", new BatchNorm(out));
    }

    Tensor forward(Tensor stream) {
      Tensor x = site("hook_resid_pre", stream);
      Tensor mid = site("hook_mid", norm1.forward(conv1.forward(x)).relu());
      Tensor sum = shortcut(x).add(norm2.forward(conv2.forward(mid)));
      return site("hook_resid_post", sum.relu());
    }

    private Tensor shortcut(Tensor x) {
      Tensor every =
          stride == 1 ? x : x.slice(2, 0, x.size(2), stride).slice(3, 0, x.size(3), stride);
      return in == out ? every : every.pad(1, 0, out - in, 0);
    }

    @Override
    protected Layer blank() {
      return new Block(in, out, stride);
    }
  }
}
