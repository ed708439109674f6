package org.lapidary.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.lapidary.tensor.DType;

class TorchCheckpointTest {

  @Test
  void readsAWindowOnAStorageAsItsOwnArray() {
    byte[] storage = RawTensor.of(new float[] {0, 1, 2, 3, 4, 5, 6, 7}, 8).data().toArray(BYTE);
    byte[] pickle =
        new PickleBytes()
            .op('}')
            .text("w")
            // element (i, j) lies at 1 + i + 3 j
            .tensor("FloatStorage", "0", 8, 1, new long[] {2, 2}, new long[] {1, 3})
            .op('s')
            .stop();
    try (var file = parse(TorchBytes.of(pickle).storage("0", storage).stored())) {
      assertThat(file.get("w")).isEqualTo(RawTensor.of(new float[] {1, 4, 2, 5}, 2, 2));
    }
  }

  @Test
  void namesTensorsByTheirPathThroughDictsListsAndTuples() {
    byte[] pickle =
        new PickleBytes()
            .op('}')
            .op('(')
            .text("state")
            .op('}')
            .text("a.b")
            .tensor("BoolStorage", "0", 2, 0, new long[] {2}, new long[] {1})
            .op('s')
            .text("list")
            .op(']')
            .op('(')
            .integer(7)
            .tensor("BoolStorage", "0", 2, 1, new long[0], new long[0])
            .op('e')
            .text("step")
            .integer(1L << 40)
            .text("rate")
            .real(0.5)
            .op('u')
            .stop();
    try (var file = parse(TorchBytes.of(pickle).storage("0", new byte[] {0, 1}).stored())) {
      assertThat(file.names()).containsExactly("state.a.b", "list.1");
      assertThat(file.get("list.1").toLongs()).containsExactly(1);
      PickleValue.Dict root = (PickleValue.Dict) file.root();
      assertThat(root.get("step")).isEqualTo(new PickleValue.Int(1L << 40));
      assertThat(root.get("rate")).isEqualTo(new PickleValue.Real(0.5));
    }
  }

  @Test
  void int8WeightsTimesTheirScaleAreTheFloatWeightsOfTheSameModel() {
    Path folder = TestData.folder("tinystories-gru");
    try (var floats = TorchCheckpoint.open(folder.resolve("tinystoriesgru-0.2M.pt"));
        var ints = TorchCheckpoint.open(folder.resolve("tinystoriesgru-0.2M-int8.pt"))) {
      int compared = 0;
      for (String name : floats.names()) {
        if (ints.get(name + ".0").dtype() != DType.INT8 || !floats.get(name).dtype().isFloat()) {
          continue;
        }
        float scale = ints.get(name + ".1").toFloats()[0];
        float[] quantised = ints.get(name + ".0").toFloats();
        float[] weights = floats.get(name).toFloats();
        assertThat(ints.get(name + ".0").shape()).isEqualTo(floats.get(name).shape());
        for (int i = 0; i < weights.length; i++) {
          // Rounding to the nearest step is off by half a step, and a little for float32.
          assertThat(Math.abs(weights[i] - scale * quantised[i])).isLessThan(0.501f * scale);
        }
        compared++;
      }
      assertThat(compared).isGreaterThan(10);
    }
  }

  @Test
  void burgersSolutionsStartAtTheirInitialCondition() {
    Path folder = TestData.folder("pde-neuralop");
    try (var file = TorchCheckpoint.open(folder.resolve("burgers_test_16.pt"))) {
      RawTensor initial = file.get("x"); // [sample, position]
      RawTensor solution = file.get("y"); // [sample, time, position]
      assertThat(initial.shape()).containsExactly(400, 16);
      assertThat(solution.shape()).containsExactly(400, 17, 16);
      double[] start = initial.toDoubles();
      double[] course = solution.toDoubles();
      for (int sample = 0; sample < 400; sample++) {
        for (int p = 0; p < 16; p++) {
          assertThat(course[sample * 17 * 16 + p]).isEqualTo(start[sample * 16 + p]);
        }
      }
    }
  }

  @Test
  void readsTheFormBeforeZipArchives() {
    Path folder = TestData.folder("verify/abcrown/models");
    try (var file = TorchCheckpoint.open(folder.resolve("oval/cifar_base.pth"))) {
      // Linear layers: out features are the length of the bias.
      long linear = 0;
      for (String name : file.names()) {
        if (name.endsWith("weight")) {
          RawTensor bias = file.get(name.replace("weight", "bias"));
          assertThat(bias.shape()).containsExactly(file.get(name).shape()[0]);
          for (float weight : file.get(name).toFloats()) {
            assertThat(weight).isBetween(-10f, 10f);
          }
          linear++;
        }
      }
      assertThat(linear).isGreaterThan(2);
    }
  }

  @Test
  void readsEveryCheckpointOfTheTestData() throws IOException {
    List<Path> files = new ArrayList<>();
    for (String dataset : List.of("tinystories-gru", "pde-neuralop", "verify/abcrown/models")) {
      try (Stream<Path> paths = Files.walk(TestData.folder(dataset))) {
        paths.filter(p -> p.toString().matches(".*\\.(pt|pth|model)")).forEach(files::add);
      }
    }
    assertThat(files).hasSizeGreaterThan(15);
    for (Path path : files) {
      try (var file = TorchCheckpoint.open(path)) {
        assertThat(file.names()).as(path.toString()).isNotEmpty();
        for (String name : file.names()) {
          RawTensor tensor = file.get(name);
          if (tensor.dtype().isFloat()) {
            for (double value : tensor.toDoubles()) {
              assertThat(value).as("%s in %s", name, path).isFinite();
            }
          }
        }
      }
    }
  }

  private static final java.lang.foreign.ValueLayout.OfByte BYTE =
      java.lang.foreign.ValueLayout.JAVA_BYTE;

  private static TorchCheckpoint parse(byte[] bytes) {
    return TorchCheckpoint.parse("test.pt", MemorySegment.ofArray(bytes));
  }
}
