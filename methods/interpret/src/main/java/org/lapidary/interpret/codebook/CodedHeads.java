package org.lapidary.interpret.codebook;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Linear;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Tensor;

/**
 * An attention's output projection that reads codes: each head's slice of its input [..., heads *
 * dHead] passes a codebook of its own, named {@code code0}, {@code code1}, ...
 */
public final class CodedHeads extends Layer implements UnaryLayer {
  private final Codebook.Shape shape;
  private final List<Codebook> codebooks = new ArrayList<>();
  private final Linear out;

  /**
   * Puts codebooks before a projection, whose numbers it copies.
   *
   * @param shape of each head's codebook, as wide as a head
   */
  public CodedHeads(Codebook.Shape shape, int heads, Linear projection) {
    if ((long) heads * shape.width() != projection.in()) {
      throw new IllegalArgumentException(
          "%d codebooks of the width %d do not fit a projection that reads %d"
              .formatted(heads, shape.width(), projection.in()));
    }
    this.shape = shape;
    for (int h = 0; h < heads; h++) {
      codebooks.add(child("code" + h, new Codebook(shape)));
    }
    out = child("out", (Linear) projection.copy());
  }

  @Override
  public Tensor forward(Tensor x) {
    List<Tensor> coded = new ArrayList<>();
    for (int h = 0; h < codebooks.size(); h++) {
      long from = (long) h * shape.width();
      coded.add(codebooks.get(h).forward(x.slice(-1, from, from + shape.width())));
    }
    return out.forward(Tensor.concat(-1, coded));
  }

  @Override
  protected Layer blank() {
    return new CodedHeads(shape, codebooks.size(), out);
  }
}
