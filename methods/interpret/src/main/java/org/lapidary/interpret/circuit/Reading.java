package org.lapidary.interpret.circuit;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.tensor.Tensor;

/**
 * A linear reading of the residual stream at one token: gain * (direction . stream + constant). A
 * feature's pre-activation is one, and so is the part of it that a head brings from another token.
 *
 * @param target whose value it is, or a part of it
 * @param direction float64 [dModel], follows from parameters alone
 * @param gain the input-dependent factor: norm scales and attention weights on the way
 * @param constant biases on the way, as parameters give them
 * @param token the position at which the stream is read
 * @param attentions attention sublayers below this have written to the stream
 * @param mlps MLPs below this have
 * @param hops heads passed through on the way back from the target
 */
public record Reading(
    Circuit.Node target,
    Tensor direction,
    double gain,
    double constant,
    int token,
    int attentions,
    int mlps,
    List<Circuit.Hop> hops) {

  public Reading {
    hops = List.copyOf(hops);
  }

  /** The hops from the source on. */
  public List<Circuit.Hop> fromSource() {
    return hops.reversed();
  }

  List<Circuit.Hop> plus(Circuit.Hop hop) {
    List<Circuit.Hop> all = new ArrayList<>(hops);
    all.add(hop);
    return all;
  }
}
