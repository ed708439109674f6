package org.lapidary.workbench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lapidary.catalog.Catalog;
import org.lapidary.catalog.House;
import org.lapidary.data.Texts;
import org.lapidary.evidence.Progress;
import org.lapidary.interpret.dictionary.Activation;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.interpret.features.FeatureIndexer;
import org.lapidary.io.model.HuggingFace;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;
import org.lapidary.workbench.features.FeaturePages;

/**
 * A dictionary of 65,536 features over a vocabulary of 32,000 with 13,762,560 tokens of contexts,
 * in a server of its own whose heap is at most 400 MB.
 */
@Tag("slow")
class LargeDictionaryTest {
  private static final int FEATURES = 65_536;
  private static final int VOCAB = 32_000;
  private static final int LENGTH = 64;
  private static final int TEXTS = 1024;
  private static final int WIDTH = 8;

  @TempDir Path folder;

  /** The server of the folder that is named first; says its port. */
  public static void main(String[] args) throws Exception {
    Path folder = Path.of(args[0]);
    Bench bench =
        Bench.open(
            Catalog.load(),
            new House(folder),
            folder.resolve("home"),
            List.of(folder.resolve("shown")),
            words -> new ProcessBuilder("true"),
            e -> e.printStackTrace());
    try (Workbench workbench = Workbench.start("localhost", 0, bench, FeaturePages::new)) {
      System.out.println(workbench.address());
      System.in.read();
    }
  }

  private void generate() {
    Rng rng = new Rng(1);
    Path place = folder.resolve("shown/model");
    Model model = Model.random(DecoderConfig.gpt(VOCAB, WIDTH, 1, 2, LENGTH, "relu"), rng);
    HuggingFace.save(model, place);
    String site = "blocks.0.hook_resid_post";
    Dictionary dictionary =
        new Dictionary(
            rng.normal(1, FEATURES, WIDTH),
            Tensor.zeros(FEATURES),
            rng.normal(1, FEATURES, WIDTH),
            Tensor.zeros(WIDTH),
            new Activation.TopK(64),
            site,
            site);
    int[][] texts = new int[TEXTS][LENGTH];
    for (int[] text : texts) {
      Arrays.setAll(text, i -> rng.nextInt(VOCAB));
    }
    FeatureIndexer.defaults()
        .withSaveEvery(1e9)
        .index(
            model,
            dictionary,
            Texts.of(texts),
            new FeatureIndexer.Origin(place.toString(), "random texts"),
            folder.resolve("shown/large"),
            Progress.silent());
  }

  @Test
  void aLargeDictionaryIsBrowsedQuicklyInLittleMemory() throws Exception {
    long start = System.nanoTime();
    generate();
    System.out.printf(
        Locale.ROOT,
        "index made in %.0f s, %d MB%n",
        (System.nanoTime() - start) / 1e9,
        Files.size(folder.resolve("shown/large/features.safetensors")) / 1_000_000);
    try (ServerProcess server = new ServerProcess(LargeDictionaryTest.class, folder);
        HttpClient client = HttpClient.newHttpClient()) {
      URI address = server.address;
      Map<String, List<Double>> times = new TreeMap<>();
      Random random = new Random(0);
      String index = "index=large";
      for (int round = 0; round < 40; round++) {
        int id = random.nextInt(FEATURES);
        int token = random.nextInt(VOCAB);
        ask(client, address, "/features", times, round);
        for (String sort : List.of("density", "rarity", "max", "id")) {
          String page = "&page=" + (1 + random.nextInt(FEATURES / 40));
          ask(client, address, "/dictionary?" + index + "&sort=" + sort + page, times, round);
        }
        for (String by : List.of("peak", "raises", "lowers")) {
          String text = "&text=" + token;
          ask(client, address, "/dictionary?" + index + "&by=" + by + text, times, round);
          ask(client, address, "/dictionary?" + index + "&by=" + by + "&text=31*", times, round);
        }
        ask(client, address, "/feature?" + index + "&id=" + id, times, round);
        ask(client, address, "/feature.html?" + index + "&id=" + id, times, round);
      }
      double memory = server.resident();
      System.out.printf(Locale.ROOT, "server: %.0f MB resident%n", memory / 1e6);
      times.forEach((page, all) -> {
        double[] sorted = all.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        System.out.printf(
            Locale.ROOT,
            "%-34s median %.1f ms, most %.1f ms%n",
            page,
            sorted[sorted.length / 2],
            sorted[sorted.length - 1]);
      });
      assertThat(memory).isLessThan(1e9);
      assertThat(times.values()).allSatisfy(all -> assertThat(all).allMatch(ms -> ms < 300));
    }
  }

  /** The first round warms up the server and counts no time. */
  private static void ask(
      HttpClient client, URI address, String path, Map<String, List<Double>> times, int round)
      throws IOException, InterruptedException {
    long start = System.nanoTime();
    HttpResponse<String> answer =
        client.send(
            HttpRequest.newBuilder(address.resolve(path)).build(),
            HttpResponse.BodyHandlers.ofString());
    double ms = (System.nanoTime() - start) / 1e6;
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    if (round > 0) {
      String kind =
          path.replaceAll("index=large&?|&?page=\\d+|&?id=\\d+", "")
              .replaceAll("text=\\d+$", "token");
      times.computeIfAbsent(kind, k -> new ArrayList<>()).add(ms);
    }
  }
}
