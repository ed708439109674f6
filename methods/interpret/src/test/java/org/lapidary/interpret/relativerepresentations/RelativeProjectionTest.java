package org.lapidary.interpret.relativerepresentations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lapidary.interpret.fixtures.Dense;
import org.lapidary.interpret.relativerepresentations.RelativeProjection.Likeness;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

class RelativeProjectionTest {
  private static final RelativeProjection COSINE = RelativeProjection.defaults();

  private static Tensor drawn(long seed, long n, long d) {
    return new Rng(seed).normal(1, n, d).to(DType.FLOAT64);
  }

  private static double apart(Tensor a, Tensor b) {
    return a.sub(b).abs().max().item();
  }

  @Test
  void isTheCosineWithEveryAnchor() {
    try (Scope scope = Scope.open()) {
      Tensor r =
          COSINE.project(
              Tensor.of(new double[] {3, 4, 0, 2}, 2, 2),
              Tensor.of(new double[] {1, 0, 1, 1}, 2, 2));
      double h = Math.sqrt(0.5);
      assertThat(r.toDoubles()).containsExactly(new double[] {0.6, 1.4 * h, 0, h}, within(1e-9));
    }
  }

  @Test
  void doesNotSeeRotationsAndScalingsButOtherMaps() {
    try (Scope scope = Scope.open()) {
      Tensor x = drawn(1, 30, 8);
      Tensor a = drawn(2, 12, 8);
      Tensor q = Linalg.qr(drawn(3, 8, 8)).q();
      Tensor r = COSINE.project(x, a);
      assertThat(apart(r, COSINE.project(x.matmul(q).mul(5), a.matmul(q).mul(5)))).isLessThan(1e-6);
      Tensor stretch = Tensor.of(new double[] {3, 1, 1, 1, 1, 1, 1, 1});
      assertThat(apart(r, COSINE.project(x.mul(stretch), a.mul(stretch)))).isGreaterThan(1e-2);
    }
  }

  @Test
  void distancesDoNotSeeShifts() {
    try (Scope scope = Scope.open()) {
      Tensor x = drawn(1, 5, 3);
      Tensor a = drawn(2, 4, 3);
      for (Likeness likeness : List.of(Likeness.EUCLIDEAN, Likeness.MANHATTAN)) {
        RelativeProjection p = new RelativeProjection(likeness, 0);
        assertThat(apart(p.project(x, a), p.project(x.add(2), a.add(2)))).isLessThan(1e-9);
      }
      double[] u = x.slice(0, 0, 1).toDoubles();
      double[] v = a.slice(0, 0, 1).toDoubles();
      double squares = 0;
      double sum = 0;
      for (int i = 0; i < 3; i++) {
        squares += (u[i] - v[i]) * (u[i] - v[i]);
        sum += Math.abs(u[i] - v[i]);
      }
      assertThat(new RelativeProjection(Likeness.EUCLIDEAN, 0).project(x, a).toDoubles()[0])
          .isCloseTo(-Math.sqrt(squares), within(1e-9));
      assertThat(new RelativeProjection(Likeness.MANHATTAN, 0).project(x, a).toDoubles()[0])
          .isCloseTo(-sum, within(1e-12));
    }
  }

  @Test
  void binsRoundTheCodes() {
    try (Scope scope = Scope.open()) {
      Tensor r = new RelativeProjection(Likeness.COSINE, 4).project(drawn(1, 9, 3), drawn(2, 5, 3));
      for (double value : r.toDoubles()) {
        assertThat(value * 4).isCloseTo(Math.rint(value * 4), within(1e-12));
      }
    }
  }

  @Test
  void gradientsFlowThroughSamplesAndAnchors() {
    try (Scope scope = Scope.open()) {
      Tensor x = drawn(1, 3, 4).requiresGrad(true);
      Tensor a = drawn(2, 2, 4).requiresGrad(true);
      Tensor weight = drawn(3, 3, 2);
      List<Tensor> grads = Autograd.grad(COSINE.project(x, a).mul(weight).sum(), List.of(x, a));
      for (int which = 0; which < 2; which++) {
        Tensor at = List.of(x, a).get(which);
        double[] values = at.detach().toDoubles();
        for (int i = 0; i < values.length; i++) {
          double[] f = new double[2];
          for (int side = 0; side < 2; side++) {
            double[] moved = values.clone();
            moved[i] += side == 0 ? 1e-5 : -1e-5;
            Tensor m = Tensor.of(moved, at.shape().toArray());
            Tensor r = which == 0 ? COSINE.project(m, a) : COSINE.project(x, m);
            f[side] = r.mul(weight).sum().item();
          }
          assertThat(grads.get(which).toDoubles()[i]).isCloseTo((f[0] - f[1]) / 2e-5, within(1e-7));
        }
      }
    }
  }

  @Test
  void embeddingsOfDifferentNetworksAreRefused() {
    try (Scope scope = Scope.open()) {
      Tensor x = drawn(1, 5, 3);
      assertThatThrownBy(() -> COSINE.project(x, drawn(2, 4, 2)))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("one network");
      assertThatThrownBy(() -> LatentAgreement.of(x, drawn(2, 5, 2), 2))
          .hasMessageContaining("make them relative");
      assertThatThrownBy(() -> LatentAgreement.of(x, x, 5)).hasMessageContaining("neighbours");
      assertThatThrownBy(() -> Anchors.RANDOM.choose(x, 6, new Rng(1)))
          .hasMessageContaining("1 to 5");
    }
  }

  @Test
  void agreementIsWhatCountingGives() {
    try (Scope scope = Scope.open()) {
      Tensor a = drawn(4, 20, 3);
      Tensor b = a.add(drawn(5, 20, 3).mul(0.5));
      LatentAgreement found = LatentAgreement.of(a, b, 4);
      double jaccard = 0;
      double rank = 0;
      for (int i = 0; i < 20; i++) {
        int[] own = nearest(a, a, i);
        int[] other = nearest(a, b, i);
        long shared =
            Arrays.stream(own).filter(o -> Arrays.stream(other).anyMatch(t -> t == o)).count();
        jaccard += shared / (8.0 - shared);
        int place = 1;
        for (int j = 0; j < 20; j++) {
          place += cosine(a, i, b, j) > cosine(a, i, b, i) ? 1 : 0;
        }
        rank += 1.0 / place;
      }
      assertThat(found.jaccard()).isCloseTo(jaccard / 20, within(1e-12));
      assertThat(found.reciprocalRank()).isCloseTo(rank / 20, within(1e-12));
      LatentAgreement same = LatentAgreement.of(a, a, 4);
      assertThat(List.of(same.jaccard(), same.reciprocalRank())).containsExactly(1.0, 1.0);
      assertThat(same.cosine()).isCloseTo(1, within(1e-9));
    }
  }

  private static int[] nearest(Tensor a, Tensor b, int i) {
    return java.util.stream.IntStream.range(0, 20)
        .filter(j -> j != i)
        .boxed()
        .sorted((j, k) -> Double.compare(cosine(a, i, b, k), cosine(a, i, b, j)))
        .limit(4)
        .mapToInt(Integer::intValue)
        .toArray();
  }

  private static double cosine(Tensor a, int i, Tensor b, int j) {
    Tensor u = a.select(0, i);
    Tensor v = b.select(0, j);
    return u.mul(v).sum().item() / (u.norm(false).item() * v.norm(false).item());
  }

  @Test
  void relativeSimilarityFindsARotatedSpaceAndItsNullDoesNot() {
    try (Scope scope = Scope.open()) {
      Tensor a = drawn(6, 60, 5);
      Tensor b = a.matmul(Linalg.qr(drawn(7, 5, 5)).q()).mul(0.1);
      RelativeSimilarity similarity = new RelativeSimilarity(COSINE, new Rng(8).permutation(60), 5);
      assertThat(LatentAgreement.of(a, b, 5).jaccard()).isLessThan(0.3);
      var against = similarity.againstChance(a, b, 20, new Rng(9));
      assertThat(against.observed()).isCloseTo(1, within(1e-9));
      assertThat(against.mean()).isLessThan(0.3);
      assertThat(against.pValue()).isCloseTo(1 / 21.0, within(1e-12));
    }
  }

  @Test
  void farthestAnchorsAndClustersCoverWhatRandomOnesMiss() {
    double[] points = new double[40];
    for (int i = 0; i < 20; i++) { // 18 points at the origin, one each at two far corners
      points[2 * i] = i == 18 ? 100 : i * 1e-3;
      points[2 * i + 1] = i == 19 ? 100 : 0;
    }
    try (Scope scope = Scope.open()) {
      Tensor x = Tensor.of(points, 20, 2);
      for (Anchors how : Anchors.values()) {
        int[] chosen = how.choose(x, 3, new Rng(1));
        assertThat(chosen).hasSize(3).doesNotHaveDuplicates();
        if (how != Anchors.RANDOM) {
          assertThat(chosen).contains(18, 19);
        }
      }
    }
  }

  @Test
  void aStitchedPairOfRotatedEncodersDecodesAlike() {
    try (Scope scope = Scope.open()) {
      Tensor anchors = new Rng(1).normal(1, 7, 4);
      Tensor x = new Rng(2).normal(1, 9, 4);
      Dense encoder = new Dense(Dense.Nonlinearity.IDENTITY, 4, 4);
      encoder.initialise(new Rng(3));
      Dense rotated = (Dense) encoder.copy();
      Tensor q = Linalg.qr(new Rng(4).normal(1, 4, 4)).q();
      rotated
          .parameterAt("layer0.weight")
          .set(q.matmul(encoder.parameterAt("layer0.weight").tensor()));
      Dense decoder = new Dense(Dense.Nonlinearity.RELU, 7, 5, 3);
      decoder.initialise(new Rng(5));
      Communicating a = Communicating.relative(encoder, decoder, anchors, true);
      Communicating b = Communicating.relative(rotated, decoder.copy(), anchors, true);
      assertThat(b.into(a).apply(x).toDoubles())
          .containsExactly(a.forward(x).toDoubles(), within(1e-4));
      double[][] all =
          Communicating.stitch(List.of(a, b), f -> f.apply(x).sub(a.forward(x)).abs().max().item());
      assertThat(all[0][0]).isZero();
      assertThat(all[1][0]).isLessThan(1e-4);
      Communicating copy = (Communicating) a.copy();
      assertThat(copy.forward(x).toDoubles()).containsExactly(a.forward(x).toDoubles());
    }
  }
}
