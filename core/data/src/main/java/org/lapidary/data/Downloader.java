package org.lapidary.data;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import org.lapidary.data.DatasetInfo.Download;
import org.lapidary.evidence.Progress;

/** Fetches the files of a data set; what does not have its checksum is refused. */
final class Downloader implements AutoCloseable {
  private static final Duration CONNECT = Duration.ofSeconds(10);
  private static final Duration ANSWER = Duration.ofSeconds(60);
  private static final int PIECE = 1 << 16;

  private final Progress progress;
  private final HttpClient client =
      HttpClient.newBuilder()
          .connectTimeout(CONNECT)
          .followRedirects(HttpClient.Redirect.NORMAL)
          .build();

  Downloader(Progress progress) {
    this.progress = progress;
  }

  /** Fetches all files of a data set into a folder. */
  void fetch(DatasetInfo info, Path folder) throws IOException, InterruptedException {
    for (Download download : info.downloads()) {
      Path file = folder.resolve(download.file());
      fetch(download, file);
      if (!download.members().isEmpty()) {
        TarGz.extract(file, download.members(), folder);
        Files.delete(file);
      }
    }
  }

  private void fetch(Download download, Path file) throws IOException, InterruptedException {
    HttpRequest request = HttpRequest.newBuilder(download.url()).timeout(ANSWER).build();
    HttpResponse<InputStream> response =
        client.send(request, HttpResponse.BodyHandlers.ofInputStream());
    try (InputStream in = response.body()) {
      if (response.statusCode() != 200) {
        throw new IOException(download.url() + " answered " + response.statusCode());
      }
      MessageDigest digest = sha256();
      try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
        copy(in, out, digest, download);
      }
      String actual = HexFormat.of().formatHex(digest.digest());
      if (!actual.equals(download.sha256())) {
        throw new IOException(
            download.url() + " has the checksum " + actual + ", not " + download.sha256());
      }
    }
  }

  private void copy(InputStream in, OutputStream out, MessageDigest digest, Download download)
      throws IOException, InterruptedException {
    progress.begin("fetching " + download.file(), download.atMost());
    byte[] piece = new byte[PIECE];
    long done = 0;
    for (int got = in.read(piece); got >= 0; got = in.read(piece)) {
      done += got;
      if (done > download.atMost()) {
        throw new IOException(download.url() + " gave more than " + download.atMost() + " bytes");
      }
      digest.update(piece, 0, got);
      out.write(piece, 0, got);
      progress.step(done, "");
      if (progress.stopped()) {
        throw new InterruptedException();
      }
    }
    progress.end();
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  @Override
  public void close() {
    client.close();
  }
}
