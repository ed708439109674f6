package org.lapidary.interpret.catrepresentations;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.nn.Layer;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Tensor;

/**
 * The features of several networks side by side: CAT(x) = [phi_1(x); ...; phi_n(x)], [batch, d_1 +
 * ... + d_n]. A layer like another, so that it can be probed, trained further or distilled.
 */
public final class Cat extends Layer implements UnaryLayer {
  private final List<Slot<UnaryLayer>> parts = new ArrayList<>();

  private Cat(List<? extends Layer> networks) {
    for (int i = 0; i < networks.size(); i++) {
      parts.add(slot("phi" + i, UnaryLayer.class, networks.get(i)));
    }
  }

  /**
   * Copies of networks, which stay as they are.
   *
   * @param networks one or more, each from inputs to [batch, d_i]
   */
  public static Cat of(List<? extends Layer> networks) {
    if (networks.isEmpty()) {
      throw new IllegalArgumentException("a concatenation needs at least one network");
    }
    return new Cat(networks.stream().map(Layer::copy).toList());
  }

  @Override
  public Tensor forward(Tensor x) {
    return Tensor.concat(1, parts.stream().map(p -> p.get().forward(x)).toList());
  }

  @Override
  protected Layer blank() {
    return new Cat(parts.stream().map(p -> ((Layer) p.get()).copy()).toList());
  }
}
