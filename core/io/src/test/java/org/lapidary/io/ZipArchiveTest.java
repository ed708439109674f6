package org.lapidary.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lapidary.io.Refusals.assertRefused;
import static org.lapidary.io.Refusals.assertRefusedWhenCutAnywhere;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ZipArchiveTest {
  /** Offsets of fields in a central entry and in the end record, APPNOTE 4.3.12 and 4.3.16. */
  private static final int METHOD = 10;

  private static final int FLAGS = 8;
  private static final int PACKED = 20;
  private static final int SIZE = 24;
  private static final int NAME_LENGTH = 28;
  private static final int HEADER = 42;
  private static final int END_COUNT = 10;
  private static final int END_LENGTH = 12;
  private static final int END_OFFSET = 16;

  @Test
  void membersAreReadStoredAndDeflated() {
    byte[] text = "mary had a little lamb ".repeat(5000).getBytes(StandardCharsets.US_ASCII);
    TorchBytes zip = new TorchBytes().with("a", text).with("empty", new byte[0]);
    for (byte[] bytes : new byte[][] {zip.stored(), zip.deflated()}) {
      ZipArchive archive = open(bytes);
      assertThat(archive.members().keySet()).containsExactly("a", "empty");
      assertThat(content(archive, "a")).isEqualTo(text);
      assertThat(content(archive, "empty")).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void anArchiveCutAnywhereIsRefused(boolean stored) {
    TorchBytes zip = new TorchBytes().with("a", new byte[10]).with("b", new byte[3]);
    assertRefusedWhenCutAnywhere(ZipArchiveTest::readAll, stored ? zip.stored() : zip.deflated());
  }

  @Test
  void sizesBeyondFourGigabytesAreReadFromTheirExtraField() {
    byte[] content = {1, 2, 3};
    byte[] zip = zip64(content, content.length);
    assertThat(content(open(zip), "a")).isEqualTo(content);
    assertRefusedWhenCutAnywhere(ZipArchiveTest::readAll, zip);
    assertRefused(
        ZipArchiveTest::readAll, zip64(content, Long.MAX_VALUE), "runs into the directory");
    assertRefused(ZipArchiveTest::readAll, zip64(content, -1), "a size of -1");
  }

  @Test
  void aLieAboutASizeIsRefused() {
    byte[] stored = new TorchBytes().with("a", new byte[100]).stored();
    int entry = central(stored);
    changed(stored, entry + SIZE, 99, "packed into");
    changed(stored, entry + SIZE, -2, "packed into");
    byte[] both = stored.clone();
    put(both, entry + SIZE, 1000);
    changed(both, entry + PACKED, 1000, "runs into the directory");
    byte[] deflated = new TorchBytes().with("a", new byte[100_000]).deflated();
    entry = central(deflated);
    changed(deflated, entry + SIZE, 99_999, "'a' of another size");
    changed(deflated, entry + SIZE, 100_001, "'a' of another size");
    changed(deflated, entry + SIZE, 0x7ffffff0, "sizes that are possible");
    changed(deflated, entry + PACKED, 100, "'a' of another size");
    changed(deflated, entry + PACKED, 1 << 30, "runs into the directory");
  }

  @Test
  void packedMembersThatUnfoldBeyondMemoryAreRefused() {
    byte[] content = new byte[1_100_000];
    new java.util.SplittableRandom(1).nextBytes(content); // packs to about its own length
    byte[] zip = new TorchBytes().with("a", content).with("b", content).deflated();
    int first = central(zip);
    changed(zip, first + SIZE, (1 << 29) + 1, "at most 536870912 in all packed members");
    byte[] both = zip.clone();
    put(both, first + SIZE, 1 << 28);
    changed(both, first + 46 + 1 + SIZE, (1 << 28) + 1, "at most 536870912 in all packed members");
  }

  @Test
  void otherContentThanTheChecksumSaysIsRefused() {
    byte[] stored = new TorchBytes().with("a", new byte[100]).stored();
    stored[60] ^= 1;
    assertRefused(ZipArchiveTest::readAll, stored, "other data in 'a'");
  }

  @Test
  void membersThatOverlapAreRefused() {
    byte[] zip = new TorchBytes().with("a", new byte[50]).stored();
    // Two entries of the directory that show the same data.
    int start = central(zip);
    int end = end(zip);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(zip, 0, end);
    byte[] again = Arrays.copyOfRange(zip, start, end);
    out.writeBytes(again);
    byte[] tail = Arrays.copyOfRange(zip, end, zip.length);
    put(tail, END_LENGTH, 2 * (end - start));
    tail[8] = tail[END_COUNT] = 2;
    out.writeBytes(tail);
    assertRefused(ZipArchiveTest::readAll, out.toByteArray(), "the member 'a' twice");

    byte[] two = new TorchBytes().with("a", new byte[50]).with("b", new byte[50]).stored();
    int second = central(two) + 46 + 1;
    byte[] renamed = two.clone();
    put(renamed, second + HEADER, 0);
    assertRefused(ZipArchiveTest::readAll, renamed, "no member 'b'");
    byte[] longer = two.clone();
    put(longer, central(two) + SIZE, 60);
    put(longer, central(two) + PACKED, 60);
    assertRefused(ZipArchiveTest::readAll, longer, "zip members that overlap");
  }

  @Test
  void aDirectoryThatDoesNotFitIsRefused() {
    byte[] zip = new TorchBytes().with("a", new byte[50]).stored();
    int end = end(zip);
    changed(zip, end + END_OFFSET, -2, "a directory of");
    changed(zip, end + END_OFFSET, 0, "a directory of");
    changed(zip, end + END_LENGTH, -2, "a directory of");
    changed(zip, end + END_LENGTH, 0, "a directory of");
    byte[] count = zip.clone();
    count[end + 8] = count[end + END_COUNT] = 100;
    assertRefused(ZipArchiveTest::readAll, count, "100 members in a directory");
    count[end + 8] = 0;
    assertRefused(ZipArchiveTest::readAll, count, "an archive in several parts");
    count[end + END_COUNT] = 0;
    assertRefused(ZipArchiveTest::readAll, count, "a directory of 0 bytes");
    changed(zip, central(zip) + HEADER, -2, "'a' at");
    byte[] encrypted = zip.clone();
    encrypted[central(zip) + FLAGS] |= 1;
    assertRefused(ZipArchiveTest::readAll, encrypted, "encrypted");
    byte[] packed = zip.clone();
    packed[central(zip) + METHOD] = 14;
    assertRefused(ZipArchiveTest::readAll, packed, "packed by method 14");
    byte[] named = zip.clone();
    named[central(zip) + NAME_LENGTH] = (byte) 200;
    assertRefused(ZipArchiveTest::readAll, named, "a member's name of 200 bytes");
  }

  static void readAll(MemorySegment bytes) {
    ZipArchive archive = new ZipArchive(new FileBytes("hostile.zip", bytes));
    archive.members().values().forEach(archive::read);
  }

  private static void changed(byte[] zip, int at, int value, String fragment) {
    byte[] changed = zip.clone();
    put(changed, at, value);
    assertRefused(ZipArchiveTest::readAll, changed, fragment);
  }

  private static void put(byte[] bytes, int at, int value) {
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(at, value);
  }

  private static int end(byte[] zip) {
    return zip.length - 22;
  }

  private static int central(byte[] zip) {
    return ByteBuffer.wrap(zip).order(ByteOrder.LITTLE_ENDIAN).getInt(end(zip) + END_OFFSET);
  }

  private static ZipArchive open(byte[] bytes) {
    return new ZipArchive(FileBytes.of("test.zip", bytes));
  }

  private static byte[] content(ZipArchive archive, String name) {
    ZipArchive.Member member = archive.members().get(name);
    return archive.read(member).toArray(ValueLayout.JAVA_BYTE);
  }

  /** A zip64 archive of one stored member, as tools write it beyond 4 GB. */
  private static byte[] zip64(byte[] content, long claimed) {
    java.util.zip.CRC32 crc = new java.util.zip.CRC32();
    crc.update(content);
    ByteBuffer out = ByteBuffer.allocate(500).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(0x04034b50).putShort((short) 45).putShort((short) 0).putShort((short) 0);
    out.putInt(0).putInt((int) crc.getValue()).putInt(content.length).putInt(content.length);
    out.putShort((short) 1).putShort((short) 0).put((byte) 'a').put(content);
    int directory = out.position();
    out.putInt(0x02014b50).putInt(0x2d002d).putShort((short) 0).putShort((short) 0).putInt(0);
    out.putInt((int) crc.getValue()).putInt(-1).putInt(-1);
    out.putShort((short) 1).putShort((short) 28).putShort((short) 0).putLong(0).putInt(-1);
    out.put((byte) 'a');
    out.putShort((short) 1).putShort((short) 24).putLong(claimed).putLong(claimed).putLong(0);
    int record = out.position();
    out.putInt(0x06064b50).putLong(44).putInt(0x2d002d).putInt(0).putInt(0);
    out.putLong(1).putLong(1).putLong(record - directory).putLong(directory);
    out.putInt(0x07064b50).putInt(0).putLong(record).putInt(1);
    out.putInt(0x06054b50).putInt(0).putShort((short) -1).putShort((short) -1);
    out.putInt(-1).putInt(-1).putShort((short) 0);
    return Arrays.copyOf(out.array(), out.position());
  }
}
