package org.lapidary.workbench;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A workbench that others can reach asks who they are. */
class TokenTest {
  @TempDir Path folder;

  @Test
  void theTokenIsTakenOnceAndThenACookieServes() throws Exception {
    try (SmallBench bench = new SmallBench(folder, "0.0.0.0")) {
      String token = bench.workbench.token().orElseThrow();
      assertThat(bench.get("/").statusCode()).isEqualTo(401);
      assertThat(bench.get("/?token=" + "0".repeat(token.length())).statusCode()).isEqualTo(401);
      HttpResponse<String> first = bench.get("/methods?token=" + token);
      assertThat(first.statusCode()).isEqualTo(302);
      assertThat(first.headers().firstValue("Location").orElseThrow()).endsWith("/methods");
      String cookie = first.headers().firstValue("Set-Cookie").orElseThrow();
      assertThat(cookie).contains("HttpOnly").contains("SameSite=Strict").doesNotContain(token);
      HttpRequest next =
          HttpRequest.newBuilder(bench.at("/methods"))
              .header("Cookie", cookie.substring(0, cookie.indexOf(';')))
              .build();
      assertThat(bench.client.send(next, HttpResponse.BodyHandlers.ofString()).statusCode())
          .isEqualTo(200);
    }
  }

  @Test
  void thisMachineAloneNeedsNone() throws Exception {
    try (SmallBench bench = new SmallBench(folder, "127.0.0.1")) {
      assertThat(bench.workbench.token()).isEmpty();
    }
  }
}
