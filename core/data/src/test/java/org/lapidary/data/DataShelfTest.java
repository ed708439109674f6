package org.lapidary.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lapidary.data.DatasetInfo.Download;
import org.lapidary.evidence.Progress;

class DataShelfTest {
  private static final byte[] CONTENT = "some data".getBytes(StandardCharsets.UTF_8);

  @TempDir Path folder;
  private HttpServer server;
  private final AtomicInteger requests = new AtomicInteger();

  @BeforeEach
  void serve() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    answer("/a.txt", CONTENT);
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  @Test
  void theGivenFoldersComeBeforeTheCache() throws IOException {
    Path first = Files.createDirectories(folder.resolve("first"));
    Path second = Files.createDirectories(folder.resolve("second/toy"));
    Path cached = Files.createDirectories(folder.resolve("cache/toy"));
    DataShelf shelf =
        new DataShelf(
            List.of(first, folder.resolve("second")), folder.resolve("cache"), toy(sum()));
    assertThat(shelf.find("toy")).contains(second);
    Files.delete(second);
    assertThat(shelf.find("toy")).contains(cached);
    assertThat(shelf.get("toy", Progress.silent())).isEqualTo(cached);
    assertThat(requests).hasValue(0);
    Files.delete(cached);
    assertThat(shelf.find("toy")).isEmpty();
  }

  @Test
  void whatIsNowhereIsFetchedOnceIntoTheCache() {
    DataShelf shelf = shelf(toy(sum()));
    Path toy = shelf.get("toy", Progress.silent());
    assertThat(toy).isEqualTo(folder.resolve("cache/toy"));
    assertThat(toy.resolve("a.txt")).hasBinaryContent(CONTENT);
    assertThat(shelf.get("toy", Progress.silent())).isEqualTo(toy);
    assertThat(requests).hasValue(1);
  }

  @Test
  void aWrongChecksumOrTooMuchLeavesNothing() throws IOException {
    missing(shelf(toy("0".repeat(64))), "has the checksum " + sum(), "lapidary data get toy");
    missing(shelf(entry(new Download("a.txt", url("/a.txt"), 8, sum(), List.of()))), "more than 8");
    missing(shelf(entry(new Download("b", url("/b.txt"), 9, sum(), List.of()))), "answered 404");
    assertThat(Files.list(folder.resolve("cache"))).isEmpty();
  }

  @Test
  void stoppingLeavesNothing() throws IOException {
    DataShelf shelf = shelf(toy(sum()));
    assertThatExceptionOfType(DataMissingException.class)
        .isThrownBy(() -> shelf.get("toy", Progress.stoppable(() -> true)))
        .withMessageContaining("stopped");
    assertThat(Thread.interrupted()).isTrue();
    assertThat(Files.list(folder.resolve("cache"))).isEmpty();
  }

  @Test
  void anAddressThatDoesNotAnswerIsSaid() {
    server.stop(0);
    missing(shelf(toy(sum())), "fetching it failed", "lapidary data get toy");
  }

  @Test
  void membersAreTakenOutOfAnArchive() throws IOException {
    byte[] archive =
        DataFilesTest.gzip(
            tar("toy/other.txt", "x".repeat(600), "toy/a.txt", "some data", "toy/b.bin", ""));
    answer("/toy.tar.gz", archive);
    Download download =
        new Download(
            "toy.tar.gz",
            url("/toy.tar.gz"),
            archive.length,
            sha256(archive),
            List.of("toy/a.txt", "toy/b.bin"));
    Path toy = shelf(entry(download)).get("toy", Progress.silent());
    assertThat(toy.resolve("a.txt")).hasBinaryContent(CONTENT);
    assertThat(Files.list(toy)).hasSize(2);
  }

  @Test
  void anArchiveWithoutItsMembersIsSaid() {
    byte[] whole = tar("toy/a.txt", "some data");
    byte[][] archives = {
      DataFilesTest.gzip(whole), DataFilesTest.gzip(Arrays.copyOf(whole, 514)), CONTENT
    };
    String[] members = {"toy/c.txt", "toy/a.txt", "toy/a.txt"};
    String[] faults = {"has no member toy/c.txt", "is cut short", "GZIP"};
    for (int i = 0; i < archives.length; i++) {
      answer("/" + i + ".tar.gz", archives[i]);
      Download download =
          new Download(
              "x.tar.gz",
              url("/" + i + ".tar.gz"),
              archives[i].length,
              sha256(archives[i]),
              List.of(members[i]));
      missing(shelf(entry(download)), faults[i]);
    }
  }

  @Test
  void aNameNobodyKnowsGetsTheNearestOnes() {
    assertThatExceptionOfType(DataMissingException.class)
        .isThrownBy(() ->
            new DataShelf(List.of(folder), folder.resolve("cache"), DatasetRegistry.load())
                .get("fashon-mnist", Progress.silent()))
        .withMessageContaining("fashon-mnist")
        .withMessageContaining(folder.toString())
        .withMessageContaining("fashion-mnist")
        .satisfies(e -> assertThat(e.dataset()).isEqualTo("fashon-mnist"));
  }

  @Test
  void aNameThatLeavesItsFolderIsRefused() {
    DataShelf shelf = shelf(toy(sum()));
    for (String name : new String[] {"../x", "/etc", "", "a/../../b", "."}) {
      assertThatIllegalArgumentException().as(name).isThrownBy(() -> shelf.find(name));
    }
  }

  @Test
  void theListIsSound() {
    SequencedMap<String, DatasetInfo> known = DatasetRegistry.load();
    assertThat(known.keySet())
        .contains("mnist", "fashion-mnist", "cifar10", "tinyshakespeare", "wikitext-2", "ett");
    for (DatasetInfo info : known.values()) {
      for (Download download : info.downloads()) {
        assertThat(download.url().getScheme()).isEqualTo("https");
        assertThat(download.sha256()).matches("[0-9a-f]{64}");
        assertThat(download.atMost()).isPositive();
        assertThat(Path.of(download.file()).getNameCount()).isEqualTo(1);
      }
    }
  }

  @Test
  void filesOnThisMachineHaveTheListedChecksums() throws IOException {
    int compared = 0;
    for (String name : new String[] {"tinyshakespeare", "wikitext-2", "stories260K", "ett"}) {
      Path data = TestData.folder(name);
      for (Download download : DatasetRegistry.load().get(name).downloads()) {
        Path file = data.resolve(download.file());
        if (Files.exists(file)) {
          assertThat(sha256(Files.readAllBytes(file)))
              .as(file.toString())
              .isEqualTo(download.sha256());
          compared++;
        }
      }
    }
    assertThat(compared).isGreaterThan(4);
  }

  private void missing(DataShelf shelf, String... fragments) {
    assertThatExceptionOfType(DataMissingException.class)
        .isThrownBy(() -> shelf.get("toy", Progress.silent()))
        .satisfies(e -> assertThat(e.getMessage()).contains("toy").contains(fragments));
  }

  private DataShelf shelf(SequencedMap<String, DatasetInfo> registry) {
    return new DataShelf(List.of(), folder.resolve("cache"), registry);
  }

  private SequencedMap<String, DatasetInfo> toy(String checksum) {
    return entry(new Download("a.txt", url("/a.txt"), 9, checksum, List.of()));
  }

  private static SequencedMap<String, DatasetInfo> entry(Download download) {
    SequencedMap<String, DatasetInfo> registry = new LinkedHashMap<>();
    registry.put("toy", new DatasetInfo("toy", "a toy", "none", "nowhere", "", List.of(download)));
    return registry;
  }

  private void answer(String path, byte[] content) {
    server.createContext(
        path,
        exchange -> {
          requests.incrementAndGet();
          exchange.sendResponseHeaders(200, content.length);
          try (var body = exchange.getResponseBody()) {
            body.write(content);
          }
        });
  }

  private URI url(String path) {
    return URI.create("http://localhost:" + server.getAddress().getPort() + path);
  }

  private static String sum() {
    return sha256(CONTENT);
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  /** A ustar archive of names and contents. */
  private static byte[] tar(String... namesAndContents) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int i = 0; i < namesAndContents.length; i += 2) {
      byte[] content = namesAndContents[i + 1].getBytes(StandardCharsets.US_ASCII);
      byte[] header = new byte[512];
      put(header, 0, namesAndContents[i]);
      put(header, 124, String.format("%011o", content.length));
      header[156] = '0';
      put(header, 257, "ustar");
      out.writeBytes(header);
      out.writeBytes(Arrays.copyOf(content, (content.length + 511) / 512 * 512));
    }
    out.writeBytes(new byte[1024]);
    return out.toByteArray();
  }

  private static void put(byte[] header, int at, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(bytes, 0, header, at, bytes.length);
  }
}
