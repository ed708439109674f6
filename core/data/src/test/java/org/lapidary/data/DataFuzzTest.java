package org.lapidary.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lapidary.io.FormatException;

/** Damaged data files: every reader answers with its result or a FormatException. */
class DataFuzzTest {
  private static final long BASE_BYTES = 1 << 19;
  private static final long BYTES_PER_BYTE = 4096;

  enum Format {
    TEXT(bytes -> TextFile.parse("t", bytes), utf8("na\u00efve \u4e2d text\n"), packed("text")),
    IDX(
        bytes -> Idx.parse("x", bytes),
        DataFilesTest.idx(),
        DataFilesTest.gzip(DataFilesTest.idx())),
    CIFAR(bytes -> CifarBatch.parse("c", bytes), new byte[3073], packed("c".repeat(3073))),
    CSV(
        bytes -> Csv.parse("t", bytes, Csv.Header.PRESENT).numbers(),
        utf8("a,b\n1,2\r\n-3e4,\"5\"\n"),
        packed("a\n1\n")),
    TOKENS(
        bytes -> TokenFile.parse("t", bytes, TokenFile.Width.UINT16, 300),
        new byte[] {1, 0, 2, 1, 3, 0},
        DataFilesTest.gzip(new byte[8]));

    private final Consumer<MemorySegment> reader;
    private final List<byte[]> seeds;

    Format(Consumer<MemorySegment> reader, byte[]... seeds) {
      this.reader = reader;
      this.seeds = List.of(seeds);
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
    fuzz(format, 100_000, 2);
  }

  private static void fuzz(Format format, int inputs, long seed) {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    int refused = 0;
    for (int i = 0; i < inputs; i++) {
      byte[] input = damage(format.seeds, random);
      long bound = BASE_BYTES + BYTES_PER_BYTE * input.length;
      Outcome outcome = read(format, input);
      if (outcome.heap > bound) {
        outcome = read(format, input); // the first time may have loaded classes
      }
      assertThat(outcome.heap).as(HexFormat.of().formatHex(input)).isLessThanOrEqualTo(bound);
      refused += outcome.refused ? 1 : 0;
    }
    assertThat(refused).as("refused of %d", inputs).isGreaterThan(inputs / 20);
  }

  private record Outcome(boolean refused, long heap) {}

  private static Outcome read(Format format, byte[] input) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    boolean refused = false;
    try {
      format.reader.accept(MemorySegment.ofArray(input));
    } catch (FormatException e) {
      refused = true;
    } catch (Throwable e) {
      fail("input " + HexFormat.of().formatHex(input), e);
    }
    return new Outcome(refused, threads.getCurrentThreadAllocatedBytes() - before);
  }

  private static byte[] damage(List<byte[]> seeds, RandomGenerator random) {
    byte[] bytes = seeds.get(random.nextInt(seeds.size())).clone();
    for (int damages = 1 + random.nextInt(4); damages > 0 && bytes.length > 0; damages--) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(5)) {
        case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> bytes[at] = (byte) random.nextInt();
        case 2 -> bytes[at] = (byte) "\",\r\n0\0\u007f-e.".charAt(random.nextInt(10));
        case 3 -> bytes = Arrays.copyOf(bytes, at);
        default -> {
          byte[] longer = Arrays.copyOf(bytes, bytes.length + 1);
          System.arraycopy(bytes, at, longer, at + 1, bytes.length - at);
          bytes = longer;
        }
      }
    }
    return bytes;
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] packed(String text) {
    return DataFilesTest.gzip(utf8(text));
  }
}
