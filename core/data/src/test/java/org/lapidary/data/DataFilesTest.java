package org.lapidary.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lapidary.data.Csv.Header;
import org.lapidary.data.Images.Part;
import org.lapidary.data.TokenFile.Width;
import org.lapidary.io.FormatException;
import org.lapidary.io.RawTensor;

class DataFilesTest {

  @Test
  void textIsReadStrictlyPlainAndPacked() {
    byte[] text = "\ufeffToday, na\u00efve.\r\n".getBytes(StandardCharsets.UTF_8);
    assertThat(TextFile.parse("t", segment(text))).isEqualTo("Today, na\u00efve.\r\n");
    assertThat(TextFile.parse("t", segment(gzip(text)))).isEqualTo("Today, na\u00efve.\r\n");
    byte[] latin = "na\u00efve text".getBytes(StandardCharsets.ISO_8859_1);
    refused(() -> TextFile.parse("t", segment(latin)), "byte 2", "not UTF-8", "iconv");
    byte[] late = new byte[100_000];
    Arrays.fill(late, (byte) 'a');
    late[77_777] = (byte) 0xc0;
    refused(() -> TextFile.parse("t", segment(late)), "byte 77777");
    refused(() -> TextFile.parse("t", segment(new byte[0])), "no text");
    refused(
        () -> TextFile.parse("t", segment(" \n\t".getBytes(StandardCharsets.UTF_8))), "no text");
  }

  @Test
  void idxArraysAreTurnedToLittleEndian() {
    ByteBuffer file = ByteBuffer.allocate(4 + 8 + 8).putInt(0x00000b02).putInt(2).putInt(2);
    file.putShort((short) 1).putShort((short) -2).putShort((short) 256).putShort((short) 3);
    RawTensor read = Idx.parse("x", segment(file.array()));
    assertThat(read.shape()).containsExactly(2, 2);
    assertThat(read.toInts()).containsExactly(1, -2, 256, 3);
    assertThat(Idx.parse("x", segment(gzip(file.array())))).isEqualTo(read);
    ByteBuffer real = ByteBuffer.allocate(4 + 4 + 8).putInt(0x00000e01).putInt(1).putDouble(0.1);
    assertThat(Idx.parse("x", segment(real.array())).toDoubles()).containsExactly(0.1);
  }

  @Test
  void idxFilesThatDoNotFitAreRefused() {
    byte[] sound = idx();
    refusedWhenCutAnywhere(bytes -> Idx.parse("x", bytes), sound);
    refusedWhenCutAnywhere(bytes -> Idx.parse("x", bytes), gzip(sound));
    refused(() -> Idx.parse("x", segment(with(sound, 0, 1))), "another mark");
    refused(() -> Idx.parse("x", segment(with(sound, 2, 0x0a))), "the type 0x0a");
    refused(() -> Idx.parse("x", segment(with(sound, 4, 0xff))), "6 bytes of values");
    refused(() -> Idx.parse("x", segment(with(sound, 3, 255))), "the end of the file");
    ByteBuffer absurd = ByteBuffer.allocate(4 + 12).putInt(0x00000803);
    absurd.putInt(-1).putInt(-1).putInt(-1);
    refused(() -> Idx.parse("x", segment(absurd.array())), "a possible number");
  }

  @Test
  void aGzipFileThatIsDamagedOrABombIsRefused() throws IOException {
    byte[] packed = gzip(idx());
    refused(() -> Idx.parse("x", segment(with(packed, 12, packed[12] ^ 0x55))), "gzip");
    // 100 MB of zeros in 100 kB: unpacked, and refused for what they hold.
    byte[] bomb = gzip(new byte[100_000_000]);
    assertThat(bomb.length).isLessThan(200_000);
    refused(() -> Idx.parse("x", segment(bomb)), "the type 0x00");
  }

  @Test
  void aGzipFileThatUnfoldsBeyondMemoryIsRefused() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream packed = new GZIPOutputStream(out)) {
      byte[] zeros = new byte[1 << 20];
      for (int i = 0; i <= 256; i++) {
        packed.write(zeros);
      }
    }
    byte[] bomb = out.toByteArray();
    refused(() -> TextFile.parse("t", segment(bomb)), "content beyond 268435456 bytes", "gunzip");
  }

  @Test
  void mnistHasItsPublishedDigits() {
    Path folder = TestData.folder("mnist");
    Images train = Images.mnist(folder, Part.TRAIN);
    assertThat(train.count()).isEqualTo(60_000);
    assertThat(train.size()).isEqualTo(784);
    // The first labels and the class counts of the published training set.
    assertThat(Arrays.copyOf(train.labels(), 5)).containsExactly(5, 0, 4, 1, 9);
    int[] counts = new int[10];
    Arrays.stream(train.labels()).forEach(label -> counts[label]++);
    assertThat(counts).containsExactly(5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949);
    // The published mean of all pixels is 0.1307.
    double sum = 0;
    for (float pixel : train.toFloats()) {
      sum += pixel;
    }
    assertThat(sum / train.pixels().length).isBetween(0.13065, 0.13075);
    assertThat(Images.mnist(folder, Part.TEST).first(7).count()).isEqualTo(7);
  }

  @Test
  void cifarRecordsAreALabelAndThreePlanes() {
    byte[] file = new byte[2 * 3073];
    file[0] = 3;
    file[1] = 11;
    file[3073] = 9;
    file[6145] = 7;
    Images images = CifarBatch.parse("c", segment(gzip(file)));
    assertThat(images.labels()).containsExactly(3, 9);
    assertThat(images.pixels()[0]).isEqualTo((byte) 11);
    assertThat(images.pixels()[2 * 3072 - 1]).isEqualTo((byte) 7);
    refused(() -> CifarBatch.parse("c", segment(with(file, 3073, 10))), "byte 3073", "label 10");
    refused(() -> CifarBatch.parse("c", segment(Arrays.copyOf(file, 6145))), "whole records");
    refused(() -> CifarBatch.parse("c", segment(new byte[0])), "whole records");
  }

  @Test
  void cifar10IsReadFromTheBatchesThatAreThere() {
    Path folder = TestData.folder("cifar10");
    Images train = Images.cifar10(folder, Part.TRAIN);
    assertThat(train.count() % 1000).isZero();
    assertThat(Arrays.copyOf(train.labels(), 5)).containsExactly(6, 9, 9, 4, 1);
    assertThat(Images.cifar10(folder, Part.TEST).labels()).startsWith(3, 8, 8, 0);
  }

  @Test
  void csvFieldsFollowRfc4180() {
    String text = "name,\"a \"\"b\"\", c\",x\r\nline,\"one\r\ntwo\",\n,\"\",1e-3";
    Csv table = csv(text, Header.PRESENT);
    assertThat(table.columns()).containsExactly("name", "a \"b\", c", "x");
    assertThat(table.rows())
        .containsExactly(List.of("line", "one\r\ntwo", ""), List.of("", "", "1e-3"));
    assertThat(table.texts(0)).containsExactly("line", "");
    Csv bare = csv("1,2\n3,-4.5", Header.ABSENT);
    assertThat(bare.columns()).containsExactly("0", "1");
    assertThat(bare.numbers()).isDeepEqualTo(new double[][] {{1, 2}, {3, -4.5}});
    assertThat(bare.numbers(bare.column("1"))).isDeepEqualTo(new double[][] {{2}, {-4.5}});
    assertThatIllegalArgumentException().isThrownBy(() -> bare.column("y"));
  }

  @Test
  void csvThatDoesNotFitIsRefused() {
    refused(() -> csv("a,b\n1\n", Header.PRESENT), "1 fields in line 2", "2, as in the first");
    refused(() -> csv("a,b\n1,2,3\n", Header.PRESENT), "3 fields in line 2");
    refused(() -> csv("a\n\"open\n\n", Header.PRESENT), "never closed in line 2");
    refused(() -> csv("a\n\"x\"y\n", Header.PRESENT), "after a closing quote in line 2");
    refused(() -> csv("a\nx\"y\n", Header.PRESENT), "a quote inside a plain field in line 2");
    refused(() -> csv("a,a\n1,2\n", Header.PRESENT), "a column name twice");
    refused(() -> csv("", Header.PRESENT), "no text");
    for (String field : new String[] {"x", "NaN", "Infinity", "1d", "0x1p3", "1e999", "", "--1"}) {
      refused(
          () -> csv("1,2\n3," + field, Header.ABSENT).numbers(),
          "t.csv",
          "'" + field + "' in row 2");
    }
  }

  @Test
  void realTablesAreRead() {
    Csv ett = Csv.read(TestData.folder("ett").resolve("ETTh1.csv"), Header.PRESENT);
    assertThat(ett.columns())
        .containsExactly("date", "HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT");
    double[][] numbers = ett.numbers(1, 2, 3, 4, 5, 6, 7);
    assertThat(numbers).hasNumberOfRows(17_420);
    Csv airfoil = Csv.read(TestData.folder("uci").resolve("airfoil/data.csv.gz"), Header.ABSENT);
    double[][] values = airfoil.numbers();
    assertThat(values).hasDimensions(1503, 6); // 1503 measurements, 5 inputs and the target
    for (int column = 0; column < 6; column++) {
      double mean = 0;
      double largest = 0;
      for (double[] row : values) {
        mean += row[column] / values.length;
        largest = Math.max(largest, Math.abs(row[column]));
      }
      assertThat(Math.abs(mean)).isLessThan(1e-3 * largest); // the columns are mean-centred
    }
  }

  @Test
  void tokensAreWrittenAndReadWithTheirRange(@TempDir Path folder) {
    int[] ids = {0, 1, 65_535, 7};
    for (Width width : Width.values()) {
      Path path = folder.resolve(width + ".bin");
      TokenFile.write(path, ids, width);
      assertThat(TokenFile.read(path, width, 65_536)).containsExactly(ids);
      refused(
          () -> TokenFile.read(path, width, 65_535),
          "the token id 65535",
          "byte " + (width == Width.UINT16 ? 4 : 8));
    }
    refused(() -> TokenFile.parse("t", segment(new byte[3]), Width.UINT16, 9), "whole ids of 2");
    refused(() -> TokenFile.parse("t", segment(new byte[0]), Width.INT32, 9), "whole ids of 4");
    byte[] negative = {-1, -1, -1, -1};
    refused(() -> TokenFile.parse("t", segment(negative), Width.INT32, 9), "the token id -1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TokenFile.write(folder.resolve("x"), new int[] {65_536}, Width.UINT16));
  }

  @Test
  void aMissingFileIsSaidInWords(@TempDir Path folder) {
    assertThatExceptionOfType(UncheckedIOException.class)
        .isThrownBy(() -> TextFile.read(folder.resolve("no.txt")))
        .withMessageContaining("there is no such file");
  }

  /** A small sound idx file of 2x3 bytes. */
  static byte[] idx() {
    ByteBuffer file = ByteBuffer.allocate(12 + 6).putInt(0x00000802).putInt(2).putInt(3);
    return file.put(new byte[] {1, 2, 3, 4, 5, 6}).array();
  }

  static byte[] gzip(byte[] content) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream packed = new GZIPOutputStream(out)) {
      packed.write(content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  private static Csv csv(String text, Header header) {
    return Csv.parse("t.csv", segment(text.getBytes(StandardCharsets.UTF_8)), header);
  }

  private static byte[] with(byte[] bytes, int at, int value) {
    byte[] changed = bytes.clone();
    changed[at] = (byte) value;
    return changed;
  }

  private static void refused(Runnable reading, String... fragments) {
    assertThatExceptionOfType(FormatException.class)
        .isThrownBy(reading::run)
        .satisfies(e -> assertThat(e.getMessage()).contains(fragments));
  }

  private static void refusedWhenCutAnywhere(Consumer<MemorySegment> reader, byte[] sound) {
    reader.accept(segment(sound));
    for (int length = 0; length < sound.length; length++) {
      byte[] cut = Arrays.copyOf(sound, length);
      assertThatExceptionOfType(FormatException.class)
          .as("the first %d of %d bytes", length, sound.length)
          .isThrownBy(() -> reader.accept(segment(cut)));
    }
  }

  static MemorySegment segment(byte[] bytes) {
    return MemorySegment.ofArray(bytes);
  }
}
