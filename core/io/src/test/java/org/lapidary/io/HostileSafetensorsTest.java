package org.lapidary.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lapidary.io.Refusals.assertRefused;
import static org.lapidary.io.Refusals.assertRefusedWhenCutAnywhere;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostileSafetensorsTest {
  private static final String A = "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";

  @Test
  void aFileCutAnywhereIsRefused() {
    byte[] sound =
        SafetensorsTest.bytes(
            Map.of("a", RawTensor.of(new float[] {1, 2}, 2), "b", RawTensor.of(new int[] {3}, 1)),
            Map.of("k", "v"));
    assertRefusedWhenCutAnywhere(HostileSafetensorsTest::read, sound);
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, 0, 1, 100_000_001, Long.MAX_VALUE, Long.MIN_VALUE})
  void aHeaderLengthOutOfRangeIsRefused(long length) {
    ByteBuffer file = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN).putLong(length);
    assertRefused(HostileSafetensorsTest::read, file.array(), "a header of", "2 to 100000000");
  }

  @Test
  void aHeaderLongerThanTheFileIsRefused() {
    ByteBuffer file = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN).putLong(57);
    assertRefused(HostileSafetensorsTest::read, file.array(), "a header of 57 bytes", "64 bytes");
  }

  @Test
  void aHeaderThatIsNoObjectIsRefused() {
    refused("[]", 0, "does not start with '{'");
    refused(" {}", 0, "does not start with '{'");
    refused("{} {}", 0, "more text");
    refused("{\0\"\0a\0", 0, "a zero byte");
    refused("{\"a\":1}", 0, "an object for 'a'");
    refused("{\"a\":{}", 0, "an incomplete entry for 'a'");
    refused("{\"__metadata__\":{}", 0, "JSON that cannot be read");
    refused("{\"__metadata__\":{\"k\":1}}", 0, "a text in __metadata__");
    refused("{\"__metadata__\":\"v\"}", 0, "an object of texts");
    refused("{\"a\":" + "[".repeat(100_000), 0, "an object for 'a'");
    refused("{\"a\":{\"dtype\":\"F32\",\"x\":" + "[".repeat(100_000), 0, "the key 'x'");
  }

  @Test
  void bytesThatAreNotUtf8AreRefused() {
    byte[] file = file("{\"?\":{}}", 0);
    file[10] = (byte) 0xff;
    assertRefused(HostileSafetensorsTest::read, file, "JSON that cannot be read");
  }

  @Test
  void duplicateKeysAreRefused() {
    refused("{" + A + "," + A + "}", 8, "Duplicate field 'a'");
    refused("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", 8, "Duplicate field 'dtype'");
    refused("{\"__metadata__\":{\"k\":\"\",\"k\":\"\"}}", 0, "Duplicate field 'k'");
  }

  @Test
  void overlapsHolesAndLeftoversAreRefused() {
    String overlap = "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}";
    String hole = "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[12,16]}";
    String late = "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}";
    refused("{" + A + "," + overlap + "}", 12, "'b' at data offset 4", "no overlap");
    refused("{" + A + "," + hole + "}", 16, "'b' at data offset 12", "no hole");
    refused("{" + late + "}", 8, "'b' at data offset 4", "no hole");
    refused("{" + A + "}", 9, "1 bytes that belong to no tensor");
    refused("{" + A + "}", 7, "the end of the file after 7 bytes", "'a' to end at 8");
  }

  @Test
  void shapesThatDoNotFitTheirBytesAreRefused() {
    String[] shapes = {
      "[3]",
      "[2,9223372036854775807]",
      "[4294967296,4294967296]",
      "[9223372036854775807,9223372036854775807,2]",
      "[4611686018427387906]" // times 4 is 8 again, modulo 2^64
    };
    for (String shape : shapes) {
      refused(
          "{\"a\":{\"dtype\":\"F32\",\"shape\":" + shape + ",\"data_offsets\":[0,8]}}",
          8,
          "'a' of 8 bytes");
    }
  }

  @Test
  void numbersThatAreNoSizesAreRefused() {
    String entry = "{\"a\":{\"dtype\":\"F32\",\"shape\":%s,\"data_offsets\":%s}}";
    refused(entry.formatted("[-2]", "[0,8]"), 8, "a negative number");
    refused(entry.formatted("[2.0]", "[0,8]"), 8, "in whole numbers");
    refused(entry.formatted("[\"2\"]", "[0,8]"), 8, "in whole numbers");
    refused(entry.formatted("[99999999999999999999]", "[0,8]"), 8, "JSON that cannot be read");
    refused(entry.formatted("2", "[0,8]"), 8, "as an array");
    refused(entry.formatted("[2]", "[8,0]"), 8, "data offset 8");
    refused(entry.formatted("[2]", "[0]"), 8, "an incomplete entry");
    refused(entry.formatted("[2]", "[0,8,9]"), 8, "more than 2 numbers");
    refused(entry.formatted("[" + "1,".repeat(64) + "2]", "[0,8]"), 8, "more than 64");
    refused("{\"a\":{\"dtype\":\"F31\"}}", 8, "the dtype 'F31'", "BF16");
    refused("{\"a\":{\"dtype\":\"F32\"}}", 8, "an incomplete entry for 'a'");
  }

  @Test
  void anIndexThatLeavesItsFolderIsRefused(@TempDir Path folder) throws IOException {
    Path outside = Files.createDirectory(folder.resolve("outside"));
    Path model = Files.createDirectory(folder.resolve("model"));
    Path secret = outside.resolve("secret.safetensors");
    Safetensors.write(secret, Map.of("w", RawTensor.of(new int[] {1}, 1)), Map.of());
    String[] names = {
      "../outside/secret.safetensors",
      secret.toString(),
      "..\\\\outside\\\\secret.safetensors",
      "C:secret.safetensors",
      "sub/secret.safetensors",
      ".hidden.safetensors",
      "secret.bin",
      ""
    };
    for (String name : names) {
      index(model, "{\"weight_map\":{\"w\":\"" + name + "\"}}");
      assertRefused(() -> Safetensors.open(model), "index.json", "a plain file name");
    }
    index(model, "{\"weight_map\":{\"w\":7}}");
    assertRefused(() -> Safetensors.open(model), "a plain file name");

    Files.createSymbolicLink(model.resolve("link.safetensors"), secret);
    index(model, "{\"weight_map\":{\"w\":\"link.safetensors\"}}");
    assertRefused(() -> Safetensors.open(model), "a link to", "secret");
  }

  @Test
  void aDownloadCacheMayLinkToItsOwnBlobs(@TempDir Path folder) throws IOException {
    Path blobs = Files.createDirectories(folder.resolve("models--x--y/blobs"));
    Path snapshot = Files.createDirectories(folder.resolve("models--x--y/snapshots/0123abcd"));
    RawTensor tensor = RawTensor.of(new int[] {1}, 1);
    Safetensors.write(blobs.resolve("77aa"), Map.of("w", tensor), Map.of());
    Files.createSymbolicLink(
        snapshot.resolve("model-00001-of-00001.safetensors"), Path.of("../../blobs/77aa"));
    index(snapshot, "{\"weight_map\":{\"w\":\"model-00001-of-00001.safetensors\"}}");
    try (TensorSource read = Safetensors.open(snapshot)) {
      assertThat(read.get("w")).isEqualTo(tensor);
    }
  }

  @Test
  void anIndexThatDoesNotFitItsShardsIsRefused(@TempDir Path folder) throws IOException {
    Safetensors.write(
        folder.resolve("one.safetensors"), Map.of("v", RawTensor.of(new int[] {1}, 1)), Map.of());
    index(folder, "{\"weight_map\":{\"w\":\"one.safetensors\"}}");
    assertRefused(() -> Safetensors.open(folder), "'w' placed in one.safetensors");
    index(folder, "{\"weight_map\":{\"w\":\"two.safetensors\"}}");
    assertRefused(() -> Safetensors.open(folder), "'two.safetensors', which is not in the folder");
    index(folder, "{\"weight_map\":[]}");
    assertRefused(() -> Safetensors.open(folder), "weight_map");
    index(folder, "{\"weight_map\":{\"v\":\"one.safetensors\",\"v\":\"one.safetensors\"}}");
    assertRefused(() -> Safetensors.open(folder), "Duplicate field 'v'");
    index(folder, "{\"weight_map\":{}} x");
    assertRefused(() -> Safetensors.open(folder), "JSON that cannot be read");
    index(folder, "");
    assertRefused(() -> Safetensors.open(folder), "no content");
    index(folder, "[" + "0,".repeat(11_000_000) + "0]");
    assertRefused(() -> Safetensors.open(folder), "JSON that cannot be read", "10000000");
    index(folder, "[".repeat(1_000_000));
    assertRefused(() -> Safetensors.open(folder), "JSON that cannot be read");
  }

  static void read(MemorySegment bytes) {
    try (TensorSource tensors = Safetensors.parse("hostile.safetensors", bytes)) {
      tensors.names().forEach(name -> tensors.get(name).data().toArray(ValueLayout.JAVA_BYTE));
    }
  }

  private static void refused(String header, int dataBytes, String... fragments) {
    assertRefused(HostileSafetensorsTest::read, file(header, dataBytes), fragments);
  }

  private static byte[] file(String header, int dataBytes) {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + text.length + dataBytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(text.length)
        .put(text)
        .array();
  }

  private static void index(Path folder, String json) throws IOException {
    Files.writeString(folder.resolve(Safetensors.INDEX), json);
  }
}
