package org.lapidary.workbench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lapidary.data.Texts;
import org.lapidary.evidence.Progress;
import org.lapidary.interpret.circuit.MlpSites;
import org.lapidary.interpret.dictionary.Activation;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.interpret.features.FeatureIndex;
import org.lapidary.interpret.features.FeatureIndexer;
import org.lapidary.io.model.Models;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

/** The pages of features, over random dictionaries of the small bench's model. */
class FeaturePagesTest {
  @TempDir static Path folder;
  private static SmallBench bench;
  private static Path features;

  @BeforeAll
  static void start() throws IOException {
    bench = new SmallBench(folder);
    Path model = folder.resolve("shown/model");
    features = folder.resolve("shown/features");
    for (int layer = 0; layer < 2; layer++) {
      index(model, layer, features.resolve("block-" + layer), 40, Progress.silent());
    }
  }

  @AfterAll
  static void stop() {
    bench.close();
    bench.faults.forEach(Throwable::printStackTrace);
    assertThat(bench.faults).isEmpty();
  }

  static void index(Path path, int layer, Path to, int texts, Progress progress) {
    Model model = Models.load(path);
    Rng rng = new Rng(layer);
    Dictionary dictionary =
        new Dictionary(
            rng.normal(1, 50, 16),
            Tensor.zeros(50),
            rng.normal(1, 50, 16),
            Tensor.zeros(16),
            new Activation.Relu(),
            MlpSites.input(model, layer),
            MlpSites.output(model, layer));
    int[][] ids = new int[texts][16];
    for (int[] text : ids) {
      Arrays.setAll(text, i -> rng.nextInt(12));
    }
    new FeatureIndexer(5, 3, 4, 6, 3, 0)
        .index(
            model,
            dictionary,
            Texts.of(ids),
            new FeatureIndexer.Origin(path.toString(), "random texts"),
            to,
            progress);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/features",
        "/features?model=model",
        "/features?under=features",
        "/dictionary?index=features/block-0",
        "/dictionary?index=features/block-0&sort=max&page=2",
        "/dictionary?index=features/block-0&text=w3&by=peak",
        "/dictionary?index=features/block-0&text=w3&by=raises",
        "/dictionary?index=features/block-0&text=w3&by=lowers",
        "/dictionary?index=features/block-0&text=%3Cscript*&by=peak",
        "/dictionary?index=features/block-0&text=nothing+like+it",
        "/feature?index=features/block-0&id=0",
        "/feature?index=features/block-1&id=49",
        "/feature.html?index=features/block-1&id=49",
        "/fires?index=features/block-0",
        "/fires?index=features/block-0&text=w1+w2+w3",
        "/steer?index=features/block-0&id=3",
        "/steer?index=features/block-0&id=3&to=1",
        "/steer?index=features/block-0&id=3&to=2.5&prompt=w1+w2",
        "/steer?index=features/block-0&id=3&to=0&prompt=",
        "/circuit?index=features/block-1&prompt=w1+w2+w3",
        "/circuit?index=features/block-1&prompt=w1+w2+w3&least=60&rest=1",
        "/circuit?index=features/block-1",
        "/circuit?model=model&prompt=w1+w2+w3",
        "/circuit?model=other&prompt=w1+w2+w3",
        "/circuit.html?index=features/block-1&prompt=w1+w2+w3",
      })
  void pagesAreThere(String path) throws Exception {
    HttpResponse<String> answer = bench.get(path);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(answer.body())
        .doesNotContain("role=\"alert\"")
        .contains("</html>")
        .doesNotContain(SmallBench.HOSTILE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "400 /dictionary",
        "404 /dictionary?index=../secret.txt",
        "404 /dictionary?index=model",
        "400 /dictionary?index=features/block-0&sort=colour",
        "400 /dictionary?index=features/block-0&by=colour",
        "400 /dictionary?index=features/block-0&page=many",
        "404 /feature?index=features/block-0&id=50",
        "404 /feature?index=features/block-0&id=-1",
        "404 /feature.html?index=features/block-0&id=50",
        "422 /fires?index=features/block-0&text=w1+w1+w1+w1+w1+w1+w1+w1+w1+w1+w1+w1+w1+w1+w1+w1+w1+w1",
        "422 /fires?index=features/block-0&text=w1&model=nowhere",
        "422 /steer?index=features/block-0&id=3&to=much",
        "422 /steer?index=features/block-0&id=3&to=NaN",
        "404 /steer?index=features/block-0&id=77",
        "422 /circuit?index=features/block-1&prompt=w1+w1+w1+w1+w1+w1+w1+w1+w1+w1+w1+w1+w1+w1+w1+w1+w1+w1",
        "404 /circuit?model=nowhere",
        "400 /circuit",
      })
  void whatCannotBeShownIsRefusedInWords(String asked) throws Exception {
    int status = Integer.parseInt(asked.substring(0, 3));
    HttpResponse<String> answer = bench.get(asked.substring(4));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    assertThat(answer.body()).contains("</html>").contains("role=\"alert\"");
  }

  @Test
  void theListIsNarrowedToAModelOrAFolder() throws Exception {
    assertThat(bench.get("/features?model=other").body()).doesNotContain("features/block-0");
    assertThat(bench.get("/features?model=model").body()).contains("features/block-0");
    assertThat(bench.get("/features?under=features%2Fblock-1").body())
        .contains("features/block-1")
        .doesNotContain("features/block-0");
    assertThat(bench.get("/features?under=..").statusCode()).isEqualTo(404);
  }

  @Test
  void theListOfADictionaryShowsItsFeatures() throws Exception {
    try (FeatureIndex index = FeatureIndex.open(features.resolve("block-0"))) {
      String body = bench.get("/dictionary?index=features/block-0").body();
      for (FeatureIndex.Row row : index.page(FeatureIndex.Sort.DENSITY, 0, 40)) {
        assertThat(body).contains("id=%d\">%d</a>".formatted(row.feature(), row.feature()));
      }
      assertThat(body).contains("50 features, page 1 of 2").contains("640 tokens");
      String found = bench.get("/dictionary?index=features/block-0&text=w3").body();
      assertThat(found)
          .contains(index.search("w3", FeatureIndex.By.PEAK).size() + " features")
          .contains("“w3”");
    }
  }

  @Test
  void aCircuitLeadsToThePagesOfItsFeaturesAndIsPruned() throws Exception {
    String all = bench.get("/circuit?index=features/block-0&prompt=w1+w2+w3&least=0").body();
    Matcher links = Pattern.compile("<a href=\"(/feature\\?index=[^\"]*)\">").matcher(all);
    assertThat(links.find()).isTrue();
    assertThat(bench.get(links.group(1).replace("&amp;", "&")).statusCode()).isEqualTo(200);
    String few = bench.get("/circuit?index=features/block-0&prompt=w1+w2+w3&least=80").body();
    assertThat(drawn(few)).isLessThan(drawn(all)).isPositive();
  }

  private static int drawn(String body) {
    Matcher m = Pattern.compile("(\\d+) of \\d+ edges").matcher(body);
    assertThat(m.find()).isTrue();
    return Integer.parseInt(m.group(1));
  }

  @Test
  void anIndexThatIsWrittenAnewIsReadAnewWhileOthersRead() throws Exception {
    Path model = folder.resolve("shown/model");
    Path grows = features.resolve("grows");
    index(model, 0, grows, 64, Progress.stoppable(new AfterLooks(1)));
    assertThat(bench.get("/dictionary?index=features/grows").body())
        .contains("256 tokens of 1,024");
    AtomicBoolean done = new AtomicBoolean();
    try (ExecutorService readers = Executors.newVirtualThreadPerTaskExecutor()) {
      Callable<Integer> reads =
          () -> {
            int count = 0;
            Random random = new Random(count);
            while (!done.get()) {
              HttpResponse<String> answer =
                  bench.get("/feature?index=features/grows&id=" + random.nextInt(50));
              assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
              count++;
            }
            return count;
          };
      List<Future<Integer>> all = List.of(readers.submit(reads), readers.submit(reads));
      index(model, 0, grows, 64, Progress.stoppable(new AfterLooks(2)));
      index(model, 0, grows, 64, Progress.silent());
      done.set(true);
      for (Future<Integer> one : all) {
        one.get();
      }
    }
    assertThat(bench.get("/dictionary?index=features/grows").body()).contains("1,024 tokens:");
  }

  /** Says stop at the look after so many. */
  private static final class AfterLooks implements java.util.function.BooleanSupplier {
    private int left;

    AfterLooks(int looks) {
      left = looks;
    }

    @Override
    public boolean getAsBoolean() {
      return left-- <= 0;
    }
  }

  @Test
  void aDamagedIndexIsRefusedAndTheOthersStay() throws Exception {
    Path bad = Files.createDirectories(features.resolve("bad"));
    Files.writeString(FeatureIndex.file(bad), "not an index");
    HttpResponse<String> answer = bench.get("/dictionary?index=features/bad");
    assertThat(answer.statusCode()).isEqualTo(422);
    assertThat(answer.body()).contains("features.safetensors");
    assertThat(bench.get("/features").body()).contains("features/block-1");
  }

  @Test
  void dictionariesAreMadeByAJob() throws Exception {
    String form = "&model=model&text=&layers=all&kind=transcoder&steps=20";
    assertThat(bench.post("/features/make", form).statusCode()).isEqualTo(403);
    form = "csrf=" + bench.formToken() + form;
    assertThat(bench.post("/features/make", form.replace("all", "0,x")).statusCode())
        .isEqualTo(400);
    assertThat(bench.post("/features/make", form.replace("steps=20", "steps=0")).statusCode())
        .isEqualTo(400);
    assertThat(bench.post("/features/make", form.replace("=model&", "=nowhere&")).statusCode())
        .isEqualTo(404);
    HttpResponse<String> made = bench.post("/features/make", form);
    assertThat(made.statusCode()).isEqualTo(302);
    assertThat(made.headers().firstValue("Location").orElse("")).isEqualTo("/features?model=model");
  }
}
