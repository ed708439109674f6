package org.lapidary.cli;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.options.ColorScheme;
import com.microsoft.playwright.options.LoadState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lapidary.catalog.Catalog;
import org.lapidary.catalog.House;
import org.lapidary.data.WordVocabulary;
import org.lapidary.io.model.HuggingFace;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Rng;
import org.lapidary.workbench.Bench;
import org.lapidary.workbench.Workbench;
import org.lapidary.workbench.features.FeaturePages;

/** The pages as a person uses them: the system's Chromium on the assay of a small model. */
class BrowserTest {
  private static final int WAIT = 45_000; // ms; the machine may be busy

  /** What makes a page scroll sideways; empty if nothing does. */
  private static final String WIDE =
      """
      () => {
        const wide = document.documentElement.clientWidth;
        if (document.documentElement.scrollWidth <= wide) return '';
        return document.documentElement.scrollWidth + ' for ' + wide + ': ' + [...document.querySelectorAll('main *')]
          .filter(e => e.getBoundingClientRect().right > wide && !e.closest('.scroll'))
          .map(e => e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 40)).join('; ');
      }\
      """;

  @TempDir static Path folder;
  private static final List<Exception> FAULTS = Collections.synchronizedList(new ArrayList<>());
  private static Playwright playwright;
  private static Browser browser;
  private static Workbench workbench;

  private final List<String> complaints = new ArrayList<>();
  private BrowserContext context;
  private Page page;

  private static Path chromium() {
    return Stream.of("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
        .map(Path::of)
        .filter(Files::isExecutable)
        .findFirst()
        .orElse(null);
  }

  @BeforeAll
  static void serve() throws Exception {
    Path program = chromium();
    assumeTrue(program != null, "there is no Chromium here; apt install chromium");
    Path shown = Files.createDirectories(folder.resolve("shown"));
    Path home = Files.createDirectories(folder.resolve("home"));
    write(shown.resolve("model"), 0);
    write(shown.resolve("other"), 1);
    Random random = new Random(1);
    Path text =
        Files.writeString(
            shown.resolve("text.txt"),
            IntStream.range(0, 6000)
                .mapToObj(i -> "w" + random.nextInt(12))
                .collect(Collectors.joining(" ")));
    ProcessBuilder assay =
        ServeCommand.command(
            List.of(
                "assay",
                shown.resolve("model").toString(),
                "--text",
                text.toString(),
                "--quick",
                "--out",
                shown.resolve("assay").toString()));
    assay.environment().put("LAPIDARY_HOME", home.toString());
    Path log = folder.resolve("assay.log");
    assertThat(assay.redirectErrorStream(true).redirectOutput(log.toFile()).start().waitFor())
        .as(Files.readString(log))
        .isZero();
    workbench =
        Workbench.start(
            "localhost",
            0,
            Bench.open(
                Catalog.load(),
                new House(folder),
                home,
                List.of(shown),
                ServeCommand::command,
                FAULTS::add),
            FeaturePages::new);
    playwright =
        Playwright.create(
            new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
    browser =
        playwright
            .chromium()
            .launch(
                new BrowserType.LaunchOptions()
                    .setExecutablePath(program)
                    .setArgs(List.of("--no-sandbox")));
  }

  private static void write(Path place, long seed) throws IOException {
    WordVocabulary words =
        new WordVocabulary(IntStream.range(0, 12).mapToObj(i -> "w" + i).toList(), 0);
    Model made = Model.random(DecoderConfig.gpt(12, 16, 2, 2, 16, "relu"), new Rng(seed));
    HuggingFace.save(made.withTokenizer(words), place);
  }

  @AfterAll
  static void end() {
    if (playwright != null) {
      playwright.close();
    }
    if (workbench != null) {
      workbench.close();
    }
    assertThat(FAULTS).isEmpty();
  }

  @BeforeEach
  void open() {
    context = browser.newContext(new Browser.NewContextOptions().setViewportSize(1280, 900));
    context.setDefaultTimeout(WAIT);
    page = context.newPage();
    page.onConsoleMessage(message -> {
      if (message.type().equals("error") && !message.text().contains("status of 4")) {
        complaints.add(message.text());
      }
    });
    page.onPageError(complaints::add);
  }

  @AfterEach
  void nothingWasWrongInTheBrowser() {
    context.close();
    assertThat(complaints).isEmpty();
  }

  private void go(String path) {
    page.navigate(workbench.address().resolve(path).toString());
  }

  /** Waits for something to be there. */
  private Locator see(String selector) {
    Locator locator = page.locator(selector).first();
    locator.waitFor();
    return locator;
  }

  @Test
  void theCatalogIsFilteredWhileOneTypes() {
    go("/methods");
    page.locator("#text").fill("dsnot");
    see("#rows p:has-text('1 of 221')");
    page.locator("#rows a:has-text('dsnot')").first().click();
    see("h2:has-text('Claim and measurement')");
    assertThat(page.url()).endsWith("/methods/dsnot");
  }

  @Test
  void aReproductionRunsToItsEnd() {
    go("/methods/neural-circuit-diagrams");
    page.locator("button:has-text('Run it now')").click();
    see("h1:has-text('reproduce neural-circuit-diagrams')");
    see(".mark.ok");
    see("td:has-text('library against the workbench')");
  }

  @Test
  void aRunIsStopped() {
    go("/methods/codebook-features");
    page.locator("select[name=size]").selectOption("full");
    page.locator("button:has-text('Run it now')").click();
    see("progress");
    see("text=reproduce codebook-features");
    page.locator("button:has-text('Stop it')").click();
    see(".mark.stopped");
    assertThat(page.locator("button:has-text('Stop it')").count()).isZero();
  }

  @Test
  void twoRunsAreCompared() {
    for (int i = 0; i < 2; i++) {
      go("/methods/neural-circuit-diagrams");
      page.locator("button:has-text('Run it now')").click();
      see(".mark.ok");
    }
    go("/runs");
    page.locator("tr:has-text('neural-circuit-diagrams') input[type=checkbox]").nth(0).check();
    page.locator("tr:has-text('neural-circuit-diagrams') input[type=checkbox]").nth(1).check();
    page.locator("button:has-text('Compare the marked')").click();
    see("table");
    assertThat(page.url()).contains("/runs/compare?id=");
  }

  @Test
  void anActivationIsPatched() {
    go("/model?model=model&look=patch");
    page.locator("input[name=from]").fill("w1 w2 w3");
    page.locator("input[name=into]").fill("w4 w2 w3");
    page.locator("button:has-text('Look')").click();
    see("#result .chart canvas");
    page.locator("input[name=position]").fill("1");
    page.locator("button:has-text('Look')").click();
    see("#result th:has-text('patched')");
    page.locator("input[name=into]").fill("w4");
    page.locator("button:has-text('Look')").click();
    assertThat(see("#result .fault")).containsText("equal length");
  }

  @Test
  void aFeatureIsOpenedAndTextShowsWhatFires() {
    go("/features");
    page.locator("main a[href*='/dictionary']").first().click();
    see("table.features");
    page.locator("table.features a[href*='/feature']").first().click();
    see("h1");
    page.locator("a:has-text('What fires')").click();
    page.locator("#text").fill("w1 w2 w3 w4");
    see("#fired table.features a");
  }

  @Test
  void aFeatureIsFoundByATokenAndHeld() {
    go("/dictionary?index=assay/features/block-1-transcoder");
    page.locator("#text").fill("w3");
    see("#rows:has-text('“w3”')");
    assertThat(page.url()).contains("text=w3");
    page.locator("#rows td a").first().click();
    see("h1:has-text('Feature')");
    see(".tokens .p");
    page.locator("input[type=range]").focus();
    page.keyboard().press("ArrowLeft");
    see("#held:has-text('Continued with the feature held')");
  }

  @Test
  void aCircuitIsPrunedByItsSliderAndLeadsToItsFeatures() {
    String all = "/circuit?index=assay/features/block-1-transcoder&prompt=w1+w2+w3&least=0";
    go(all);
    int edges = page.locator("svg .edges > g").count();
    page.locator("input[name=least]").focus();
    page.keyboard().press("End");
    see("#traced:has-text('at least 100 %')");
    assertThat(page.locator("svg .edges > g").count()).isPositive().isLessThan(edges);
    assertThat(page.url()).contains("least=100");
    go(all);
    page.locator("svg a").first().click();
    see("h1:has-text('Feature')");
  }

  @Test
  void aNodeOfTheGraphSaysWhatItIs() {
    go("/model?model=model");
    see("#result .drawing .node").click();
    assertThat(page.locator(".drawing + p").first()).not().isEmpty();
    double before = page.locator(".drawing svg").first().boundingBox().width;
    page.locator(".zoom button:has-text('+')").first().click();
    assertThat(page.locator(".drawing svg").first().boundingBox().width).isGreaterThan(before);
  }

  @Test
  void twoModelsStandBesideEachOther() {
    go("/diff");
    page.locator("input[name=a]").fill("model");
    page.locator("input[name=b]").fill("other");
    page.locator("button:has-text('Compare')").click();
    see("#result figure");
  }

  /**
   * Every page at the width of a desk and of a phone, light and dark, without scrolling sideways.
   */
  @Test
  void everyPageFitsItsScreen() throws IOException {
    Path pictures =
        Files.createDirectories(
            Path.of(
                System.getProperty("lapidary.pictures", folder.resolve("pictures").toString())));
    Map<String, String> pages =
        Map.of(
            "home", "/",
            "methods", "/methods?area=interpret",
            "method", "/methods/dsnot",
            "runs", "/runs",
            "models", "/models",
            "model", "/model?model=model",
            "attention", "/model?model=model&look=attention&go=1&prompt=w1+w2+w3&layer=0",
            "features", "/features",
            "reports", "/reports",
            "report", "/report?path=assay/report.json");
    for (ColorScheme scheme : List.of(ColorScheme.LIGHT, ColorScheme.DARK)) {
      for (int width : List.of(1280, 390)) {
        page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(scheme));
        page.setViewportSize(width, 900);
        for (Map.Entry<String, String> each : pages.entrySet()) {
          go(each.getValue());
          page.waitForLoadState(LoadState.LOAD);
          assertThat(page.evaluate(WIDE)).as("%s at %d", each.getKey(), width).isEqualTo("");
          page.screenshot(
              new Page.ScreenshotOptions()
                  .setPath(
                      pictures.resolve(
                          "%s-%d-%s.png"
                              .formatted(each.getKey(), width, scheme.name().toLowerCase()))));
        }
      }
    }
  }

  @Test
  void everythingCanBeReadWithoutScripts() {
    try (BrowserContext plain =
        browser.newContext(new Browser.NewContextOptions().setJavaScriptEnabled(false))) {
      Page bare = plain.newPage();
      bare.navigate(workbench.address().resolve("/methods?text=dsnot").toString());
      assertThat(bare.locator("#rows")).containsText("1 of 221");
      bare.navigate(
          workbench
              .address()
              .resolve("/model?model=model&look=attention&go=1&prompt=w1+w2&layer=0")
              .toString());
      assertThat(bare.locator("#result table").first()).containsText(Pattern.compile("0\\.\\d+"));
    }
  }
}
