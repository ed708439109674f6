package org.lapidary.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lapidary.tensor.DType;

class SafetensorsTest {

  @Test
  void readsBytesWrittenAsTheFormatSays() {
    String json =
        "{\"__metadata__\":{\"format\":\"pt\"},"
            + "\"b\":{\"dtype\":\"I16\",\"shape\":[2],\"data_offsets\":[8,12]},"
            + "\"a\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]}}  ";
    byte[] header = json.getBytes(StandardCharsets.UTF_8);
    ByteBuffer file = ByteBuffer.allocate(8 + header.length + 12).order(ByteOrder.LITTLE_ENDIAN);
    file.putLong(header.length).put(header).putFloat(1.5f).putFloat(-2f);
    file.putShort((short) -3).putShort((short) 4);
    try (TensorSource tensors = parse(file.array())) {
      assertThat(tensors.names()).containsExactly("a", "b");
      assertThat(tensors.metadata()).containsExactly(Map.entry("format", "pt"));
      assertThat(tensors.get("a")).isEqualTo(RawTensor.of(new float[] {1.5f, -2f}, 1, 2));
      assertThat(tensors.get("b").toInts()).containsExactly(-3, 4);
      assertThatIllegalArgumentException().isThrownBy(() -> tensors.get("c"));
    }
  }

  @Property(tries = 50)
  void whatIsWrittenIsReadAgain(
      @ForAll @Size(max = 6) List<@IntRange(max = 10) Integer> types,
      @ForAll @IntRange(max = 5) int size,
      @ForAll long seed)
      throws IOException {
    Map<String, RawTensor> tensors = new LinkedHashMap<>();
    for (int i = 0; i < types.size(); i++) {
      tensors.put("layer." + i + ".wéight", random(DType.values()[types.get(i)], seed, size, 3));
    }
    tensors.put("scalar", random(DType.FLOAT32, seed));
    Path folder = Files.createTempDirectory("lapidary");
    Path path = folder.resolve("m.safetensors");
    try {
      Safetensors.write(path, tensors, Map.of("k", "v\"\\\n"));
      try (TensorSource read = Safetensors.open(path)) {
        assertThat(read.names()).containsExactlyInAnyOrderElementsOf(tensors.keySet());
        tensors.forEach((name, tensor) -> assertThat(read.get(name)).isEqualTo(tensor));
        assertThat(read.metadata()).isEqualTo(Map.of("k", "v\"\\\n"));
      }
    } finally {
      Files.delete(path);
      Files.delete(folder);
    }
  }

  @Test
  void everyArrayIsAlignedToItsElements(@TempDir Path folder) {
    Map<String, RawTensor> tensors = new LinkedHashMap<>();
    for (DType dtype : DType.values()) {
      if (dtype != DType.COMPLEX128) {
        tensors.put(dtype.name(), random(dtype, 1, 3, 1));
      }
    }
    Path path = folder.resolve("m.safetensors");
    Safetensors.write(path, tensors, Map.of());
    try (TensorSource read = Safetensors.open(path)) {
      for (String name : read.names()) {
        RawTensor tensor = read.get(name);
        assertThat(tensor.data().address() % tensor.dtype().bytes()).as(name).isZero();
      }
    }
  }

  @Test
  void equalContentGivesEqualBytesWhateverTheOrder(@TempDir Path folder) throws IOException {
    RawTensor a = random(DType.FLOAT32, 1, 4);
    RawTensor b = random(DType.INT8, 2, 4);
    Map<String, RawTensor> one = new LinkedHashMap<>(Map.of("a", a));
    one.put("b", b);
    Map<String, RawTensor> other = new LinkedHashMap<>(Map.of("b", b));
    other.put("a", a);
    Safetensors.write(folder.resolve("1.safetensors"), one, Map.of());
    Safetensors.write(folder.resolve("2.safetensors"), other, Map.of());
    assertThat(Files.mismatch(folder.resolve("1.safetensors"), folder.resolve("2.safetensors")))
        .isEqualTo(-1);
  }

  @Test
  void aModelIsCutIntoShardsThatAreReadAsOne(@TempDir Path folder) {
    Map<String, RawTensor> tensors = new LinkedHashMap<>();
    for (int i = 0; i < 7; i++) {
      tensors.put("w" + i, random(DType.FLOAT32, i, 10)); // 40 bytes each
    }
    List<Path> written = Safetensors.writeFolder(folder, tensors, Map.of("format", "pt"), 100);
    assertThat(written)
        .extracting(path -> path.getFileName().toString())
        .containsExactly(
            "model-00001-of-00004.safetensors",
            "model-00002-of-00004.safetensors",
            "model-00003-of-00004.safetensors",
            "model-00004-of-00004.safetensors",
            "model.safetensors.index.json");
    assertThat(Json.read(folder.resolve(Safetensors.INDEX)).at("/metadata/total_size").asLong())
        .isEqualTo(7 * 40);
    try (TensorSource read = Safetensors.open(folder)) {
      assertThat(read.names()).containsExactlyElementsOf(tensors.keySet());
      tensors.forEach((name, tensor) -> assertThat(read.get(name)).isEqualTo(tensor));
      assertThat(read.metadata()).containsEntry("format", "pt");
    }
  }

  @Test
  void aSmallModelIsOneFileWithoutIndex(@TempDir Path folder) {
    Map<String, RawTensor> tensors = Map.of("w", random(DType.BFLOAT16, 3, 10));
    assertThat(Safetensors.writeFolder(folder, tensors, Map.of(), 1000))
        .containsExactly(folder.resolve("model.safetensors"));
    try (TensorSource read = Safetensors.open(folder)) {
      assertThat(read.get("w")).isEqualTo(tensors.get("w"));
    }
  }

  @Test
  void aTypeWithoutANameInTheFormatIsRefusedBeforeWriting(@TempDir Path folder) throws IOException {
    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            Safetensors.write(
                folder.resolve("m.safetensors"),
                Map.of("z", random(DType.COMPLEX128, 1, 2)),
                Map.of()))
        .withMessageContaining("COMPLEX128");
    assertThat(Files.list(folder)).isEmpty();
  }

  static RawTensor random(DType dtype, long seed, long... shape) {
    byte[] bytes = new byte[(int) RawTensor.byteSize(dtype, shape).orElseThrow()];
    new SplittableRandom(seed).nextBytes(bytes);
    if (dtype == DType.BOOL) {
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] &= 1;
      }
    }
    return new RawTensor(dtype, shape, MemorySegment.ofArray(bytes));
  }

  /** The bytes of a written file. */
  static byte[] bytes(Map<String, RawTensor> tensors, Map<String, String> metadata) {
    try {
      Path path = Files.createTempFile("lapidary", ".safetensors");
      Safetensors.write(path, tensors, metadata);
      byte[] bytes = Files.readAllBytes(path);
      Files.delete(path);
      return bytes;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static TensorSource parse(byte[] bytes) {
    return Safetensors.parse("test.safetensors", MemorySegment.ofArray(bytes));
  }
}
