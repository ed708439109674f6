package org.lapidary.compress.gradual;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.Mlp;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.AdamW;
import org.lapidary.train.Classification;
import org.lapidary.train.Optimizer;
import org.lapidary.train.Schedule;
import org.lapidary.train.Sgd;
import org.lapidary.train.Trainer;

class GradualPruningTest {
  private static final int[] LABELS = IntStream.range(0, 40).map(i -> i % 6).toArray();
  private static final Classification DATA = Classification.of(new Rng(3).normal(1, 40, 6), LABELS);
  private static final List<String> MATRICES = List.of("in.weight", "out.weight");

  private static Mlp mlp() {
    Mlp mlp = new Mlp(6, 10, "relu", true, 0.5);
    mlp.initialise(new Rng(1));
    return mlp;
  }

  private static Sgd sgd(Mlp mlp) {
    return new Sgd(Trainer.parameters(mlp), new Sgd.Settings(0.9, 1e-3, false));
  }

  private static float[] weights(Mlp mlp, String path) {
    return mlp.parameterAt(path).tensor().toFloats();
  }

  private static boolean[] mask(PruningOptimizer optimizer, String path) {
    return requireNonNull(optimizer.masks().get(path)).toBooleans();
  }

  private static int count(boolean[] mask) {
    return (int) IntStream.range(0, mask.length).filter(i -> mask[i]).count();
  }

  private static void train(Mlp mlp, Optimizer optimizer, int steps, Trainer.Callback each) {
    Trainer.Settings settings = Trainer.Settings.of(steps, Schedule.constant(0.05), 7);
    new Trainer(mlp, optimizer, DATA.task(mlp::forward, 8, 7), settings)
        .after(each)
        .run(Progress.silent());
  }

  @Test
  void masksHoldTheCountOfTheScheduleAreNestedAndDroppedWeightsStayZero() {
    CubicSchedule schedule = new CubicSchedule(0, 0.87, 5, 4, 9);
    Mlp mlp = mlp();
    Map<String, boolean[]> before = new LinkedHashMap<>();
    try (PruningOptimizer optimizer = GradualPruning.of(schedule).during(mlp, sgd(mlp))) {
      train(
          mlp,
          optimizer,
          60,
          (step, loss) -> {
            long done = step + 1;
            for (String path : MATRICES) {
              boolean[] mask = mask(optimizer, path);
              float[] w = weights(mlp, path);
              if (schedule.updatesAt(done)) {
                assertThat(count(mask)).isEqualTo(Math.round((1 - schedule.at(done)) * 60));
              }
              boolean[] earlier = before.put(path, mask);
              for (int i = 0; i < mask.length; i++) {
                assertThat(mask[i] && earlier != null && !earlier[i]).isFalse();
                assertThat(w[i] == 0).isEqualTo(!mask[i]);
              }
            }
          });
      assertThat(optimizer.size().kept()).isEqualTo(2 * Math.round(0.13 * 60));
    }
    assertThat(weights(mlp, "in.bias")).doesNotContain(0f);
  }

  @Test
  void theSmallestWeightsAreDroppedAndEqualOnesFromTheEnd() {
    Mlp mlp = mlp();
    float[] w = new float[60];
    for (int i = 0; i < 60; i++) {
      w[i] = (i % 3 == 0 ? -1 : 1) * (1 + i % 4); // |w| is 1, 2, 3, 4, 1, 2, ...
    }
    mlp.parameterAt("in.weight").set(Tensor.of(w, 10, 6));
    // 23 of 60 stay: all 15 of 4 and the first 8 of 3.
    try (PruningOptimizer optimizer =
        GradualPruning.of(new CubicSchedule(1 - 23 / 60.0, 0.9, 100, 1, 1)).during(mlp, sgd(mlp))) {
      boolean[] mask = mask(optimizer, "in.weight");
      for (int i = 0; i < 60; i++) {
        assertThat(mask[i]).isEqualTo(i % 4 == 3 || i % 4 == 2 && i < 32);
      }
    }
  }

  @Test
  void aRunResumedFromACheckpointEndsWithTheSameBits(@TempDir Path folder) {
    for (boolean returning : new boolean[] {false, true}) {
      GradualPruning pruning = GradualPruning.of(0.8, 5, 41, 4).withReturning(returning);
      Mlp straight = mlp();
      try (Optimizer optimizer = pruning.during(straight, adam(straight))) {
        train(straight, optimizer, 50, (step, loss) -> {});
      }
      Path file = folder.resolve(returning + ".safetensors");
      for (int steps : new int[] {18, 50}) { // 18 is between two updates
        Mlp resumed = mlp();
        try (Optimizer optimizer = pruning.during(resumed, adam(resumed))) {
          Trainer.Settings settings =
              Trainer.Settings.of(steps, Schedule.constant(0.05), 7).withCheckpoint(file, 0);
          new Trainer(resumed, optimizer, DATA.task(resumed::forward, 8, 7), settings)
              .run(Progress.silent());
        }
        if (steps == 50) {
          straight
              .parameters()
              .keySet()
              .forEach(
                  path -> assertThat(weights(resumed, path)).isEqualTo(weights(straight, path)));
        }
      }
    }
  }

  private static AdamW adam(Mlp mlp) {
    return new AdamW(Trainer.parameters(mlp), AdamW.Settings.defaults());
  }

  @Test
  void weightsMayReturnFromTheDenseCopyAndTheLayerComputesWithTheMaskedOnes() {
    CubicSchedule schedule = new CubicSchedule(0, 0.7, 4, 4, 8);
    Mlp mlp = mlp();
    Map<String, boolean[]> before = new LinkedHashMap<>();
    boolean[] returned = {false};
    try (PruningOptimizer optimizer =
        GradualPruning.of(schedule).withReturning(true).during(mlp, sgd(mlp))) {
      train(
          mlp,
          optimizer,
          40,
          (step, loss) -> {
            for (String path : MATRICES) {
              boolean[] mask = mask(optimizer, path);
              float[] dense = weights(mlp, path);
              float[] used = mlp.parameterAt(path).value().toFloats();
              boolean[] earlier = before.put(path, mask);
              for (int i = 0; i < mask.length; i++) {
                assertThat(used[i]).isCloseTo(mask[i] ? dense[i] : 0, within(1e-6f));
                returned[0] |= mask[i] && earlier != null && !earlier[i];
              }
              if (schedule.updatesAt(step + 1)) {
                assertThat(count(mask)).isEqualTo(Math.round((1 - schedule.at(step + 1)) * 60));
              }
            }
          });
    }
    assertThat(returned[0]).isTrue();
    assertThat(mlp.parameterAt("in.weight").viewed()).isFalse();
    assertThat(zeros(weights(mlp, "in.weight"))).isEqualTo(42);
  }

  private static int zeros(float[] values) {
    return (int) IntStream.range(0, values.length).filter(i -> values[i] == 0).count();
  }

  @Test
  void aGlobalThresholdSeparatesAllParametersTogether() {
    Mlp mlp = mlp();
    float[] all = new float[120];
    System.arraycopy(weights(mlp, "in.weight"), 0, all, 0, 60);
    System.arraycopy(weights(mlp, "out.weight"), 0, all, 60, 60);
    double[] sorted = IntStream.range(0, 120).mapToDouble(i -> Math.abs(all[i])).sorted().toArray();
    try (PruningOptimizer optimizer =
        GradualPruning.of(new CubicSchedule(0.75, 0.75, 0, 1, 0))
            .withGlobal(true)
            .during(mlp, sgd(mlp))) {
      boolean[] first = mask(optimizer, "in.weight");
      boolean[] second = mask(optimizer, "out.weight");
      for (int i = 0; i < 120; i++) {
        assertThat(i < 60 ? first[i] : second[i - 60])
            .isEqualTo(Math.abs(all[i]) >= (float) sorted[90]);
      }
      assertThat(count(first) + count(second)).isEqualTo(30);
      assertThat(count(first)).isNotEqualTo(count(second));
    }
  }

  @Test
  void blocksFallTogetherByTheSumOfTheirMagnitudes() {
    Mlp mlp = mlp();
    float[] w = weights(mlp, "in.weight"); // [10, 6]: 5 x 6 blocks of two outputs
    double[] sums = new double[30];
    for (int b = 0; b < 30; b++) {
      int at = b / 6 * 12 + b % 6;
      sums[b] = Math.abs(w[at]) + (double) Math.abs(w[at + 6]);
    }
    double[] sorted = sums.clone();
    Arrays.sort(sorted);
    try (PruningOptimizer optimizer =
        GradualPruning.of(new CubicSchedule(0.6, 0.6, 0, 1, 0))
            .withUnits(new Units.Blocks(2))
            .during(mlp, sgd(mlp))) {
      boolean[] mask = mask(optimizer, "in.weight");
      for (int b = 0; b < 30; b++) {
        int at = b / 6 * 12 + b % 6;
        assertThat(mask[at]).isEqualTo(mask[at + 6]).isEqualTo(sums[b] >= sorted[18]);
      }
    }
    GradualPruning tooLarge = GradualPruning.defaults(100).withUnits(new Units.Blocks(4));
    try (PruningOptimizer optimizer =
        tooLarge.withExclude("in.*", "out.*x").during(mlp, sgd(mlp))) {
      assertThatThrownBy(() -> train(mlp, optimizer, 20, (step, loss) -> {}))
          .hasMessageContaining("blocks of 4 outputs do not fit");
    }
  }

  @Test
  void groupsKeepTheSameNumberEachOnTheWayToTwoOfThree() {
    CubicSchedule schedule = new CubicSchedule(0, 1 / 3.0, 3, 3, 4);
    Mlp mlp = mlp();
    try (PruningOptimizer optimizer =
        GradualPruning.of(schedule)
            .withUnits(new Units.Groups(3))
            .withExclude("out.*")
            .during(mlp, sgd(mlp))) {
      train(
          mlp,
          optimizer,
          30,
          (step, loss) -> {
            boolean[] mask = mask(optimizer, "in.weight");
            for (int g = 0; g < 20 && schedule.updatesAt(step + 1); g++) {
              assertThat(count(Arrays.copyOfRange(mask, 3 * g, 3 * g + 3)))
                  .isEqualTo((int) Math.round((1 - schedule.at(step + 1)) * 3));
            }
          });
      assertThat(optimizer.size().kept()).isEqualTo(40);
    }
  }

  @Test
  void excludedParametersStayDense() {
    Mlp mlp = mlp();
    try (PruningOptimizer optimizer =
        GradualPruning.of(CubicSchedule.jump(0.9, 2)).withExclude("in.*").during(mlp, sgd(mlp))) {
      train(mlp, optimizer, 10, (step, loss) -> {});
      assertThat(optimizer.masks()).containsOnlyKeys("out.weight");
    }
    assertThat(zeros(weights(mlp, "in.weight"))).isZero();
    assertThat(zeros(weights(mlp, "out.weight"))).isEqualTo(54);
  }

  @Test
  void badSettingsAreRefused() {
    Mlp mlp = mlp();
    GradualPruning pruning = GradualPruning.defaults(100);
    assertThat(pruning.schedule()).isEqualTo(new CubicSchedule(0, 0.9, 10, 3, 20));
    assertThatThrownBy(() -> pruning.withExclude("**").during(mlp, sgd(mlp)))
        .hasMessageContaining("nothing is left to prune");
    assertThatThrownBy(() -> pruning.during(mlp, sgd(mlp())))
        .hasMessageContaining("does not train 'in.weight'");
    assertThatThrownBy(() -> pruning.withUnits(new Units.Groups(4)).withGlobal(true))
        .hasMessageContaining("no global threshold");
  }
}
