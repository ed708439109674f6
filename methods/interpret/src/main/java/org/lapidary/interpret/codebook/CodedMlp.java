package org.lapidary.interpret.codebook;

import org.lapidary.nn.Layer;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Tensor;

/** A channel mixer whose output passes a codebook; both are its children. */
public final class CodedMlp extends Layer implements UnaryLayer {
  private final Codebook.Shape shape;
  private final Layer mlp;
  private final Codebook code;

  /** Puts a codebook behind a copy of a channel mixer. */
  public CodedMlp(Codebook.Shape shape, Layer mixer) {
    if (!(mixer instanceof UnaryLayer)) {
      throw new IllegalArgumentException(
          mixer.getClass().getSimpleName() + " does not map one tensor to one tensor");
    }
    this.shape = shape;
    mlp = child("mlp", mixer.copy());
    code = child("code", new Codebook(shape));
  }

  @Override
  public Tensor forward(Tensor x) {
    return code.forward(((UnaryLayer) mlp).forward(x));
  }

  @Override
  protected Layer blank() {
    return new CodedMlp(shape, mlp);
  }
}
