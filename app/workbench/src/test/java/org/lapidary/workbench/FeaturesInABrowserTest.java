package org.lapidary.workbench;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The feature pages in the system's Chromium, where there is one. */
class FeaturesInABrowserTest {
  private static final List<Path> CHROMIUM =
      List.of(
          Path.of("/usr/bin/chromium"),
          Path.of("/usr/bin/chromium-browser"),
          Path.of("/usr/bin/google-chrome"));

  @TempDir static Path folder;
  private static SmallBench bench;
  private static Playwright playwright;
  private static Browser browser;

  @BeforeAll
  static void start() throws IOException {
    Path chromium = CHROMIUM.stream().filter(Files::isExecutable).findFirst().orElse(null);
    assumeThat(chromium).as("Chromium").isNotNull();
    bench = new SmallBench(folder);
    for (int layer = 0; layer < 2; layer++) {
      FeaturePagesTest.index(
          folder.resolve("shown/model"),
          layer,
          folder.resolve("shown/features/block-" + layer),
          40,
          org.lapidary.evidence.Progress.silent());
    }
    playwright =
        Playwright.create(
            new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
    browser =
        playwright
            .chromium()
            .launch(
                new BrowserType.LaunchOptions()
                    .setExecutablePath(chromium)
                    .setArgs(List.of("--no-sandbox")));
  }

  @AfterAll
  static void stop() {
    if (playwright != null) {
      playwright.close();
      bench.close();
      assertThat(bench.faults).isEmpty();
    }
  }

  private static Page open(String path, List<String> complaints) {
    Page page = browser.newPage();
    page.onConsoleMessage(m -> {
      if (m.type().equals("error") && !m.text().contains("status of 4")) {
        complaints.add(m.text());
      }
    });
    page.onPageError(complaints::add);
    page.navigate(bench.at(path).toString());
    return page;
  }

  @Test
  void aFeatureIsFoundOpenedAndHeld() {
    List<String> complaints = new ArrayList<>();
    Page page = open("/features", complaints);
    page.getByText("features/block-1").click();
    page.locator("#text").fill("w3");
    assertThat(page.locator("#rows")).containsText("“w3”");
    assertThat(page).hasURL(Pattern.compile(".*text=w3.*"));
    page.locator("#rows td a").first().click();
    assertThat(page.locator("h1")).containsText("Feature");
    assertThat(page.locator(".tokens .p").first()).isVisible();
    assertThat(page.locator(".chart svg").first()).isVisible();
    page.locator("input[type=range]").focus();
    page.keyboard().press("ArrowLeft");
    assertThat(page.locator("#held")).containsText("Continued with the feature held");
    assertThat(complaints).isEmpty();
    page.close();
  }

  @Test
  void textIsTypedAndSeenToFire() {
    List<String> complaints = new ArrayList<>();
    Page page = open("/fires?index=features/block-0", complaints);
    page.locator("#text").fill("w1 w2 w3");
    assertThat(page.locator("#fired")).containsText("Token by token");
    page.locator(".chip").first().click();
    assertThat(page.locator("h1")).containsText("Feature");
    page.goBack();
    assertThat(page.locator("#fired")).containsText("Token by token");
    assertThat(complaints).isEmpty();
    page.close();
  }

  @Test
  void aCircuitIsPrunedByTheSliderAndLeadsToAFeature() {
    List<String> complaints = new ArrayList<>();
    Page page = open("/circuit?index=features/block-0&prompt=w1+w2+w3&least=0", complaints);
    int all = page.locator("svg .edges > g").count();
    page.locator("input[name=least]").focus();
    page.keyboard().press("End");
    assertThat(page).hasURL(Pattern.compile(".*least=100.*"));
    assertThat(page.locator("#traced")).containsText("at least 100 %");
    assertThat(page.locator("svg .edges > g").count()).isLessThan(all).isPositive();
    page.navigate(bench.at("/circuit?index=features/block-0&prompt=w1+w2+w3&least=0").toString());
    page.locator("svg a").first().click();
    assertThat(page.locator("h1")).containsText("Feature");
    assertThat(complaints).isEmpty();
    page.close();
  }
}
