package org.lapidary.interpret.linearinterpreter;

import org.jspecify.annotations.Nullable;
import org.lapidary.nn.BatchNorm;
import org.lapidary.nn.Conv2d;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Linear;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Tensor;

/** Two convolutions with ReLU and max-pooling, with or without batch norm, and a linear head. */
final class SmallClassifier extends Layer implements UnaryLayer {
  private static final int FIRST = 8;
  private static final int SECOND = 16;

  private final boolean normed;
  private final Conv2d first;
  private final Conv2d second;
  private final @Nullable BatchNorm firstNorm;
  private final @Nullable BatchNorm secondNorm;
  private final Linear head;

  SmallClassifier(boolean normed) {
    this.normed = normed;
    first = child("first", new Conv2d(new Conv2d.Settings(1, FIRST, 3, 1, 1, true)));
    firstNorm = normed ? child("first_norm", new BatchNorm(FIRST)) : null;
    second = child("second", new Conv2d(new Conv2d.Settings(FIRST, SECOND, 3, 1, 1, true)));
    secondNorm = normed ? child("second_norm", new BatchNorm(SECOND)) : null;
    head = child("head", new Linear(SECOND * 7 * 7, 10, true));
  }

  @Override
  public Tensor forward(Tensor x) {
    Tensor a = first.forward(x);
    a = (firstNorm == null ? a : firstNorm.forward(a)).relu().maxPool2d(2, 2, 0);
    a = second.forward(a);
    a = (secondNorm == null ? a : secondNorm.forward(a)).relu().maxPool2d(2, 2, 0);
    return head.forward(a.flatten(1, 3));
  }

  @Override
  protected Layer blank() {
    return new SmallClassifier(normed);
  }
}
