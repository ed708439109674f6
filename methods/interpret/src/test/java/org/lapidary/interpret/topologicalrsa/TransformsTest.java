package org.lapidary.interpret.topologicalrsa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lapidary.interpret.similarity.Dissimilarities;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

class TransformsTest {

  private static Dissimilarities drawn(int n, long seed) {
    try (Scope scope = Scope.open()) {
      return Dissimilarities.euclidean(new Rng(seed).normal(1, n, 5));
    }
  }

  @Test
  void withoutCutsTheTransformIsTheRankedMatrix() {
    Dissimilarities d = drawn(12, 1);
    assertThat(new GeoTopological(0, 1).apply(d).upper())
        .containsExactly(d.ranked().upper(), within(1e-12));
    assertThat(d.ranked().upper()).contains(0.0, 1.0);
  }

  @Test
  void aMonotoneWarpOfTheDistancesChangesNothingButPlainCorrelation() {
    Dissimilarities d = drawn(12, 2);
    double[] warped = d.upper().clone();
    for (int i = 0; i < warped.length; i++) {
      warped[i] = Math.exp(3 * warped[i]);
    }
    Dissimilarities w = new Dissimilarities(12, warped);
    for (Transform t :
        List.of(
            new GeoTopological(0.2, 0.7),
            new GeoTopological(0.5, 0.5),
            Geodesic.quantile(0.3),
            Transform.sigmoid(10, 0.5))) {
      assertThat(t.apply(w).upper()).containsExactly(t.apply(d).upper(), within(1e-12));
      assertThat(t.apply(w).pearson(t.apply(d))).isCloseTo(1, within(1e-12));
    }
    assertThat(w.pearson(d)).isLessThan(0.9);
  }

  @Test
  void shortestPathsAroundACircleAreItsArcs() {
    int n = 40;
    double[] points = new double[2 * n];
    double[] arcs = new double[n * (n - 1) / 2];
    int at = 0;
    for (int i = 0; i < n; i++) {
      points[2 * i] = Math.cos(2 * Math.PI * i / n);
      points[2 * i + 1] = Math.sin(2 * Math.PI * i / n);
      for (int j = i + 1; j < n; j++) {
        arcs[at++] = Math.min(j - i, n - (j - i));
      }
    }
    try (Scope scope = Scope.open()) {
      Dissimilarities d = Dissimilarities.euclidean(Tensor.of(points, n, 2));
      Dissimilarities truth = new Dissimilarities(n, arcs);
      assertThat(Geodesic.nearest(2).apply(d).spearman(truth)).isGreaterThanOrEqualTo(0.999);
      // Euclidean distances keep the order of the arcs, but saturate: they are not proportional.
      assertThat(Geodesic.nearest(2).paths(d).pearson(truth)).isGreaterThan(0.999);
      assertThat(new Dissimilarities(n, roots(d.upper())).pearson(truth)).isLessThan(0.99);
    }
  }

  private static double[] roots(double[] squares) {
    return java.util.Arrays.stream(squares).map(Math::sqrt).toArray();
  }

  @Test
  void shortestPathsUnrollASwissRoll() {
    int n = 700;
    Rng rng = new Rng(3);
    double[] points = new double[3 * n];
    double[] sheet = new double[2 * n];
    for (int i = 0; i < n; i++) {
      double t = 1.5 * Math.PI * (1 + 2 * rng.nextDouble());
      double height = 21 * rng.nextDouble();
      points[3 * i] = t * Math.cos(t);
      points[3 * i + 1] = height;
      points[3 * i + 2] = t * Math.sin(t);
      sheet[2 * i] = (t * Math.sqrt(1 + t * t) + Math.log(t + Math.sqrt(1 + t * t))) / 2; // arc
      sheet[2 * i + 1] = height;
    }
    try (Scope scope = Scope.open()) {
      Dissimilarities squared = Dissimilarities.euclidean(Tensor.of(points, n, 3));
      Dissimilarities d = new Dissimilarities(n, roots(squared.upper()));
      Dissimilarities truth =
          new Dissimilarities(n, roots(Dissimilarities.euclidean(Tensor.of(sheet, n, 2)).upper()));
      double geodesic = Geodesic.nearest(6).apply(d).spearman(truth);
      double euclidean = d.spearman(truth);
      assertThat(geodesic).isGreaterThanOrEqualTo(0.95).isGreaterThan(euclidean + 0.2);
    }
  }

  @Test
  void whatNoPathConnectsIsAsFarAsTheFarthestPair() {
    // Two pairs, far from each other: 0-1 and 2-3.
    Dissimilarities d = new Dissimilarities(4, new double[] {1, 50, 51, 52, 53, 2});
    Dissimilarities paths = Geodesic.nearest(1).paths(d);
    assertThat(paths.upper()).containsExactly(1, 2, 2, 2, 2, 2);
    Geodesic twoStep =
        new Geodesic(new Geodesic.Neighbours.TwoStep(new GeoTopological(0, 0.3)), true);
    assertThat(twoStep.paths(d).between(0, 1)).isLessThan(twoStep.paths(d).between(1, 2));
  }

  @Test
  void crossValidatedDistancesAreUnbiased() {
    try (Scope scope = Scope.open()) {
      Tensor x = new Rng(4).normal(1, 6, 4000).to(DType.FLOAT64);
      Tensor one = x.add(new Rng(5).normal(1, 6, 4000));
      Tensor two = x.add(new Rng(6).normal(1, 6, 4000));
      Dissimilarities clean = Dissimilarities.euclidean(x);
      double biased = mean(Dissimilarities.euclidean(one)) - mean(clean);
      double fair = mean(Dissimilarities.crossValidated(one, two)) - mean(clean);
      assertThat(biased).isCloseTo(2, within(0.2));
      assertThat(fair).isCloseTo(0, within(0.2));
      assertThat(Dissimilarities.correlation(x).between(1, 1)).isZero();
      assertThat(
              Dissimilarities.correlation(Tensor.of(new double[] {1, 2, 3, 2, 4, 6}, 2, 3))
                  .upper()[0])
          .isCloseTo(0, within(1e-12));
    }
  }

  private static double mean(Dissimilarities d) {
    return java.util.Arrays.stream(d.upper()).average().orElseThrow();
  }

  @Test
  void quantilesOutOfOrderAreRefused() {
    assertThatThrownBy(() -> new GeoTopological(0.6, 0.4)).hasMessageContaining("0.6 and 0.4");
    assertThatThrownBy(() -> new Dissimilarities(3, new double[2])).hasMessageContaining("3 pairs");
  }
}
