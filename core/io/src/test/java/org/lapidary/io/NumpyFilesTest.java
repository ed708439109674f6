package org.lapidary.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.lapidary.io.Refusals.assertRefused;
import static org.lapidary.io.Refusals.assertRefusedWhenCutAnywhere;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lapidary.tensor.DType;

class NumpyFilesTest {

  @ParameterizedTest
  @EnumSource(value = DType.class, mode = EnumSource.Mode.EXCLUDE, names = "BFLOAT16")
  void whatIsWrittenIsReadAgain(DType dtype, @TempDir Path folder) {
    for (long[] shape : new long[][] {{}, {0}, {5}, {2, 3}, {1, 0, 4}}) {
      RawTensor tensor = SafetensorsTest.random(dtype, 1, shape);
      Path path = folder.resolve("a.npy");
      Npy.write(path, tensor);
      assertThat(Npy.read(path)).isEqualTo(tensor);
    }
  }

  @Test
  void theHeaderIsTheOneNumPyWrites() {
    byte[] header = Npy.header(RawTensor.of(new float[6], 2, 3)).array();
    assertThat(header).hasSize(128);
    assertThat(new String(header, 10, 118, StandardCharsets.US_ASCII))
        .isEqualTo(
            "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }" + " ".repeat(58) + "\n");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void allVersionsAndBothOrdersAreRead(int version) {
    ByteBuffer data = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
    for (int value : new int[] {1, 2, 3, 4, 5, 6}) {
      data.putInt(value);
    }
    String c = "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), }";
    String fortran = "{\"shape\":(2,3),'fortran_order':True,'descr':'<i4'}";
    assertThat(parse(npy(version, c, data.array())))
        .isEqualTo(RawTensor.of(new int[] {1, 2, 3, 4, 5, 6}, 2, 3));
    assertThat(parse(npy(version, fortran, data.array())))
        .isEqualTo(RawTensor.of(new int[] {1, 3, 5, 2, 4, 6}, 2, 3));
  }

  @Test
  void unsignedIntegersAreWidened() {
    byte[] data = {-1, -1, 1, 0};
    assertThat(parse(npy(1, "{'descr': '<u2', 'fortran_order': False, 'shape': (2,)}", data)))
        .isEqualTo(RawTensor.of(new int[] {65535, 1}, 2));
    assertThat(parse(npy(1, "{'descr': '<u4', 'fortran_order': False, 'shape': (1,)}", data)))
        .isEqualTo(RawTensor.of(new long[] {0x1ffffL}, 1));
  }

  @Test
  void bfloat16IsRefusedBeforeWriting(@TempDir Path folder) throws IOException {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> Npy.write(folder.resolve("a"), SafetensorsTest.random(DType.BFLOAT16, 1, 2)));
    assertThat(Files.list(folder)).isEmpty();
  }

  @Test
  void aFileCutAnywhereIsRefused() {
    byte[] sound = npy(1, "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 1)}", new byte[8]);
    assertRefusedWhenCutAnywhere(NumpyFilesTest::read, sound);
  }

  @Test
  void headersThatDoNotHoldAreRefused() {
    refused("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", "the element type '|O'");
    refused("{'descr': '>f4', 'fortran_order': False, 'shape': (2,)}", "the element type '>f4'");
    refused("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}", "with fields");
    refused("{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", "8 bytes of data", "12");
    refused("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "8 bytes of data", "4");
    refused("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}", "no whole number");
    refused("{'descr': '<f4', 'fortran_order': False, 'shape': (2.0,)}", "another character");
    refused(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (999999999999999999, 999999999999)}",
        "a possible number");
    refused(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999999999999,)}",
        "at most 18 digits");
    refused(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (" + "1,".repeat(65) + ")}",
        "more than 64 dimensions");
    refused("{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}", "True or False");
    refused("{'descr': '<f4', 'fortran_order': False}", "an incomplete header");
    refused("{'descr': '<f4', 'descr': '<f4', 'shape': (2,)}", "the key 'descr'");
    refused("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 1}", "the key 'x'");
    refused("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x", "more text");
    refused("__import__('os').system('ls')", "another character");
    refused("{'descr", "no quoted text");
    refused("", "another character");
    byte[] other = npy(1, "{}", new byte[0]);
    other[6] = 9;
    assertRefused(NumpyFilesTest::read, other, "version 9");
    other[0] = 0;
    assertRefused(NumpyFilesTest::read, other, "another mark");
    byte[] wide = npy(2, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", new byte[8]);
    wide[11] = 0x7f;
    assertRefused(NumpyFilesTest::read, wide, "the header of");
  }

  @Test
  void archivesAreReadStoredAndDeflated(@TempDir Path folder) throws IOException {
    Map<String, RawTensor> arrays = new LinkedHashMap<>();
    arrays.put("x", SafetensorsTest.random(DType.FLOAT64, 1, 40, 40));
    arrays.put("mask", SafetensorsTest.random(DType.BOOL, 2, 7));
    Path path = folder.resolve("a.npz");
    Npz.write(path, arrays);
    assertThat(Npz.read(path)).isEqualTo(arrays);
    byte[] deflated =
        new TorchBytes().with("zeros.npy", npy(1, HEADER_OF_TEN, new byte[40])).deflated();
    assertThat(Npz.parse("b.npz", MemorySegment.ofArray(deflated)).get("zeros").toFloats())
        .containsExactly(new float[10]);
    byte[] stranger = new TorchBytes().with("readme.txt", new byte[0]).stored();
    assertRefused(NumpyFilesTest::readArchive, stranger, "the member 'readme.txt'");
    Path again = folder.resolve("b.npz");
    Npz.write(again, arrays);
    assertThat(Files.mismatch(path, again)).isEqualTo(-1);
    assertRefusedWhenCutAnywhere(NumpyFilesTest::readArchive, deflated);
  }

  @Test
  void splitsOfWebKbCoverEveryNodeOnce() {
    Path folder = TestData.folder("webkb");
    SequencedMap<String, RawTensor> split =
        Npz.read(folder.resolve("cornell/cornell_split_0.6_0.2_0.npz"));
    assertThat(split.keySet()).containsExactly("train_mask", "val_mask", "test_mask");
    long[] sum = new long[183];
    split.values().forEach(mask -> Arrays.setAll(sum, i -> sum[i] + mask.toLongs()[i]));
    assertThat(sum).containsOnly(1);
  }

  @Test
  void realArraysHaveTheShapesTheirAuthorsSay() {
    Path folder = TestData.folder("sentinel2-eolearn");
    assertThat(Npy.read(folder.resolve("REFERENCE_SCENES.npy")).shape())
        .containsExactly(5, 101, 100, 13);
    RawTensor ndvi = Npy.read(folder.resolve("NDVI.npy"));
    assertThat(ndvi.shape()).containsExactly(68, 101, 100, 1);
    for (float value : ndvi.toFloats()) {
      assertThat(Float.isNaN(value) || Math.abs(value) <= 1).isTrue();
    }
    RawTensor cover = Npy.read(folder.resolve("LULC.npy")); // uint16 classes
    assertThat(cover.dtype()).isEqualTo(DType.INT32);
    for (int value : cover.toInts()) {
      assertThat(value).isBetween(0, 20);
    }
  }

  static final String HEADER_OF_TEN = "{'descr': '<f4', 'fortran_order': False, 'shape': (10,)}";

  static byte[] npy(int version, String header, byte[] data) {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    ByteBuffer out =
        ByteBuffer.allocate(8 + (version == 1 ? 2 : 4) + text.length + data.length)
            .order(ByteOrder.LITTLE_ENDIAN);
    out.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', (byte) version, 0});
    if (version == 1) {
      out.putShort((short) text.length);
    } else {
      out.putInt(text.length);
    }
    return out.put(text).put(data).array();
  }

  static void read(MemorySegment bytes) {
    Npy.parse("hostile.npy", bytes).toString();
  }

  static void readArchive(MemorySegment bytes) {
    Npz.parse("hostile.npz", bytes);
  }

  private static RawTensor parse(byte[] bytes) {
    return Npy.parse("test.npy", MemorySegment.ofArray(bytes));
  }

  private static void refused(String header, String... fragments) {
    assertRefused(NumpyFilesTest::read, npy(1, header, new byte[8]), fragments);
  }
}
