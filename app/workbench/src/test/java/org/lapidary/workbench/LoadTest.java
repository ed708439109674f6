package org.lapidary.workbench;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lapidary.catalog.runs.Beginning;
import org.lapidary.catalog.runs.RunLog;
import org.lapidary.catalog.runs.RunStatus;

/**
 * Many visitors at once: 64 clients for a minute, each asking for the next page when it has one.
 */
@Tag("slow")
class LoadTest {
  private static final int CLIENTS = 64;
  private static final int RUNS = 1000;
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final List<String> PAGES =
      List.of(
          "/",
          "/methods",
          "/methods?area=compress&text=quant",
          "/methods/dsnot",
          "/runs",
          "/runs?text=seed+77&status=ok",
          "/runs?page=12",
          "/models",
          "/model?model=model",
          "/model?model=model&look=attention&go=1&prompt=w1+w2&layer=1",
          "/model?model=model&look=next&go=1&prompt=w1+w2+w3",
          "/report?path=first/report.json",
          "/features",
          "/assets/workbench.css");

  @TempDir Path folder;

  /** The server. */
  public static void main(String[] args) throws Exception {
    Path folder = Path.of(args[0]);
    for (int i = 0; i < RUNS; i++) {
      RunLog run =
          RunLog.begin(
              folder.resolve("home"), Beginning.of("train", "--seed", "" + i), System.err::println);
      run.metric("loss", 1, 1.0 / (i + 1));
      run.end(RunStatus.OK, null);
    }
    try (SmallBench bench = new SmallBench(folder)) {
      System.out.println(bench.workbench.address());
      System.in.read();
    }
  }

  @Test
  void sixtyFourClientsForAMinuteSeeNoErrorAndHardlyWait() throws Exception {
    try (ServerProcess server = new ServerProcess(LoadTest.class, folder)) {
      run(server.address, LONG.dividedBy(2)); // warms up
      double before = server.resident();
      double[] waited = run(server.address, LONG);
      double after = server.resident();
      Arrays.sort(waited);
      System.out.println(
          String.format(
              Locale.ROOT,
              "%d pages, %.0f a second; median %.1f ms, 99%% within %.0f ms, longest %.0f ms; resident %.0f MB, then %.0f MB",
              waited.length,
              waited.length / (double) LONG.toSeconds(),
              waited[waited.length / 2],
              waited[(int) (waited.length * 0.99)],
              waited[waited.length - 1],
              before / 1e6,
              after / 1e6));
      assertThat(waited[(int) (waited.length * 0.99)]).isLessThan(500);
      assertThat(after - before).isLessThan(50e6);
    }
  }

  /** Milliseconds that every answer took. */
  private static double[] run(URI address, Duration time) throws Exception {
    long end = System.nanoTime() + time.toNanos();
    List<Future<List<Double>>> clients = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int c = 0; c < CLIENTS; c++) {
        Random random = new Random(c);
        clients.add(threads.submit(() -> client(address, random, end)));
      }
    }
    List<Double> all = new ArrayList<>();
    for (Future<List<Double>> client : clients) {
      all.addAll(client.get());
    }
    return all.stream().mapToDouble(ms -> ms).toArray();
  }

  private static List<Double> client(URI address, Random random, long end) throws Exception {
    List<Double> waited = new ArrayList<>();
    try (HttpClient client = HttpClient.newHttpClient()) {
      while (System.nanoTime() < end) {
        String page = PAGES.get(random.nextInt(PAGES.size()));
        long start = System.nanoTime();
        HttpResponse<String> answer =
            client.send(
                HttpRequest.newBuilder(address.resolve(page)).build(),
                HttpResponse.BodyHandlers.ofString());
        waited.add((System.nanoTime() - start) / 1e6);
        assertThat(answer.statusCode()).as(page).isEqualTo(200);
      }
    }
    return waited;
  }
}
