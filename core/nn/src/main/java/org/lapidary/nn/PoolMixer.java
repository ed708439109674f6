package org.lapidary.nn;

import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

/**
 * The mean over a neighbourhood of the grid minus the middle (PoolFormer, Yu et al., 2022, arXiv
 * 2111.11418, equation 4): x [batch, position, dModel] to mean over a size x size window around the
 * position of x, minus x. Cells outside the grid are not counted. It has no parameters.
 */
public final class PoolMixer extends Layer implements TokenMixer {
  private final int size;

  /**
   * A window of odd height and width.
   *
   * @param size cells, 3 as published
   */
  public PoolMixer(int size) {
    if (size < 1 || size % 2 == 0) {
      throw new IllegalArgumentException("a pool needs an odd size, as in pool:3; was " + size);
    }
    this.size = size;
  }

  @Override
  public Tensor forward(Tensor x, Positions positions) {
    int h = positions.height();
    int w = positions.width();
    if ((long) h * w != x.size(1)) {
      throw new ShapeException(
          "a pool mixes the cells of a grid; %d positions are not a grid of %d x %d"
              .formatted(x.size(1), h, w));
    }
    Tensor grid = x.transpose(1, 2).reshape(x.size(0), x.size(2), h, w);
    // avgPool divides by size^2 everywhere; at the rim fewer cells were summed
    Tensor mean =
        grid.avgPool2d(size, 1, size / 2)
            .mul(Tensor.of(correction(h, w), 1, 1, h, w).to(x.dtype()));
    return mean.sub(grid).flatten(2, 3).transpose(1, 2);
  }

  /** size^2 over the number of cells of the window that lie inside the grid. */
  private float[] correction(int h, int w) {
    float[] c = new float[h * w];
    for (int i = 0; i < h; i++) {
      for (int j = 0; j < w; j++) {
        c[i * w + j] = (float) ((double) size * size / ((long) inside(i, h) * inside(j, w)));
      }
    }
    return c;
  }

  private int inside(int i, int n) {
    return Math.min(n - 1, i + size / 2) - Math.max(0, i - size / 2) + 1;
  }

  @Override
  protected Layer blank() {
    return new PoolMixer(size);
  }
}
