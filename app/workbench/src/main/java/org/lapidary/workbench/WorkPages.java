package org.lapidary.workbench;

import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lapidary.catalog.runs.RunId;

/** Long work on a model that is started from a page: its assay, and methods beside each other. */
final class WorkPages implements Pages {
  private static final String LIST = "[A-Za-z0-9.,_ -]*";

  private final Bench bench;
  private final Templates templates;

  WorkPages(Bench bench, Templates templates) {
    this.bench = bench;
    this.templates = templates;
  }

  @Override
  public void routes(RoutesConfig routes) {
    routes.get("/work", this::form);
    routes.post("/jobs/reproduce", this::reproduce);
    routes.post("/jobs/assay", this::assay);
    routes.post("/jobs/compare", this::compare);
  }

  private void form(Context ctx) {
    templates.show(
        ctx,
        "work.jte",
        "Work on a model",
        "models",
        Map.of("model", Typed.or(ctx, "model", ""), "models", ModelPages.listed(bench)));
  }

  private void reproduce(Context ctx) {
    String method = field(ctx, "id");
    String size = field(ctx, "size");
    if (!size.equals("smoke") && !size.equals("full")) {
      throw new Refused(400, "the size is smoke or full, not '%s'".formatted(size));
    }
    if (bench.catalog().declaration(bench.catalog().row(method)).isEmpty()) {
      throw new Refused(400, "'%s' has no reproduction yet".formatted(method));
    }
    start(ctx, fresh(), List.of("reproduce", method, "--size", size));
  }

  private void assay(Context ctx) {
    String id = fresh();
    List<String> words = new ArrayList<>();
    words.add("assay");
    words.add(model(ctx));
    String budget = field(ctx, "budget");
    if (!budget.isEmpty()) {
      words.addAll(List.of("--budget", listed("budget", budget)));
    }
    text(ctx, words);
    if (!field(ctx, "quick").isEmpty()) {
      words.add("--quick");
    }
    words.addAll(List.of("--out", out(id)));
    start(ctx, id, words);
  }

  private void compare(Context ctx) {
    String id = fresh();
    List<String> words = new ArrayList<>();
    words.addAll(List.of("compare", "--task", listed("task", field(ctx, "task"))));
    words.addAll(List.of("--model", model(ctx)));
    for (String name : List.of("methods", "budgets")) {
      String value = field(ctx, name).replace(" ", "");
      if (!value.isEmpty()) {
        words.addAll(List.of("--" + name, listed(name, value)));
      }
    }
    text(ctx, words);
    words.addAll(List.of("--out", out(id)));
    start(ctx, id, words);
  }

  /** What goes on a command line; nothing that could be taken for an option. */
  private static String listed(String name, String value) {
    if (!value.matches(LIST) || value.startsWith("-")) {
      throw new Refused(
          400, "'%s' has letters, digits, dots and commas, not '%s'".formatted(name, value));
    }
    return value;
  }

  private String model(Context ctx) {
    return bench.folders().find(field(ctx, "model")).toString();
  }

  private void text(Context ctx, List<String> words) {
    String text = field(ctx, "text");
    if (!text.isEmpty()) {
      words.addAll(List.of("--text", bench.folders().find(text).toString()));
    }
  }

  private String out(String id) {
    Path folder = bench.home().resolve("jobs").resolve(id);
    return folder.toAbsolutePath().toString();
  }

  private static String field(Context ctx, String name) {
    return Optional.ofNullable(ctx.formParam(name)).orElse("").strip();
  }

  private static String fresh() {
    return RunId.fresh(Instant.now());
  }

  private void start(Context ctx, String id, List<String> words) {
    bench.jobs().start(id, words);
    ctx.redirect("/runs/" + id);
  }
}
