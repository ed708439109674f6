package org.lapidary.workbench;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the pages answer to good and bad requests. */
class WorkbenchTest {
  @TempDir static Path folder;
  private static SmallBench bench;

  @BeforeAll
  static void start() throws IOException {
    bench = new SmallBench(folder);
  }

  @AfterAll
  static void stop() {
    bench.close();
    bench.faults.forEach(Throwable::printStackTrace);
    assertThat(bench.faults).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/",
        "/methods",
        "/methods/dsnot",
        "/runs",
        "/models",
        "/reports",
        "/diff",
        "/model?model=model",
        "/model?model=model&look=next&go=1&prompt=w1+w2",
        "/model?model=model&look=attention&go=1&prompt=w1+w2&layer=1",
        "/model?model=model&look=patch&go=1&from=w1+w2&into=w3+w2&site=blocks.*.hook_resid_post",
        "/model?model=model&look=patch&go=1&from=w1+w2&into=w3+w2&site=blocks.0.hook_resid_post&position=1",
        "/model?model=model&look=circuit&go=1&prompt=w1+w2&seed=0",
        "/model?model=model&look=attribute&go=1&clean=w1+w2&corrupt=w3+w2&plus=w4&minus=w5",
        "/model?model=model&look=depth&go=1&seed=0",
        "/model?model=model&look=sparsity&go=1&seed=0",
        "/model?model=model&look=probe&go=1&token=w3&seed=0",
        "/model?model=model&look=compare&go=1&with=other&seed=0",
        "/model?model=model&look=anatomy",
        "/work?model=model",
        "/diff?a=model&b=other",
        "/report?path=first/report.json",
        "/report?path=first/report.json&against=second/report.json",
        "/report.html?path=first/report.json",
      })
  void pagesAreThere(String path) throws Exception {
    HttpResponse<String> answer = bench.get(path);
    assertThat(answer.body()).doesNotContain("role=\"alert\"");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(answer.body()).contains("</html>").doesNotContain(SmallBench.HOSTILE);
  }

  @Test
  void theCatalogIsFiltered() throws Exception {
    assertThat(bench.get("/methods?area=compress&text=dsnot").body())
        .contains("1 of 221")
        .contains("/methods/dsnot")
        .doesNotContain("/methods/transcoder");
  }

  @Test
  void theDifferenceOfTwoReportsBeginsWithWhatDiffers() throws Exception {
    String page = bench.get("/report?path=first/report.json&against=second/report.json").body();
    assertThat(page.indexOf("1.5")).isPositive().isLessThan(page.indexOf("parameters"));
    assertThat(page).contains("2.5").contains("data-v=\"1.0\"");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/nothing",
        "/methods/dsnott",
        "/model?model=missing",
        "/model?model=../secret.txt",
        "/model?model=/etc/passwd",
        "/report?path=../secret.txt",
        "/runs/20200101-000000-aaaa",
        "/model?model=model&look=nonsense",
        "/assets/../Gate.class",
        "/assets/none.css"
      })
  void whatIsNotThereIsNotFound(String path) throws Exception {
    HttpResponse<String> answer = bench.get(path);
    assertThat(answer.statusCode()).isEqualTo(404);
    assertThat(answer.body()).doesNotContain("not for you");
  }

  @Test
  void aLinkOutOfTheFoldersIsNotFollowed() throws Exception {
    Path link = folder.resolve("shown/way-out");
    Files.createSymbolicLink(link, folder.resolve("secret.txt"));
    assertThat(bench.get("/report?path=way-out").statusCode()).isEqualTo(404);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "look=attention&go=1&prompt=w1&layer=9",
        "look=attention&go=1&prompt=w1&layer=x",
        "look=next&go=1&prompt=w1+w1+w1+w1+w1+w1+w1+w1+w1+w1+w1+w1+w1+w1+w1+w1+w1+w1",
        "look=patch&go=1&from=w1+w2&into=w1&site=blocks.0.hook_resid_post",
        "look=patch&go=1&from=w1&into=w2&site=blocks.0.hook_nothing",
        "look=patch&go=1&from=w1+w2&into=w3+w2&site=blocks.0.attn.hook_pattern",
        "look=probe&go=1&token=unheard&seed=0",
      })
  void aLookThatCannotBeSaysWhy(String query) throws Exception {
    HttpResponse<String> answer = bench.get("/model?model=model&" + query);
    assertThat(answer.statusCode()).isBetween(400, 422);
    assertThat(answer.body()).contains("role=\"alert\"");
  }

  @Test
  void tokensAreShownAsText() throws Exception {
    String page =
        bench
            .get("/model?model=model&look=next&go=1&prompt=%3Cscript%3Ealert(1)%3C/script%3E")
            .body();
    assertThat(page).doesNotContain(SmallBench.HOSTILE).contains("&lt;script&gt;");
  }

  @Test
  void everyAnswerForbidsForeignScripts() throws Exception {
    for (String path : List.of("/", "/nothing", "/assets/none.css", "/methods")) {
      assertThat(bench.get(path).headers().firstValue("Content-Security-Policy").orElse(""))
          .contains("script-src 'self'")
          .contains("frame-ancestors 'none'");
    }
  }

  @Test
  void pagesHaveNoScriptsOrStylesInThem() throws Exception {
    String page = bench.get("/model?model=model&look=attention&go=1&prompt=w1+w2&layer=0").body();
    assertThat(page.replaceAll("<script (src|type=\"application/json\")", ""))
        .doesNotContain("<script");
    assertThat(page).doesNotContain("<style").doesNotContain(" onclick");
  }

  @Test
  void changingSomethingNeedsTheTokenOfOurForms() throws Exception {
    String job = "id=dsnot&size=smoke";
    assertThat(bench.post("/jobs/reproduce", job).statusCode()).isEqualTo(403);
    assertThat(bench.post("/jobs/reproduce", job + "&csrf=0000").statusCode()).isEqualTo(403);
    assertThat(
            bench
                .client
                .send(
                    HttpRequest.newBuilder(bench.at("/jobs/reproduce"))
                        .header("X-CSRF-Token", bench.formToken())
                        .header("Origin", "http://elsewhere.example")
                        .POST(HttpRequest.BodyPublishers.ofString(job))
                        .build(),
                    HttpResponse.BodyHandlers.ofString())
                .statusCode())
        .isEqualTo(403);
  }

  @Test
  void aJobIsStartedShownAndStopped() throws Exception {
    String csrf = "&csrf=" + bench.formToken();
    HttpResponse<String> started = bench.post("/jobs/reproduce", "id=dsnot&size=smoke" + csrf);
    assertThat(started.statusCode()).isEqualTo(302);
    String run = started.headers().firstValue("Location").orElseThrow();
    for (int i = 0; i < 50 && !bench.get(run).body().contains("begun"); i++) {
      Thread.sleep(100);
    }
    assertThat(bench.get(run).body())
        .contains("reproduce dsnot")
        .contains("begun")
        .contains("Stop it");
    assertThat(bench.post(run + "/stop", csrf).statusCode()).isEqualTo(302);
    for (int i = 0; i < 50 && bench.get(run).body().contains("Stop it"); i++) {
      Thread.sleep(100);
    }
    assertThat(bench.get(run).body()).contains("stopped").doesNotContain("Stop it");
  }

  @Test
  void workIsRefusedOutsideTheFoldersAndWithOptionsForValues() throws Exception {
    String csrf = "&csrf=" + bench.formToken();
    for (String form :
        List.of("model=../secret.txt", "model=model&budget=--out", "model=model&budget=%24(id)")) {
      assertThat(bench.post("/jobs/assay", form + csrf).statusCode()).as(form).isBetween(400, 404);
    }
    assertThat(
            bench
                .post("/jobs/compare", "model=model&task=compress&methods=a;b" + csrf)
                .statusCode())
        .isEqualTo(400);
  }

  @Test
  void threeHundredClientsThatSendNothingHoldNobodyUp() throws Exception {
    List<Socket> idle = new ArrayList<>();
    try {
      for (int i = 0; i < 300; i++) {
        Socket socket = new Socket("localhost", bench.workbench.address().getPort());
        socket
            .getOutputStream()
            .write("POST /models/upload HTTP/1.1\r\nHost: loc".getBytes(ISO_8859_1));
        idle.add(socket);
      }
      long start = System.nanoTime();
      assertThat(bench.get("/methods").statusCode()).isEqualTo(200);
      assertThat((System.nanoTime() - start) / 1e9).isLessThan(5);
    } finally {
      for (Socket socket : idle) {
        socket.close();
      }
    }
  }

  @Test
  void anotherSitesNameForThisMachineIsRefused() throws Exception {
    assertThat(
            bench.raw(
                "GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
                    .getBytes(ISO_8859_1)))
        .contains("421");
    assertThat(
            bench.raw(
                "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                    .getBytes(ISO_8859_1)))
        .contains("200");
  }

  private static HttpResponse<String> upload(String name, String file, byte[] content)
      throws Exception {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    String part = "--b\r\nContent-Disposition: form-data; name=\"%s\"%s\r\n\r\n";
    body.write(part.formatted("csrf", "").getBytes(ISO_8859_1));
    body.write((bench.formToken() + "\r\n").getBytes(ISO_8859_1));
    body.write(part.formatted("name", "").getBytes(ISO_8859_1));
    body.write((name + "\r\n").getBytes(ISO_8859_1));
    body.write(part.formatted("files", "; filename=\"" + file + "\"").getBytes(ISO_8859_1));
    body.write(content);
    body.write("\r\n--b--\r\n".getBytes(ISO_8859_1));
    return bench.client.send(
        HttpRequest.newBuilder(bench.at("/models/upload"))
            .header("Content-Type", "multipart/form-data; boundary=b")
            .POST(HttpRequest.BodyPublishers.ofByteArray(body.toByteArray()))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  @Test
  void whatIsNoModelIsNotKept() throws Exception {
    for (String file : List.of("config.json", "model.bin", "../../evil", ".hidden", "a/b")) {
      HttpResponse<String> answer = upload("broken", file, "{}".getBytes(ISO_8859_1));
      assertThat(answer.statusCode()).as(file).isBetween(400, 422);
    }
    assertThat(upload("../up", "config.json", new byte[3]).statusCode()).isEqualTo(400);
    try (var left = Files.list(folder.resolve("home/uploads"))) {
      assertThat(left).isEmpty();
    }
    assertThat(folder.resolve("home/evil")).doesNotExist();
  }

  @Test
  void tenThousandBrokenRequestsAndNoFaultOfOurs() throws Exception {
    Random random = new Random(1);
    String whole =
        "GET /model?model=model&look=patch&go=1&from=w1&into=w2&site=blocks.0.hook_resid_post&position=1 HTTP/1.1\r\n"
            + "Host: localhost\r\nAccept: */*\r\nConnection: close\r\nX-CSRF-Token: 12\r\nContent-Length: 7\r\n\r\nid=%zz&";
    String alphabet = "%/?&=:\r\n\0\u00ff {}[]<>'\"\\.;,0aZ*-";
    for (int i = 0; i < 10_000; i++) {
      StringBuilder broken =
          new StringBuilder(random.nextInt(4) == 0 ? whole.replace("GET", "POST") : whole);
      int cuts = 1 + random.nextInt(6);
      for (int k = 0; k < cuts; k++) {
        int at = random.nextInt(broken.length());
        switch (random.nextInt(3)) {
          case 0 -> broken.setCharAt(at, alphabet.charAt(random.nextInt(alphabet.length())));
          case 1 -> broken.insert(at, alphabet.charAt(random.nextInt(alphabet.length())));
          default -> broken.deleteCharAt(at);
        }
      }
      String line = bench.raw(broken.toString().getBytes(ISO_8859_1));
      assertThat(line).as(broken.toString()).doesNotContain(" 500 ");
    }
    assertThat(bench.get("/").statusCode()).isEqualTo(200);
  }
}
