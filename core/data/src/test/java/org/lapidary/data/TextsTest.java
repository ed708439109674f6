package org.lapidary.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lapidary.io.FormatException;

class TextsTest {
  @TempDir Path folder;

  @Property(tries = 50)
  void mappedTextsAreTheFilesIdsInOrder(
      @ForAll @Size(min = 3, max = 40) int[] raw,
      @ForAll @IntRange(min = 1, max = 3) int length,
      @ForAll TokenFile.Width width)
      throws Exception {
    int[] ids = new int[raw.length];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = Math.floorMod(raw[i], 60_000);
    }
    Path file = Files.createTempFile("ids", ".bin");
    try {
      TokenFile.write(file, ids, width);
      try (Texts.Mapped texts = Texts.map(file, width, 60_000, length)) {
        assertThat(texts.count()).isEqualTo(ids.length / length);
        for (int t = 0; t < texts.count(); t++) {
          assertThat(texts.at(t))
              .isEqualTo(java.util.Arrays.copyOfRange(ids, t * length, (t + 1) * length));
        }
      }
    } finally {
      Files.delete(file);
    }
  }

  @Test
  void anIdOutOfRangeIsNamedWithItsPlaceWhenItIsRead() throws Exception {
    Path file = folder.resolve("ids.bin");
    TokenFile.write(file, new int[] {1, 2, 3, 99}, TokenFile.Width.UINT16);
    try (Texts.Mapped texts = Texts.map(file, TokenFile.Width.UINT16, 50, 2)) {
      assertThat(texts.at(0)).containsExactly(1, 2);
      assertThatThrownBy(() -> texts.at(1))
          .isInstanceOf(FormatException.class)
          .hasMessageContaining("token id 99")
          .hasMessageContaining("6");
      assertThatThrownBy(() -> texts.at(2)).isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void aFileThatHoldsNoTextIsRefused() throws Exception {
    Path file = folder.resolve("short.bin");
    Files.write(file, new byte[] {1, 0, 2});
    assertThatThrownBy(() -> Texts.map(file, TokenFile.Width.UINT16, 50, 1))
        .isInstanceOf(FormatException.class)
        .hasMessageContaining("3 bytes");
    TokenFile.write(file, new int[] {1}, TokenFile.Width.UINT16);
    assertThatThrownBy(() -> Texts.map(file, TokenFile.Width.UINT16, 50, 2))
        .isInstanceOf(FormatException.class)
        .hasMessageContaining("at least 2");
  }

  @Test
  void textsOfDifferentLengthsAreRefused() {
    assertThatThrownBy(() -> Texts.of(new int[][] {{1, 2}, {3}}))
        .hasMessageContaining("number 1 has 1");
  }
}
