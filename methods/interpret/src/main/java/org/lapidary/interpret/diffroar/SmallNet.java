package org.lapidary.interpret.diffroar;

import org.jspecify.annotations.Nullable;
import org.lapidary.nn.Conv2d;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Linear;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Tensor;

/**
 * A classifier with one hidden layer of ReLU units, or with two strided convolutions before it.
 *
 * @see #dense
 * @see #convolutional
 */
final class SmallNet extends Layer implements UnaryLayer {
  private static final int CHANNELS = 16;

  private final int in;
  private final int hidden;
  private final int classes;
  private final boolean images;
  private final @Nullable Conv2d first;
  private final @Nullable Conv2d second;
  private final Linear to;
  private final Linear out;

  private SmallNet(int in, int hidden, int classes, boolean images) {
    this.in = in;
    this.hidden = hidden;
    this.classes = classes;
    this.images = images;
    first = images ? child("first", conv(1)) : null;
    second = images ? child("second", conv(CHANNELS)) : null;
    to = child("to", new Linear(in, hidden, true, Math.sqrt(2.0 / in)));
    out = child("out", new Linear(hidden, classes, true));
  }

  private static Conv2d conv(int in) {
    return new Conv2d(new Conv2d.Settings(in, CHANNELS, 5, 2, 2, true));
  }

  /** One hidden layer over all values of an input. */
  static SmallNet dense(int in, int hidden, int classes) {
    return new SmallNet(in, hidden, classes, false);
  }

  /** Two convolutions of 16 channels, 5 by 5, that halve the image, and a hidden layer. */
  static SmallNet convolutional(int height, int width, int hidden, int classes) {
    return new SmallNet(CHANNELS * (height / 4) * (width / 4), hidden, classes, true);
  }

  @Override
  public Tensor forward(Tensor x) {
    Tensor stream = x;
    if (first != null && second != null) {
      stream = second.forward(first.forward(stream).relu()).relu();
    }
    Tensor flat = stream.reshape(x.size(0), stream.elements() / x.size(0));
    return out.forward(to.forward(flat).relu());
  }

  @Override
  protected Layer blank() {
    return new SmallNet(in, hidden, classes, images);
  }
}
