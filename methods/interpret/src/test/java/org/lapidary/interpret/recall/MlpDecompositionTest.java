package org.lapidary.interpret.recall;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

class MlpDecompositionTest {
  private static final double[] BETA = {0.8, -0.5, 0.1, -1.3};
  private static final int PROMPTS = 60;
  private static final int WIDTH = 64;

  private static List<Tensor> heads(Rng rng) {
    return IntStream.range(0, BETA.length)
        .mapToObj(h -> rng.normal(1, PROMPTS, WIDTH).add(rng.normal(1, 1, WIDTH)))
        .toList();
  }

  private static Tensor mlp(List<Tensor> heads, Tensor b, Rng rng) {
    Tensor sum = b.add(rng.normal(0.01, PROMPTS, WIDTH));
    for (int h = 0; h < BETA.length; h++) {
      sum = sum.add(heads.get(h).mul(BETA[h]));
    }
    return sum;
  }

  @Test
  void plantedGainsAndTaskVectorComeBack() {
    Rng rng = new Rng(3);
    List<Tensor> heads = heads(rng);
    Tensor b = rng.normal(1, WIDTH);
    Tensor m = mlp(heads, b, rng);
    MlpDecomposition found = MlpDecomposition.fit(heads, m);
    assertThat(found.beta()).containsExactly(BETA, within(0.02));
    Tensor intercept = Tensor.of(found.intercept());
    Tensor planted = b.to(DType.FLOAT64);
    double cosine =
        intercept.mul(planted).sum().item()
            / intercept.norm(false, 0).item()
            / planted.norm(false, 0).item();
    assertThat(cosine).isGreaterThan(0.99);
    List<Tensor> others = heads(rng);
    assertThat(found.r2(others, mlp(others, b, rng))).isGreaterThan(0.99);
  }

  @Test
  void shuffledPairsExplainNothing() {
    Rng rng = new Rng(4);
    List<Tensor> heads = heads(rng);
    Tensor b = rng.normal(1, WIDTH);
    long[] order = Arrays.stream(rng.permutation(PROMPTS)).asLongStream().toArray();
    Tensor shuffled = mlp(heads, b, rng).indexSelect(0, Tensor.of(order, PROMPTS));
    assertThat(MlpDecomposition.fit(heads, shuffled).r2(heads, shuffled)).isLessThan(0.1);
  }

  @Test
  void withoutRegressorsTheTaskVectorIsTheMean() {
    Rng rng = new Rng(5);
    Tensor m = rng.normal(1, PROMPTS, WIDTH);
    List<Tensor> silent = List.of(Tensor.zeros(PROMPTS, WIDTH), Tensor.zeros(PROMPTS, WIDTH));
    MlpDecomposition found = MlpDecomposition.fit(silent, m);
    assertThat(found.beta()).containsExactly(0, 0);
    assertThat(found.intercept()).isEqualTo(m.to(DType.FLOAT64).mean(false, 0).toDoubles());
  }

  @Test
  void aHeadThatAlwaysSaysTheSameGetsNoGainOfItsOwn() {
    Rng rng = new Rng(6);
    Tensor varying = rng.normal(1, PROMPTS, WIDTH);
    Tensor constant = rng.normal(1, 1, WIDTH).expand(PROMPTS, WIDTH);
    Tensor m = varying.mul(2).add(constant);
    MlpDecomposition found = MlpDecomposition.fit(List.of(varying, constant), m);
    assertThat(found.beta()[0]).isCloseTo(2, within(1e-6));
    assertThat(found.beta()[1]).isCloseTo(0, within(1e-9));
    assertThat(found.r2(List.of(varying, constant), m)).isCloseTo(1, within(1e-9));
  }

  @Test
  void shapesThatDoNotFitAreNamed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> MlpDecomposition.fit(List.of(), Tensor.zeros(3, 2)))
        .withMessageContaining("at least one head");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> MlpDecomposition.fit(List.of(Tensor.zeros(4, 2)), Tensor.zeros(3, 2)))
        .withMessageContaining("[4, 2]");
    MlpDecomposition one = MlpDecomposition.fit(List.of(Tensor.ones(3, 2)), Tensor.zeros(3, 2));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> one.foretold(List.of(Tensor.ones(3, 2), Tensor.ones(3, 2))))
        .withMessageContaining("fitted to 1");
  }
}
