package org.lapidary.workbench;

import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.javalin.http.sse.SseClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.lapidary.catalog.runs.Filter;
import org.lapidary.catalog.runs.LogLine;
import org.lapidary.catalog.runs.Run;
import org.lapidary.catalog.runs.RunComparison;
import org.lapidary.catalog.runs.RunProgress;
import org.lapidary.catalog.runs.RunReport;
import org.lapidary.catalog.runs.RunStatus;
import org.lapidary.catalog.runs.RunSummary;
import org.lapidary.interpret.features.FeatureIndex;
import org.lapidary.report.HtmlParts;
import org.lapidary.report.Report;

/** The runs of this machine: a live list, a page for each, and what starts and stops them. */
final class RunPages implements Pages {
  private static final String TAB = "runs";
  private static final int A_PAGE = 50;
  private static final int MOST_COMPARED = 12;
  private static final int MOST_LISTENERS = 100;
  private static final Duration LOOK = Duration.ofSeconds(1);
  private static final Duration LISTENING = Duration.ofMinutes(10); // then the browser asks anew
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT)
          .withZone(ZoneId.systemDefault());

  private final Bench bench;
  private final Templates templates;
  private final Semaphore listeners = new Semaphore(MOST_LISTENERS);

  RunPages(Bench bench, Templates templates) {
    this.bench = bench;
    this.templates = templates;
  }

  @Override
  public void routes(RoutesConfig routes) {
    routes.get("/runs", this::list);
    routes.sse("/runs/events", client -> listen(client, this::stateOfAll));
    routes.get("/runs/compare", this::compare);
    routes.get("/runs/{id}", this::one);
    routes.sse("/runs/{id}/events", this::listenToOne);
    routes.post("/runs/{id}/stop", this::stop);
  }

  /**
   * A run in the list.
   *
   * @param share done, from 0 to 100, or -1 where it is not known
   */
  public record Listed(
      String id,
      String command,
      String words,
      String status,
      String start,
      String took,
      String progress,
      int share) {
    static Listed of(RunSummary run) {
      RunProgress progress = run.progress();
      boolean running = run.status() == RunStatus.RUNNING;
      return new Listed(
          run.id(),
          run.command(),
          String.join(" ", run.argv()),
          run.status().word(),
          TIME.format(run.start()),
          RunReport.took(run.duration()),
          progress == null || !running ? "" : RunReport.words(progress),
          progress == null || !running || Double.isNaN(progress.share())
              ? -1
              : (int) (100 * progress.share()));
    }

    static Listed of(Jobs.Job job) {
      return new Listed(
          job.id(),
          job.arguments().getFirst(),
          String.join(" ", job.arguments()),
          "queued",
          "",
          "",
          "",
          -1);
    }
  }

  /** What the list was narrowed to. */
  public record Narrowed(String text, String status, String command, int page) {}

  private void list(Context ctx) {
    Narrowed narrowed =
        new Narrowed(
            Typed.or(ctx, "text", "").strip(),
            Typed.or(ctx, "status", ""),
            Typed.or(ctx, "command", ""),
            Typed.number(ctx, "page", 1, 1, 1_000_000));
    Filter filter =
        Filter.all()
            .withText(narrowed.text().isEmpty() ? null : narrowed.text())
            .withStatus(narrowed.status().isEmpty() ? null : RunStatus.of(narrowed.status()))
            .withCommand(narrowed.command().isEmpty() ? null : narrowed.command())
            .withPage(A_PAGE, (narrowed.page() - 1) * A_PAGE);
    String seen = stateOfAll();
    RunBook.Found found = bench.runs().list(filter);
    List<Listed> rows = new ArrayList<>();
    if (narrowed.page() == 1) {
      bench.jobs().queued().forEach(job -> rows.add(Listed.of(job)));
    }
    found.runs().forEach(run -> rows.add(Listed.of(run)));
    templates.show(
        ctx,
        "runs.jte",
        "Runs",
        TAB,
        Map.of(
            "rows",
            rows,
            "narrowed",
            narrowed,
            "seen",
            seen,
            "count",
            found.count(),
            "pages",
            (int) Math.max(1, (found.count() + A_PAGE - 1) / A_PAGE)));
  }

  private void compare(Context ctx) {
    List<String> ids = ctx.queryParams("id");
    if (ids.size() < 2 || ids.size() > MOST_COMPARED) {
      throw new Refused(
          400,
          "mark between two and %d runs to compare; %d are marked"
              .formatted(MOST_COMPARED, ids.size()));
    }
    Report report = RunComparison.of(ids.stream().map(bench.runs()::run).toList());
    templates.show(
        ctx,
        "runs-compare.jte",
        report.title(),
        TAB,
        Map.of(
            "title",
            report.title(),
            "subtitle",
            report.subtitle(),
            "body",
            report.sections().stream().map(HtmlParts::section).collect(Collectors.joining())));
  }

  /**
   * Something a run wrote.
   *
   * @param path as it was written
   * @param link to its page, or empty where it has none
   */
  public record Wrote(String path, String link) {}

  /** A name and its value. */
  public record Pair(String name, String value) {}

  /**
   * A run's page.
   *
   * @param stoppable whether it can be stopped from here
   * @param seen the state it was drawn from
   * @param body figures and sections as HTML
   * @param log the last lines it said
   * @param error why it failed, or empty
   */
  public record Shown(
      Listed run,
      boolean stoppable,
      String seen,
      String body,
      List<Wrote> wrote,
      List<Pair> facts,
      String log,
      String error) {}

  private void one(Context ctx) {
    String id = ctx.pathParam("id");
    String seen = stateOf(id);
    Optional<Jobs.Job> job = bench.jobs().find(id);
    boolean waiting =
        job.isPresent() && bench.runs().list(Filter.all().withText(id)).runs().isEmpty();
    Shown shown = waiting ? begun(job.orElseThrow(), seen) : shown(bench.runs().run(id), seen);
    templates.show(ctx, "run.jte", "Run " + shown.run().id(), TAB, Map.of("shown", shown));
  }

  /** A job whose process has not said anything yet. */
  private Shown begun(Jobs.Job job, String seen) {
    String status =
        switch (job.state()) {
          case QUEUED -> "queued";
          case RUNNING -> "running";
          case ENDED -> "stopped";
        };
    Listed listed =
        new Listed(
            job.id(),
            job.arguments().getFirst(),
            String.join(" ", job.arguments()),
            status,
            "",
            "",
            "",
            -1);
    return new Shown(
        listed,
        job.state() != Jobs.State.ENDED,
        seen,
        "",
        List.of(),
        List.of(),
        bench.jobs().log(job.id()),
        "");
  }

  private Shown shown(Run run, String seen) {
    Map<String, String> facts = new LinkedHashMap<>();
    if (!run.seeds().isEmpty()) {
      facts.put(
          "seeds", run.seeds().stream().map(String::valueOf).collect(Collectors.joining(", ")));
    }
    facts.putAll(run.settings());
    facts.put("machine", run.machine());
    facts.putAll(run.versions());
    run.fingerprints().forEach((path, print) -> facts.put("fingerprint of " + path, print));
    String printed = bench.jobs().log(run.id());
    String said = run.log().stream().map(LogLine::text).collect(Collectors.joining("\n"));
    String error = run.error();
    return new Shown(
        Listed.of(run.summary()),
        run.summary().status() == RunStatus.RUNNING,
        seen,
        RunFigures.html(run),
        run.artifacts().stream().flatMap(a -> wrote(a.path()).stream()).toList(),
        facts.entrySet().stream().map(e -> new Pair(e.getKey(), e.getValue())).toList(),
        printed.isEmpty() ? said : printed,
        error == null ? "" : error);
  }

  /** What an artifact is, and the features that lie in it. */
  private List<Wrote> wrote(String path) {
    Wrote itself = page(path);
    try {
      Path real = bench.folders().find(path);
      String name = Addresses.of(bench.folders().name(real));
      boolean some =
          Files.isDirectory(real)
              && bench.folders().found(p -> p.startsWith(real) && FeatureIndex.isAt(p)).stream()
                  .findAny()
                  .isPresent();
      if (some) {
        Wrote features = new Wrote("features in " + path, "/features?under=" + name);
        return itself.link().isEmpty() ? List.of(features) : List.of(itself, features);
      }
    } catch (Refused e) {
      return List.of(itself);
    }
    return List.of(itself);
  }

  private Wrote page(String path) {
    try {
      Path real = bench.folders().find(path);
      String name = Addresses.of(bench.folders().name(real));
      if (real.endsWith("report.json")) {
        return new Wrote(path, "/report?path=" + name);
      }
      if (Files.isDirectory(real) && Files.exists(real.resolve("report.json"))) {
        return new Wrote(path, "/report?path=" + name + "%2Freport.json");
      }
      if (org.lapidary.io.model.Models.looksLikeOne(real)) {
        return new Wrote(path, "/model?model=" + name);
      }
    } catch (Refused e) {
      return new Wrote(path, ""); // it is gone, or lies in no folder of ours
    }
    return new Wrote(path, "");
  }

  private void stop(Context ctx) {
    String id = ctx.pathParam("id");
    if (!bench.jobs().stop(id)) {
      Run run = bench.runs().run(id);
      if (run.summary().status() != RunStatus.RUNNING) {
        throw new Refused(409, "the run %s is over already".formatted(id));
      }
      // It holds the lock of its journal, so the process of that number is still its own.
      ProcessHandle.of(run.pid()).ifPresent(ProcessHandle::destroy);
    }
    ctx.redirect("/runs/" + id);
  }

  /** A short word for how all runs stand; another word when something has changed. */
  private String stateOfAll() {
    return word(state(Filter.all().withPage(A_PAGE, 0)) + bench.jobs().queued());
  }

  /** The same for one run. */
  private String stateOf(String id) {
    return word(
        state(Filter.all().withText(id))
            + bench.jobs().find(id).map(Jobs.Job::state)
            + bench.jobs().log(id).length());
  }

  private String state(Filter filter) {
    return bench.runs().list(filter).runs().stream()
        .map(r -> r.id() + r.status() + r.progress())
        .collect(Collectors.joining());
  }

  private static String word(String state) {
    return Integer.toHexString(state.hashCode());
  }

  private void listenToOne(SseClient client) {
    String id = client.ctx().pathParam("id");
    listen(client, () -> stateOf(id));
  }

  /** Tells a browser whenever something is not as it was. */
  private void listen(SseClient client, Supplier<String> state) {
    if (!listeners.tryAcquire()) {
      client.close();
      return;
    }
    try {
      String last = Typed.or(client.ctx(), "seen", ""); // what the page was drawn from
      Instant end = Instant.now().plus(LISTENING);
      while (!client.terminated() && Instant.now().isBefore(end)) {
        String now = state.get();
        if (!now.equals(last)) {
          client.sendEvent("change", "there"); // browsers drop an event without data
        } else {
          client.sendComment("");
        }
        last = now;
        Thread.sleep(LOOK);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      listeners.release();
      client.close();
    }
  }
}
