package org.lapidary.interpret.iclnewton;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.interpret.incontext.Agreement;
import org.lapidary.interpret.tasks.LabelledPoints;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * How well a learner still knows a point that it has seen some time ago: its mean squared error
 * when asked for the point again.
 */
public final class Forgetting {
  private Forgetting() {}

  /**
   * The error of the last point but g, asked for again after all points, for g = 0 .. n - 1.
   *
   * @param points n of them; the learner must read n + 1
   */
  public static double[] errors(Agreement.Learner learner, LabelledPoints points) {
    List<Double> errors = new ArrayList<>();
    long n = points.count();
    for (long gap = 0; gap < n; gap++) {
      try (Scope scope = Scope.open();
          var ignored = Autograd.noGrad()) {
        long back = n - 1 - gap;
        LabelledPoints again =
            new LabelledPoints(
                points.x().slice(1, back, back + 1), points.y().slice(1, back, back + 1));
        Tensor says = learner.predict(points.then(again)).select(1, n).to(DType.FLOAT64);
        errors.add(says.sub(points.y().select(1, back).to(DType.FLOAT64)).square().mean().item());
      }
    }
    return errors.stream().mapToDouble(Double::doubleValue).toArray();
  }
}
