package org.lapidary.compress.layerwise;

import org.lapidary.compress.BlockMatrices;
import org.lapidary.nn.Decoder;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/** How much a block of a decoder matters; the larger the more. */
public enum Importance {
  /**
   * Layer input modification: -cos(h_in, h_out) between the residual stream before and after the
   * block, averaged over calibration tokens. -1 for a block that only rescales its input.
   */
  LIM,
  /**
   * Z-score distribution: minus the share of the block's weights whose z = (w - mean) / deviation
   * is above 1, all matrices pooled. About -0.1587 for normal weights. Needs no data.
   */
  ZD;

  /** Sequences run together; bounds memory. */
  private static final int TOGETHER = 16;

  /**
   * The importance of every block, in order.
   *
   * @param calibration tokens, sequences of one length; not read by {@link #ZD}
   */
  public double[] of(Model model, int[][] calibration) {
    Decoder decoder = model.decoder();
    return switch (this) {
      case LIM -> inputModification(decoder, calibration);
      case ZD -> {
        double[] scores = new double[decoder.blocks().size()];
        for (int b = 0; b < scores.length; b++) {
          scores[b] = -shareAboveOne(decoder, b);
        }
        yield scores;
      }
    };
  }

  private static double[] inputModification(Decoder decoder, int[][] calibration) {
    if (calibration.length == 0) {
      throw new IllegalArgumentException("LIM needs calibration tokens, was given none");
    }
    double[] sums = new double[decoder.blocks().size()];
    long tokens = 0;
    for (int from = 0; from < calibration.length; from += TOGETHER) {
      int to = Math.min(calibration.length, from + TOGETHER);
      try (Scope scope = Scope.open();
          var ignored = Autograd.noGrad()) {
        int[][] part = java.util.Arrays.copyOfRange(calibration, from, to);
        Tensor stream = decoder.embed(LanguageModeling.tensor(part), 0);
        tokens += stream.elements() / stream.size(-1);
        for (int b = 0; b < sums.length; b++) {
          Tensor next = decoder.blocks().get(b).forward(stream, null);
          sums[b] -= cosines(stream, next).sum().item();
          stream = next;
        }
      }
    }
    for (int b = 0; b < sums.length; b++) {
      sums[b] /= tokens;
    }
    return sums;
  }

  /** cos of the angle between corresponding vectors [..., d], float64 [...]. */
  static Tensor cosines(Tensor x, Tensor y) {
    Tensor a = x.to(DType.FLOAT64);
    Tensor b = y.to(DType.FLOAT64);
    return a.mul(b).sum(false, -1).div(a.norm(false, -1).mul(b.norm(false, -1)).maximum(1e-300));
  }

  private static double shareAboveOne(Decoder decoder, int block) {
    try (Scope scope = Scope.open()) {
      Tensor all =
          Tensor.concat(
              0,
              BlockMatrices.ofBlock(decoder, block).values().stream()
                  .map(Linear::weight)
                  .map(w -> w.tensor().detach().to(DType.FLOAT64).reshape(-1))
                  .toList());
      return shareAboveOne(all);
    }
  }

  /** The share of values more than one standard deviation above their mean. */
  static double shareAboveOne(Tensor values) {
    try (Scope scope = Scope.open()) {
      Tensor centred = values.sub(values.mean());
      double deviation = Math.sqrt(centred.square().mean().item());
      return centred.gt(deviation).to(DType.FLOAT64).mean().item();
    }
  }
}
