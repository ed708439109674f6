package org.lapidary.interpret.circuit;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
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
    List<Hop> hops) {

  public Reading {
    hops = List.copyOf(hops);
  }

  /** A step back through a head, from the token that attends to the one attended to. */
  public record Hop(int layer, int head, int from, int to) {
    @Override
    public String toString() {
      return "L%dH%d %d>%d".formatted(layer, head, from, to);
    }
  }

  /** The hops from the source on, as {@code L0H2 1>3 L1H3 3>7}. */
  public String via() {
    return hops.reversed().stream().map(Hop::toString).collect(Collectors.joining(" "));
  }

  List<Hop> plus(Hop hop) {
    List<Hop> all = new ArrayList<>(hops);
    all.add(hop);
    return all;
  }
}
