package org.lapidary.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicWritesTest {
  @TempDir Path folder;

  @Test
  void aWriteReplacesTheFileAndLeavesNothingElse() throws IOException {
    Path path = folder.resolve("a.txt");
    AtomicFiles.writeText(path, "old");
    AtomicFiles.writeText(path, "nëw");
    assertThat(path).content().isEqualTo("nëw");
    assertThat(names()).containsExactly("a.txt");
  }

  @Test
  void aWriteThatFailsHalfwayLeavesTheFormerFile() throws IOException {
    Path path = folder.resolve("a.txt");
    AtomicFiles.writeText(path, "old");
    assertThatExceptionOfType(UncheckedIOException.class)
        .isThrownBy(() ->
            AtomicFiles.write(
                path,
                out -> {
                  out.write(ByteBuffer.wrap(new byte[] {1, 2}));
                  throw new IOException("No space left on device");
                }))
        .withMessageContaining("a.txt")
        .withMessageContaining("No space left on device")
        .withMessageContaining("nothing was changed");
    assertThatExceptionOfType(IllegalStateException.class)
        .isThrownBy(() ->
            AtomicFiles.write(
                path,
                out -> {
                  throw new IllegalStateException();
                }));
    assertThat(path).content().isEqualTo("old");
    assertThat(names()).containsExactly("a.txt");
  }

  @Test
  void aMissingFolderIsReportedWithTheRemedy() {
    assertThatExceptionOfType(UncheckedIOException.class)
        .isThrownBy(() -> AtomicFiles.writeText(folder.resolve("missing/a.txt"), "x"))
        .withMessageContaining("missing")
        .withMessageContaining("check that the folder exists");
  }

  @Test
  void aLinkKeepsPointingAtTheFileThatIsReplaced() throws IOException {
    Path real = folder.resolve("real.txt");
    AtomicFiles.writeText(real, "old");
    Path link = Files.createSymbolicLink(folder.resolve("link.txt"), real);
    AtomicFiles.writeText(link, "new");
    assertThat(real).content().isEqualTo("new");
    assertThat(Files.isSymbolicLink(link)).isTrue();
  }

  @Test
  void aFolderAppearsWholeOrNotAtAll() throws IOException {
    Path target = folder.resolve("deep/model");
    try (AtomicFolder whole = AtomicFolder.create(target)) {
      Files.createDirectory(whole.path().resolve("sub"));
      AtomicFiles.writeText(whole.path().resolve("sub/a.txt"), "a");
      assertThat(target).doesNotExist();
      whole.commit();
    }
    assertThat(target.resolve("sub/a.txt")).content().isEqualTo("a");
    assertThat(Files.list(folder.resolve("deep"))).containsExactly(target);

    Path given = folder.resolve("given-up");
    try (AtomicFolder half = AtomicFolder.create(given)) {
      AtomicFiles.writeText(half.path().resolve("a.txt"), "a");
    }
    assertThat(given).doesNotExist();
    assertThat(names()).containsExactly("deep");
  }

  @Test
  void anOccupiedPlaceIsRefusedAtTheStartAndAtTheEnd() throws IOException {
    Path target = Files.createDirectory(folder.resolve("model"));
    try (AtomicFolder empty = AtomicFolder.create(target)) {
      AtomicFiles.writeText(empty.path().resolve("a.txt"), "mine");
      AtomicFiles.writeText(target.resolve("b.txt"), "theirs");
      assertThatExceptionOfType(UncheckedIOException.class)
          .isThrownBy(empty::commit)
          .withMessageContaining("is not empty");
    }
    assertThat(target.resolve("b.txt")).content().isEqualTo("theirs");
    assertThatExceptionOfType(UncheckedIOException.class)
        .isThrownBy(() -> AtomicFolder.create(target))
        .withMessageContaining("is not empty");
    assertThatExceptionOfType(UncheckedIOException.class)
        .isThrownBy(() -> AtomicFolder.create(target.resolve("b.txt")))
        .withMessageContaining("a file of that name exists");
    assertThat(names()).containsExactly("model");
  }

  @Test
  void anEmptyPlaceIsTaken() throws IOException {
    Path target = Files.createDirectory(folder.resolve("model"));
    try (AtomicFolder whole = AtomicFolder.create(target)) {
      AtomicFiles.writeText(whole.path().resolve("a.txt"), "a");
      whole.commit();
    }
    assertThat(target.resolve("a.txt")).exists();
  }

  @Test
  void whatIsNoReadableFileIsSaidInWords() throws Exception {
    try (Arena arena = Arena.ofConfined()) {
      assertThatExceptionOfType(UncheckedIOException.class)
          .isThrownBy(() -> FileBytes.map(folder.resolve("no"), arena))
          .withMessageContaining("there is no such file");
      assertThatExceptionOfType(UncheckedIOException.class)
          .isThrownBy(() -> FileBytes.map(folder, arena))
          .withMessageContaining("it is a folder");
      Path pipe = folder.resolve("pipe");
      assumeTrue(
          new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0, "no mkfifo here");
      assertThatExceptionOfType(UncheckedIOException.class)
          .isThrownBy(() -> FileBytes.map(pipe, arena))
          .withMessageContaining("not a regular file");
    }
  }

  private Stream<String> names() throws IOException {
    return Files.list(folder).map(path -> path.getFileName().toString());
  }
}
