package org.lapidary.interpret.iclnewton;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.interpret.incontext.InContextModel;
import org.lapidary.interpret.tasks.LabelledPoints;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * What every layer of a model would say: a linear map from its stream at the tokens of x to the
 * label, fitted by ridge regression while the model stays as it is.
 *
 * @param model that is read
 * @param maps one for each layer, float64 [width + 1, 1], the last row the bias
 */
public record LayerReadouts(InContextModel model, List<Tensor> maps) {
  private static final double RIDGE = 1e-6;

  public LayerReadouts {
    maps = List.copyOf(maps);
    maps.forEach(Tensor::unscoped);
  }

  /** Fits one map for each layer, the same at all points. */
  public static LayerReadouts fit(InContextModel model, LabelledPoints points) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor y = points.y().to(DType.FLOAT64);
      Tensor labels = y.reshape(y.elements(), 1);
      List<Tensor> maps = new ArrayList<>();
      for (Tensor stream : model.streams(points)) {
        Tensor rows = rows(stream);
        maps.add(scope.keep(Linalg.leastSquares(rows, labels, RIDGE * rows.size(0))));
      }
      return new LayerReadouts(model, maps);
    }
  }

  private static Tensor rows(Tensor stream) {
    Tensor flat = stream.to(DType.FLOAT64).reshape(stream.size(0) * stream.size(1), stream.size(2));
    return Tensor.concat(
        1, flat, Tensor.ones(DType.FLOAT64, org.lapidary.tensor.Shape.of(flat.size(0), 1)));
  }

  /** What every layer says of every point: float64 [sequences, n] each. */
  public List<Tensor> predict(LabelledPoints points) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      List<Tensor> all = new ArrayList<>();
      List<Tensor> streams = model.streams(points);
      for (int l = 0; l < maps.size(); l++) {
        Tensor says = rows(streams.get(l)).matmul(maps.get(l));
        all.add(scope.keep(says.reshape(points.sequences(), points.count())));
      }
      return all;
    }
  }
}
