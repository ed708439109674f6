package org.lapidary.interpret.projectionhead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lapidary.interpret.probe.LinearReadout;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.Classification;

class ProjectionHeadTest {
  private static final double[] PHI = {1.5, 1.2, 1, 0.8, 0.6, 0.5, 0.4, 0.3};
  private static final LinearTheory THEORY = new LinearTheory(PHI, 0.5);

  private static Tensor start(double factor) {
    double[] values = new double[PHI.length];
    Rng rng = new Rng(1);
    for (int i = 0; i < values.length; i++) {
      values[i] = factor * (0.1 + 0.2 * rng.nextDouble());
    }
    return Tensor.eye(DType.FLOAT64, PHI.length).mul(Tensor.of(values));
  }

  @Test
  void aTrainedLinearHeadWeighsFeaturesAsTheClosedFormSays() {
    try (Scope scope = Scope.open()) {
      List<double[]> found = THEORY.train(List.of(start(1), start(1)), 3000, 0.02);
      double[] post = THEORY.post();
      for (int k = 0; k < PHI.length; k++) {
        assertThat(post[k]).isCloseTo(PHI[k] / (PHI[k] * PHI[k] + 0.25), within(1e-12));
        assertThat(found.get(1)[k]).isCloseTo(post[k], within(1e-3));
        assertThat(found.get(0)[k]).isCloseTo(Math.sqrt(post[k]), within(1e-3));
      }
    }
  }

  @Test
  void threeLayersShareTheWeightsEvenly() {
    try (Scope scope = Scope.open()) {
      List<double[]> found = THEORY.train(List.of(start(1.5), start(1.5), start(1.5)), 8000, 0.03);
      for (int l = 1; l <= 3; l++) {
        assertThat(found.get(l - 1)).containsExactly(THEORY.after(l, 3), within(1e-3));
      }
    }
  }

  @Test
  void anUnbalancedStartBreaksTheSharing() {
    try (Scope scope = Scope.open()) {
      List<double[]> found = THEORY.train(List.of(start(8), start(0.5)), 4000, 0.01);
      assertThat(found.get(1)).containsExactly(THEORY.post(), within(1e-2));
      double most = 0;
      for (int k = 0; k < PHI.length; k++) {
        most = Math.max(most, Math.abs(found.get(0)[k] - THEORY.after(1, 2)[k]));
      }
      assertThat(most).isGreaterThan(0.1);
    }
  }

  @Test
  void aFeatureTheLossHoldsWeakIsReadBetterBeforeTheHead() {
    double[] post = THEORY.post();
    double[] pre = THEORY.after(1, 2);
    int weakest = 0; // phi of 1.5: w = 0.6
    int strongest = 5; // phi = s: w = 1
    Rng rng = new Rng(2);
    assertThat(LinearTheory.downstream(pre, weakest, 20, 0.1, 300, rng.fork(1)))
        .isLessThan(LinearTheory.downstream(post, weakest, 20, 0.1, 300, rng.fork(1)));
    assertThat(LinearTheory.downstream(pre, strongest, 20, 0.1, 300, rng.fork(2)))
        .isGreaterThan(LinearTheory.downstream(post, strongest, 20, 0.1, 300, rng.fork(2)) - 0.02);
  }

  @Test
  void theSpectralLossIsItsDefinition() {
    try (Scope scope = Scope.open()) {
      Tensor z = new Rng(3).normal(1, 4, 3).to(DType.FLOAT64);
      Tensor y = new Rng(4).normal(1, 4, 3).to(DType.FLOAT64);
      double expected = 0;
      for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 4; j++) {
          double product = z.select(0, i).mul(y.select(0, j)).sum().item();
          expected += i == j ? -2 * product / 4 : product * product / 12;
        }
      }
      assertThat(ContrastiveLoss.spectral(z, y).item()).isCloseTo(expected, within(1e-12));
    }
  }

  @Test
  void simClrsLossIsItsDefinitionAndSupervisedAgreesWhereEveryExampleIsItsOwnClass() {
    try (Scope scope = Scope.open()) {
      Tensor z = new Rng(5).normal(1, 3, 4).to(DType.FLOAT64);
      Tensor y = new Rng(6).normal(1, 3, 4).to(DType.FLOAT64);
      Tensor all = Tensor.concat(0, z, y);
      double expected = 0;
      for (int i = 0; i < 6; i++) {
        double sum = 0;
        for (int j = 0; j < 6; j++) {
          sum += i == j ? 0 : Math.exp(cosine(all, i, j) / 0.5);
        }
        expected -= (cosine(all, i, (i + 3) % 6) / 0.5 - Math.log(sum)) / 6;
      }
      assertThat(ContrastiveLoss.infoNce(z, y, 0.5).item()).isCloseTo(expected, within(1e-6));
      Tensor own = Tensor.of(new long[] {0, 1, 2});
      assertThat(ContrastiveLoss.supervised(z, y, own, 0.5).item())
          .isCloseTo(expected, within(1e-6));
      assertThatThrownBy(() -> ContrastiveLoss.infoNce(z, y.slice(0, 0, 2), 0.5))
          .isInstanceOf(ShapeException.class);
    }
  }

  private static double cosine(Tensor x, int i, int j) {
    Tensor u = x.select(0, i);
    Tensor v = x.select(0, j);
    return u.mul(v).sum().item() / (u.norm(false).item() * v.norm(false).item());
  }

  @Test
  void reweightingFadesLateCoordinatesAndAKappaOfOneIsNoHead() {
    try (Scope scope = Scope.open()) {
      Tensor x = new Rng(7).normal(1, 5, 6);
      assertThat(new Reweighting(6, 1).forward(x).toFloats()).containsExactly(x.toFloats());
      double[] scaled = new Reweighting(6, 2).forward(Tensor.ones(1, 6)).toDoubles();
      assertThat(scaled).containsExactly(1, 0.5, 0.25, 0.125, 0.0625, 0.03125);
      Reweighting head = new Reweighting(6, 1.05);
      assertThat(head.parameterCount()).isZero();
      assertThat(((Reweighting) head.copy()).forward(x).toFloats())
          .containsExactly(head.forward(x).toFloats());
      assertThatThrownBy(() -> new Reweighting(6, 0.9)).hasMessageContaining("kappa");
    }
  }

  @Test
  void reportsKnowTheRankAndReadoutsTheClass() {
    try (Scope scope = Scope.open()) {
      double[] values = new double[80];
      int[] classes = new int[40];
      for (int i = 0; i < 40; i++) {
        classes[i] = i % 2;
        values[2 * i] = classes[i] == 0 ? 1 : -1; // says the class
        values[2 * i + 1] = i % 4 < 2 ? 1 : -1; // says nothing of it
      }
      Tensor x = Tensor.of(values, 40, 2);
      assertThat(FeatureReport.of(x).effectiveRank()).isCloseTo(2, within(1e-9));
      assertThat(FeatureReport.of(x).singular()[0]).isCloseTo(1, within(1e-9));
      Tensor line = Tensor.concat(1, x.slice(1, 0, 1), x.slice(1, 0, 1));
      assertThat(FeatureReport.of(line).effectiveRank()).isCloseTo(1, within(1e-6));
      assertThat(LinearReadout.explained(line, classes)).isCloseTo(1, within(1e-2));
      assertThat(LinearReadout.explained(x.slice(1, 1, 2), classes)).isCloseTo(0, within(1e-2));
      assertThatThrownBy(() -> LinearReadout.explained(x, new int[8]))
          .isInstanceOf(ShapeException.class);
    }
  }

  @Test
  void viewsKeepTheColour() {
    try (Scope scope = Scope.open()) {
      Classification grey = Classification.of(Tensor.ones(6, 1, 28, 28), new int[6]);
      ColouredDigits coloured = ColouredDigits.of(grey, new Rng(8));
      Tensor means = ColouredDigits.view(coloured.images(), new Rng(9)).mean(false, 2, 3);
      double[] strengths = means.toDoubles();
      for (int i = 0; i < 6; i++) {
        for (int c = 0; c < 3; c++) {
          boolean bright = (coloured.colours()[i] >> c & 1) == 1;
          assertThat(strengths[3 * i + c] > 0.35).isEqualTo(bright);
        }
      }
    }
  }
}
