package org.lapidary.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Linear;
import org.lapidary.tensor.Rng;

class FixturesTest {
  @TempDir Path folder;
  private final AtomicInteger trainings = new AtomicInteger();

  private static Linear linear(double deviation) {
    Linear linear = new Linear(3, 2, true);
    Rng rng = new Rng(1);
    linear
        .parameters()
        .values()
        .forEach(p -> p.set(rng.normal(deviation, p.tensor().shape().toArray())));
    return linear;
  }

  /** Takes 1 from every parameter. */
  private Linear trained(Linear layer, String key) {
    Fixtures.train(folder, layer, key, this::train);
    return layer;
  }

  private void train(Layer layer) {
    trainings.incrementAndGet();
    layer.parameters().values().forEach(p -> p.set(p.tensor().sub(1)));
  }

  @Test
  void theSecondTrainingIsReadFromDisk() {
    float[] before = linear(1).weight().tensor().toFloats();
    float[] first = trained(linear(1), "a").weight().tensor().toFloats();
    float[] second = trained(linear(1), "a").weight().tensor().toFloats();
    assertThat(first[0]).isEqualTo(before[0] - 1);
    assertThat(second).isEqualTo(first);
    assertThat(trainings).hasValue(1);
  }

  @Test
  void otherWordsAreAnotherTraining() {
    trained(linear(1), "a");
    trained(linear(1), "b");
    assertThat(trainings).hasValue(2);
  }

  @Test
  void otherWeightsAtTheStartAreAnotherTrainingUnderTheSameWords() {
    float[] narrow = trained(linear(1), "a").weight().tensor().toFloats();
    float[] wide = trained(linear(2), "a").weight().tensor().toFloats();
    assertThat(trainings).hasValue(2);
    assertThat(wide[0]).isNotEqualTo(narrow[0]);
    assertThat(trained(linear(1), "a").weight().tensor().toFloats()).isEqualTo(narrow);
    assertThat(trained(linear(2), "a").weight().tensor().toFloats()).isEqualTo(wide);
    assertThat(trainings).hasValue(2);
  }

  @Test
  void everyTrainingIsOneFile() throws java.io.IOException {
    trained(linear(1), "a");
    trained(linear(2), "a");
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).hasSize(2).allMatch(f -> f.toString().endsWith(".safetensors"));
    }
  }
}
