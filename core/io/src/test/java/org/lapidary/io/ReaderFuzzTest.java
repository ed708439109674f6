package org.lapidary.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Damaged files: every reader answers with its result or a FormatException, in bounded memory. */
class ReaderFuzzTest {
  /** Heap that reading may take: a fixed part for parsers and errors, and a part by length. */
  private static final long BASE_BYTES = 1 << 18;

  private static final long BYTES_PER_BYTE = 4096;

  enum Format {
    SAFETENSORS(HostileSafetensorsTest::read, safetensors()),
    INDEX(
        bytes -> ShardedSafetensors.weightMap(new FileBytes("index.json", bytes)),
        List.of(
            utf8("{\"metadata\":{\"total_size\":8},\"weight_map\":{\"a\":\"b.safetensors\"}}"))),
    JSON(
        bytes -> Json.parse(new FileBytes("config.json", bytes)),
        List.of(utf8("{\"a\":[1,2.5e3,null,true,\"\\u00e9\\n\"],\"b\":{\"c\":-0.1,\"d\":NaN}}"))),
    TORCH(HostileCheckpointTest::read, List.of(HostileCheckpointTest.sound())),
    TORCH_LEGACY(HostileCheckpointTest::read, List.of(HostileCheckpointTest.legacy())),
    TORCH_PICKLE(
        bytes ->
            Unpickler.read(
                new FileBytes("data.pkl", bytes).cursor(),
                new TorchNames(new FileBytes("data.pkl", bytes), (k, d, n) -> MemorySegment.NULL)),
        pickles()),
    PICKLE(
        SafePickleTest::read,
        List.of(
            SafePickleTest.array("<", "i4", false, new byte[8], 2),
            SafePickleTest.array("<", "f8", true, new byte[32], 2, 2))),
    ZIP(
        ZipArchiveTest::readAll,
        List.of(
            new TorchBytes().with("a", new byte[9]).with("b", new byte[3]).stored(),
            new TorchBytes().with("a", new byte[90]).with("b", utf8("mary")).deflated())),
    NPY(
        NumpyFilesTest::read,
        List.of(
            NumpyFilesTest.npy(1, NumpyFilesTest.HEADER_OF_TEN, new byte[40]),
            NumpyFilesTest.npy(
                2, "{'descr': '<u2', 'fortran_order': True, 'shape': (2, 3), }", new byte[12]))),
    NPZ(
        NumpyFilesTest::readArchive,
        List.of(
            new TorchBytes()
                .with("x.npy", NumpyFilesTest.npy(1, NumpyFilesTest.HEADER_OF_TEN, new byte[40]))
                .deflated())),
    LLAMA2C(
        Llama2cTest::read,
        List.of(
            Llama2cTest.model(new int[] {2, 1, 1, 1, 1, -3, 2}),
            Llama2cTest.model(new int[] {4, 3, 2, 2, 1, 5, 6}))),
    LLAMA2C_TOKENS(
        bytes -> Llama2cTokens.parse("tok.bin", bytes, 2), List.of(Llama2cTest.vocabulary()));

    private final Refusals.Reader reader;
    private final List<byte[]> seeds;

    Format(Refusals.Reader reader, List<byte[]> seeds) {
      this.reader = reader;
      this.seeds = seeds;
    }
  }

  @ParameterizedTest
  @EnumSource
  @Timeout(value = 1, unit = TimeUnit.MINUTES)
  void twoThousandDamagedFilesAreReadOrRefused(Format format) {
    fuzz(format, 2_000, 1);
  }

  @Tag("fuzz")
  @ParameterizedTest
  @EnumSource
  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  void manyDamagedFilesAreReadOrRefused(Format format) {
    fuzz(format, 200_000, 2);
  }

  private static void fuzz(Format format, int inputs, long seed) {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    format.seeds.forEach(sound -> format.reader.read(MemorySegment.ofArray(sound)));
    int refused = 0;
    for (int i = 0; i < inputs; i++) {
      byte[] input = Mutations.mutate(format.seeds, random);
      long bound = BASE_BYTES + BYTES_PER_BYTE * input.length;
      Outcome outcome = read(format, input);
      if (outcome.heap > bound) {
        outcome = read(format, input); // the first time may have loaded classes
      }
      assertThat(outcome.heap)
          .as("heap for input %d: %s", i, HexFormat.of().formatHex(input))
          .isLessThanOrEqualTo(bound);
      refused += outcome.refused ? 1 : 0;
    }
    assertThat(refused).as("refused of %d", inputs).isGreaterThan(inputs / 10);
  }

  private record Outcome(boolean refused, long heap) {}

  private static Outcome read(Format format, byte[] input) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    boolean refused = false;
    try {
      format.reader.read(MemorySegment.ofArray(input));
    } catch (FormatException e) {
      refused = true;
    } catch (Throwable e) {
      fail("input " + HexFormat.of().formatHex(input), e);
    }
    return new Outcome(refused, threads.getCurrentThreadAllocatedBytes() - before);
  }

  private static List<byte[]> safetensors() {
    return List.of(
        SafetensorsTest.bytes(
            Map.of("a", RawTensor.of(new float[] {1, 2}, 2), "b", RawTensor.of(new int[] {3}, 1)),
            Map.of("format", "pt")),
        SafetensorsTest.bytes(Map.of("w", RawTensor.of(new double[6], 2, 3)), Map.of()));
  }

  private static List<byte[]> pickles() {
    return List.of(
        new PickleBytes()
            .op(']')
            .op('q')
            .raw(1)
            .op(']')
            .op('(')
            .integer(1)
            .op('h')
            .raw(1)
            .op('e')
            .raw(0x86)
            .stop(),
        new PickleBytes().op('}').op('(').text("a").real(1).integer(3).op('N').op('u').stop(),
        new PickleBytes().tensor("FloatStorage", "0", 0, 0, new long[] {0}, new long[] {1}).stop(),
        new PickleBytes()
            .global("collections", "OrderedDict")
            .op(')')
            .op('R')
            .op('}')
            .op('b')
            .stop());
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
