package org.lapidary.interpret.diagram;

import java.util.List;

/**
 * A box with its wires.
 *
 * @param does what it does
 * @param in names of the wires that enter it, in order
 * @param out the wire that leaves it, with the axes that it is drawn with
 */
public record Box(Morphism does, List<String> in, Wire out) {
  public Box {
    in = List.copyOf(in);
  }
}
