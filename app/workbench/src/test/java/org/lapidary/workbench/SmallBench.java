package org.lapidary.workbench;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.lapidary.catalog.Catalog;
import org.lapidary.catalog.House;
import org.lapidary.data.WordVocabulary;
import org.lapidary.io.model.HuggingFace;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Model;
import org.lapidary.report.Block;
import org.lapidary.report.JsonRenderer;
import org.lapidary.report.Report;
import org.lapidary.report.Section;
import org.lapidary.tensor.Rng;
import org.lapidary.workbench.features.FeaturePages;

/** A workbench over a folder with a small model of twelve words and two reports. */
final class SmallBench implements AutoCloseable {
  static final String HOSTILE = "<script>alert(1)</script>";

  final Path folder;
  final Workbench workbench;
  final List<Exception> faults = Collections.synchronizedList(new ArrayList<>());
  final HttpClient client =
      HttpClient.newBuilder().followRedirects(HttpClient.Redirect.NEVER).build();

  SmallBench(Path folder) throws IOException {
    this(folder, "localhost");
  }

  SmallBench(Path folder, String host) throws IOException {
    this.folder = folder;
    Path shown = Files.createDirectories(folder.resolve("shown"));
    model(shown.resolve("model"), 0);
    model(shown.resolve("other"), 1);
    report(shown.resolve("first"), 1.5);
    report(shown.resolve("second"), 2.5);
    Files.writeString(folder.resolve("secret.txt"), "not for you");
    Bench bench =
        Bench.open(
            Catalog.load(),
            new House(folder),
            folder.resolve("home"),
            List.of(shown),
            arguments -> new ProcessBuilder("sh", "-c", "echo begun; sleep 60"),
            faults::add);
    workbench = Workbench.start(host, 0, bench, FeaturePages::new);
  }

  static void model(Path place, long seed) {
    List<String> words = new ArrayList<>(IntStream.range(0, 11).mapToObj(i -> "w" + i).toList());
    words.add(HOSTILE);
    Model made = Model.random(DecoderConfig.gpt(12, 16, 2, 2, 16, "relu"), new Rng(seed));
    HuggingFace.save(made.withTokenizer(new WordVocabulary(words, 0)), place);
  }

  private static void report(Path place, double loss) throws IOException {
    Files.createDirectories(place);
    Report report =
        new Report(
            "Assay",
            HOSTILE,
            List.of(
                new Section(
                    "anatomy",
                    "Anatomy",
                    List.of(
                        new Block.KeyValues(
                            List.of(
                                new Block.Entry("parameters", "260", "", 260),
                                new Block.Entry("loss", "" + loss, "", loss)))))));
    Files.writeString(place.resolve("report.json"), JsonRenderer.render(report).toString());
  }

  URI at(String path) {
    return workbench.address().resolve(path);
  }

  HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return client.send(
        HttpRequest.newBuilder(at(path)).build(), HttpResponse.BodyHandlers.ofString());
  }

  HttpResponse<String> post(String path, String form) throws IOException, InterruptedException {
    return client.send(
        HttpRequest.newBuilder(at(path))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofString(form))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  /** The token of our own forms, as it stands in a page. */
  String formToken() throws IOException, InterruptedException {
    Matcher m =
        Pattern.compile("name=\"csrf\" value=\"([0-9a-f]+)\"").matcher(get("/models").body());
    if (!m.find()) {
      throw new AssertionError("no form on the page");
    }
    return m.group(1);
  }

  /** Sends bytes as they are and returns the first line of the answer. */
  String raw(byte[] request) throws IOException {
    try (Socket socket = new Socket("localhost", workbench.address().getPort())) {
      socket.setSoTimeout(5000);
      socket.getOutputStream().write(request);
      socket.getOutputStream().flush();
      socket.shutdownOutput();
      InputStream in = socket.getInputStream();
      String all = new String(in.readNBytes(64), StandardCharsets.ISO_8859_1);
      return all.isEmpty() ? "" : all.lines().findFirst().orElse("");
    } catch (java.net.SocketException e) {
      return ""; // it hung up on us
    }
  }

  @Override
  public void close() {
    workbench.close();
  }
}
