package org.lapidary.catalog.runs;

import static java.nio.file.StandardOpenOption.READ;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Reads a journal as it grows: each look takes in the lines that have been completed since the last
 * one. A last line without its end is left; a whole line that cannot be read is noted in the log of
 * the run and passed over.
 */
final class JournalReader {
  private static final int PIECE = 1 << 16;

  private final Path file;
  private final RunBuilder run = new RunBuilder();
  private long offset;
  private long lines;

  JournalReader(Path file) {
    this.file = file;
  }

  /** Takes in what is new. */
  RunBuilder read() throws IOException {
    try (FileChannel channel = FileChannel.open(file, READ)) {
      ByteBuffer piece = ByteBuffer.allocate(PIECE);
      ByteArrayOutputStream line = new ByteArrayOutputStream();
      channel.position(offset);
      while (channel.read(piece.clear()) > 0) {
        byte[] bytes = piece.array();
        int from = 0;
        for (int i = 0; i < piece.position(); i++) {
          if (bytes[i] == '\n') {
            line.write(bytes, from, i - from);
            offset += line.size() + 1;
            take(line.toString(StandardCharsets.UTF_8));
            line.reset();
            from = i + 1;
          }
        }
        line.write(bytes, from, piece.position() - from);
      }
    }
    return run;
  }

  private void take(String line) {
    lines++;
    if (line.isBlank()) {
      return;
    }
    try {
      run.add(EventJson.event(line));
    } catch (IllegalArgumentException e) {
      run.damaged("line %d of the journal cannot be read: %s".formatted(lines, e.getMessage()));
    }
  }
}
