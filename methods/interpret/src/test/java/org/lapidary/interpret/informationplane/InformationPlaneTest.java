package org.lapidary.interpret.informationplane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.lapidary.interpret.fixtures.Dense;
import org.lapidary.interpret.fixtures.Dense.Nonlinearity;
import org.lapidary.interpret.informationplane.Binning.Edges;
import org.lapidary.interpret.informationplane.InformationPlane.Tracking;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

class InformationPlaneTest {

  @Test
  void distinctCodesHaveAllBitsAndAConstantNone() {
    Joint joint = Icosahedron.defaults().joint();
    Joint.Point all = joint.of(IntStream.range(0, 4096).toArray());
    assertThat(all.input()).isCloseTo(12, within(1e-9));
    assertThat(all.label()).isCloseTo(joint.information(), within(1e-9));
    Joint.Point none = joint.of(new int[4096]);
    assertThat(none.input()).isCloseTo(0, within(1e-9));
    assertThat(none.label()).isCloseTo(0, within(1e-9));
  }

  @Test
  void theRuleHasTheLevelsAndTheBitsOfThePaper() {
    double[] levels = Arrays.stream(Icosahedron.scores()).distinct().sorted().toArray();
    assertThat(levels).hasSize(38);
    assertThat(new Icosahedron(10).joint().information()).isCloseTo(0.90, within(0.01));
    assertThat(new Icosahedron(30).joint().information()).isCloseTo(0.99, within(0.01));
    Joint joint = Icosahedron.defaults().joint();
    assertThat(joint.label()).isCloseTo(0.5, within(0.05));
    assertThat(joint.sufficient().px().length).isLessThanOrEqualTo(38);
    assertThat(joint.sufficient().information()).isCloseTo(joint.information(), within(1e-9));
  }

  @Test
  void theScoreDoesNotChangeWhenThePatternIsTurnedUpsideDown() {
    // -v of corner i is the corner with the opposite signs: within its axis 0 <-> 3 and 1 <-> 2.
    double[] scores = Icosahedron.scores();
    for (int x = 0; x < 4096; x += 7) {
      int turned = 0;
      for (int bit = 0; bit < 12; bit++) {
        turned |= (x >> bit & 1) << (bit / 4 * 4 + 3 - bit % 4);
      }
      assertThat(scores[turned]).isEqualTo(scores[x]);
    }
  }

  @Test
  void informationIsThatOfTheTable() {
    double[] positive = {0.1, 0.9, 0.4, 0.4, 0.2, 0.7, 1, 0};
    Joint joint = Joint.uniform(positive);
    int[] code = {0, 1, 0, 2, 2, 1, 1, 0};
    double input = 0;
    double label = 0;
    double[][] table = new double[3][2];
    for (int x = 0; x < 8; x++) {
      table[code[x]][1] += positive[x] / 8;
      table[code[x]][0] += (1 - positive[x]) / 8;
    }
    double[] py = new double[2];
    for (double[] row : table) {
      py[0] += row[0];
      py[1] += row[1];
    }
    for (double[] row : table) {
      double pt = row[0] + row[1];
      input -= pt * Math.log(pt) / Math.log(2);
      for (int y = 0; y < 2; y++) {
        label += row[y] > 0 ? row[y] * Math.log(row[y] / (pt * py[y])) / Math.log(2) : 0;
      }
    }
    assertThat(joint.of(code).input()).isCloseTo(input, within(1e-12));
    assertThat(joint.of(code).label()).isCloseTo(label, within(1e-12));
  }

  @Test
  void binsAreThoseOfTheirEdges() {
    try (Scope scope = Scope.open()) {
      Tensor x = Tensor.of(new double[] {-1, -0.4, 0.4, 1, 0.41}, 5, 1);
      assertThat(new Binning(2, Edges.FIXED).codes(x)).containsExactly(0, 0, 1, 1, 1);
      assertThat(new Binning(5, Edges.QUANTILES).codes(x)).doesNotHaveDuplicates();
      Tensor wide = x.mul(100);
      assertThat(new Binning(2, Edges.RANGE).codes(wide)).containsExactly(0, 0, 1, 1, 1);
      Tensor two = Tensor.of(new double[] {-1, -1, -1, 1, 1, -1, 1, 1}, 4, 2);
      assertThat(Binning.defaults().codes(two)).containsExactly(0, 1, 2, 3);
      assertThatThrownBy(
              () -> Binning.defaults().codes(Tensor.of(new double[] {Double.NaN, 1}, 2, 1)))
          .hasMessageContaining("unit 0 is NaN at input 0");
      assertThatThrownBy(() -> new Binning(0, Edges.FIXED)).hasMessageContaining("at least one");
    }
  }

  @Test
  void informationOfKnownGaussiansIsNearerTheTruthWithMoreInputsThanBins() {
    // T = X for 4096 evenly spread values in 30 equal bins: H(T) is log2 30 but for the edges.
    float[] values = new float[4096];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i + 0.5f) / 2048 - 1;
    }
    try (Scope scope = Scope.open()) {
      Joint joint = Joint.uniform(new double[4096]);
      for (Edges edges : Edges.values()) {
        double bits = joint.of(new Binning(30, edges).codes(Tensor.of(values, 4096, 1))).input();
        assertThat(bits).isCloseTo(Math.log(30) / Math.log(2), within(0.01));
      }
      double[] gauss = new double[4096];
      Rng rng = new Rng(1);
      Arrays.setAll(gauss, i -> rng.nextGaussian());
      Tensor x = Tensor.of(gauss, 4096, 1);
      double quantiles = joint.of(new Binning(30, Edges.QUANTILES).codes(x)).input();
      double range = joint.of(new Binning(30, Edges.RANGE).codes(x)).input();
      assertThat(quantiles).isCloseTo(Math.log(30) / Math.log(2), within(0.01));
      assertThat(range).isLessThan(quantiles - 0.3); // outer bins of a range are nearly empty
    }
  }

  @Test
  void theBottleneckOfTwoInputsIsThatOfAGridOfEncoders() {
    Joint joint = new Joint(new double[] {0.6, 0.4}, new double[] {0.9, 0.2});
    Bottleneck curve = Bottleneck.of(joint, 1, 500, 80);
    int side = 60;
    for (double input : new double[] {0.1, 0.3, 0.5, 0.8}) {
      double best = 0;
      for (int i = 0; i <= side; i++) {
        for (int j = 0; j <= side; j++) {
          double p = (double) i / side;
          double q = (double) j / side;
          Joint.Point point = Bottleneck.point(joint, new double[][] {{p, 1 - p}, {q, 1 - q}});
          if (point.input() <= input) {
            best = Math.max(best, point.label());
          }
        }
      }
      assertThat(curve.label(input)).isCloseTo(best, within(0.01));
    }
  }

  @Test
  void theCurveIsConcaveFromNothingToAllThereIsToKnow() {
    Joint joint = Icosahedron.defaults().joint();
    Bottleneck curve = Bottleneck.of(joint.sufficient(), 0.5, 1000, 40);
    assertThat(curve.label(0)).isCloseTo(0, within(1e-9));
    assertThat(curve.label(12)).isCloseTo(joint.information(), within(1e-3));
    double before = Double.POSITIVE_INFINITY;
    for (double x = 0.1; x < 3; x += 0.1) {
      double slope = curve.label(x + 0.1) - curve.label(x);
      assertThat(slope).isLessThanOrEqualTo(before + 1e-6);
      before = slope;
    }
    Rng rng = new Rng(2);
    int[] code = new int[4096];
    for (int codes = 2; codes < 300; codes *= 3) {
      int most = codes;
      Arrays.setAll(code, i -> rng.nextInt(most));
      Joint.Point p = joint.of(code);
      assertThat(p.label()).isLessThanOrEqualTo(curve.label(p.input()) + 1e-6);
    }
    assertThatThrownBy(() -> Bottleneck.of(joint, 2, 1, 5)).hasMessageContaining("betas");
  }

  @Test
  void aNetworkIsFollowedThroughItsTrainingAndAnUntrainedOneStandsStill() {
    Joint joint = Icosahedron.defaults().joint();
    for (double rate : new double[] {0, 0.3}) {
      try (Scope scope = Scope.open()) {
        Dense network = new Dense(Nonlinearity.TANH, 12, 4, 1);
        network.initialise(new Rng(3));
        InformationPlane plane =
            new Tracking(30, 256, rate, 0.85, 6, Binning.defaults())
                .track(network, network::forward, network::layers, Icosahedron.inputs(), joint, 4);
        assertThat(plane.epochs()).startsWith(0, 1).endsWith(30).isSorted();
        assertThat(plane.points()).hasSize(plane.epochs().length);
        assertThat(plane.ratios()).hasDimensions(plane.epochs().length, 2);
        if (rate == 0) {
          assertThat(plane.phases(0).drop()).isZero();
        } else {
          assertThat(plane.at(plane.look(30), -1).label()).isGreaterThan(plane.at(0, -1).label());
        }
        assertThat(plane.learned(0)).isZero();
      }
    }
  }

  @Test
  void phasesAndTransitionAreReadFromTheirRecords() {
    int[] epochs = {0, 1, 10, 100};
    double[] bits = {5, 7, 6, 4};
    List<List<Joint.Point>> points =
        Arrays.stream(bits).mapToObj(b -> List.of(new Joint.Point(b, 1 - b / 10))).toList();
    InformationPlane plane =
        new InformationPlane(epochs, points, new double[][] {{3}, {2}, {0.5}, {0.1}});
    assertThat(plane.phases(-1)).isEqualTo(new InformationPlane.Phases(1, 7, 4));
    assertThat(plane.phases(0).drop()).isEqualTo(3);
    assertThat(plane.transition()).isEqualTo(10);
    assertThat(plane.learned(0.55)).isEqualTo(100);
    assertThat(plane.best()).isCloseTo(0.6, within(1e-12));
  }

  @Test
  void impossibleDistributionsAreRefused() {
    assertThatThrownBy(() -> new Joint(new double[] {0.5}, new double[] {1}))
        .hasMessageContaining("sums to 1");
    assertThatThrownBy(() -> Joint.uniform(new double[] {0.5, 1.2})).hasMessageContaining("[0, 1]");
    assertThatThrownBy(() -> Joint.uniform(new double[2]).of(new int[3]))
        .hasMessageContaining("3 codes");
  }
}
