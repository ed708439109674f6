package org.lapidary.catalog.runs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FingerprintTest {
  @TempDir Path folder;

  @Test
  void everyByteOfASmallFileCounts() throws Exception {
    Path file = folder.resolve("file");
    byte[] bytes = new byte[100_000];
    Files.write(file, bytes);
    String before = Fingerprint.of(file);
    assertThat(before).matches("[0-9a-f]{16}").isEqualTo(Fingerprint.of(file));
    for (int at : new int[] {0, 65_535, 65_536, 99_999}) {
      bytes[at] = 1;
      Files.write(file, bytes);
      assertThat(Fingerprint.of(file)).as("byte " + at).isNotEqualTo(before);
      bytes[at] = 0;
    }
    Files.write(file, new byte[100_001]);
    assertThat(Fingerprint.of(file)).as("one byte longer").isNotEqualTo(before);
  }

  @Test
  void ofALargeFileTheEndsAndTheSizeCount() throws Exception {
    Path path = folder.resolve("large");
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(1L << 32); // sparse: takes no room
      String before = Fingerprint.of(path);
      file.seek((1L << 32) - 1);
      file.write(1);
      String last = Fingerprint.of(path);
      assertThat(last).isNotEqualTo(before);
      file.setLength((1L << 32) + 1);
      assertThat(Fingerprint.of(path)).isNotEqualTo(last);
    }
  }

  @Test
  void ofAFolderNamesAndContentsCount() throws Exception {
    Path model = Files.createDirectory(folder.resolve("model"));
    Files.writeString(model.resolve("a"), "1");
    Files.writeString(model.resolve("b"), "2");
    String before = Fingerprint.of(model);
    Files.move(model.resolve("b"), model.resolve("c"));
    assertThat(Fingerprint.of(model)).isNotEqualTo(before);
    Files.move(model.resolve("c"), model.resolve("b"));
    assertThat(Fingerprint.of(model)).isEqualTo(before);
    assertThatIOException().isThrownBy(() -> Fingerprint.of(model.resolve("nothing")));
  }
}
