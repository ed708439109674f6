package org.lapidary.interpret.linearinterpreter;

import org.lapidary.nn.Conv2d;
import org.lapidary.nn.Layer;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Tensor;

/**
 * Doubles the sides of a grey image [n, 1, h, w]: three convolutions 1-16-16-4 with ReLU between
 * them, and the four channels placed as 2 by 2 pixels.
 */
final class SuperResolution extends Layer implements UnaryLayer {
  private static final int WIDTH = 16;

  private final Conv2d first = child("first", conv(1, WIDTH, 5));
  private final Conv2d second = child("second", conv(WIDTH, WIDTH, 3));
  private final Conv2d third = child("third", conv(WIDTH, 4, 3));

  private static Conv2d conv(int in, int out, int kernel) {
    return new Conv2d(new Conv2d.Settings(in, out, kernel, 1, kernel / 2, true));
  }

  @Override
  public Tensor forward(Tensor x) {
    Tensor four = third.forward(second.forward(first.forward(x).relu()).relu());
    long n = x.size(0);
    long h = x.size(2);
    long w = x.size(3);
    return four.reshape(n, 2, 2, h, w).permute(0, 3, 1, 4, 2).reshape(n, 1, 2 * h, 2 * w);
  }

  @Override
  protected Layer blank() {
    return new SuperResolution();
  }
}
