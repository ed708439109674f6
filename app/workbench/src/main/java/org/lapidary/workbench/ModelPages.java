package org.lapidary.workbench;

import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.assay.Corpus;
import org.lapidary.assay.ModelDiff;
import org.lapidary.assay.Reports;
import org.lapidary.assay.SharedDrawing;
import org.lapidary.io.model.Models;
import org.lapidary.nn.Model;
import org.lapidary.report.Block;
import org.lapidary.report.HtmlParts;
import org.lapidary.report.Section;

/** Models in the folders, looks into one, and two beside each other. */
final class ModelPages implements Pages {
  private static final String TAB = "models";

  private final Bench bench;
  private final Templates templates;

  ModelPages(Bench bench, Templates templates) {
    this.bench = bench;
    this.templates = templates;
  }

  @Override
  public void routes(RoutesConfig routes) {
    routes.get("/models", this::list);
    routes.get("/model", this::one);
    routes.get("/diff", this::diff);
  }

  /**
   * A model that was found.
   *
   * @param path as it stands in addresses
   * @param kind of file
   */
  public record Listed(String path, String kind) {}

  static List<Listed> listed(Bench bench) {
    return bench.folders().models().stream()
        .map(p ->
            new Listed(
                bench.folders().name(p), Files.isDirectory(p) ? "Hugging Face folder" : "llama2.c"))
        .toList();
  }

  private void list(Context ctx) {
    templates.show(
        ctx,
        "models.jte",
        "Models",
        TAB,
        Map.of(
            "models",
            listed(bench),
            "roots",
            bench.folders().roots().stream().map(Path::toString).toList()));
  }

  /**
   * An input as the page shows it.
   *
   * @param field of the form
   * @param value what stands in it
   */
  public record Input(Look.Field field, String value) {
    public String name() {
      return field.name();
    }

    public String label() {
      return field.label();
    }

    public boolean required() {
      return field.required();
    }

    public List<String> choices() {
      return field.choices();
    }

    /** Prompts want room. */
    public boolean wide() {
      return List.of("prompt", "from", "into", "clean", "corrupt").contains(name());
    }
  }

  /** A link of the menu of looks. */
  public record Tab(String id, String title, boolean here) {}

  /**
   * A model's page.
   *
   * @param path as it stands in addresses
   * @param tabs of all looks
   * @param look the one shown
   * @param about it
   * @param inputs of its form
   * @param result as HTML, or empty before the form was sent
   * @param fault why there is no result, or empty
   */
  public record Shown(
      String path,
      List<Tab> tabs,
      String look,
      String about,
      List<Input> inputs,
      String result,
      String fault) {}

  private void one(Context ctx) {
    String typed = Typed.needed(ctx, "model");
    Path path = bench.folders().find(typed);
    Look look = Look.of(Typed.or(ctx, "look", Look.GRAPH));
    Map<String, String> values = new LinkedHashMap<>();
    boolean sent = look.fields().isEmpty() || ctx.queryParam("go") != null;
    for (Look.Field field : look.fields()) {
      String value = ctx.queryParam(field.name());
      values.put(field.name(), value == null ? field.initial() : value);
    }
    String result = "";
    String fault = "";
    if (sent) {
      try {
        result = result(path, look, values);
      } catch (Refused e) {
        throw e;
      } catch (RuntimeException e) {
        if (!Faults.words(e)) {
          throw e;
        }
        fault = String.valueOf(e.getMessage());
        ctx.status(422);
      }
    }
    Shown shown =
        new Shown(
            bench.folders().name(path),
            Look.ALL.stream()
                .map(l -> new Tab(l.id(), l.title(), l.id().equals(look.id())))
                .toList(),
            look.id(),
            look.about(),
            look.fields().stream()
                .map(f -> new Input(f, values.getOrDefault(f.name(), "")))
                .toList(),
            result,
            fault);
    templates.show(ctx, "model.jte", typed, TAB, Map.of("shown", shown));
  }

  private String result(Path path, Look look, Map<String, String> values) {
    if (look.id().equals(Look.GRAPH)) {
      return bench
          .desk()
          .remember(
              path,
              look.id(),
              String.class,
              progress -> HtmlParts.section(Reports.graph(Models.config(path))));
    }
    return bench
        .desk()
        .ask(
            path,
            look.id() + values,
            String.class,
            (model, progress) ->
                HtmlParts.section(
                    look.view().of(model, new Look.Filled(values), around(), progress)));
  }

  private Look.Around around() {
    return new Look.Around() {
      @Override
      public Model open(String path) {
        return bench.desk().open(bench.folders().find(path));
      }

      @Override
      public Corpus corpus(Model model, long seed) {
        return bench.desk().corpus(model, seed);
      }
    };
  }

  private void diff(Context ctx) {
    String first = Typed.or(ctx, "a", "");
    String second = Typed.or(ctx, "b", "");
    String result = "";
    if (!first.isBlank() && !second.isBlank()) {
      Path a = bench.folders().find(first);
      Path b = bench.folders().find(second);
      result =
          bench
              .desk()
              .ask(
                  a,
                  "diff with " + b,
                  String.class,
                  (model, progress) ->
                      HtmlParts.section(
                          section(model, bench.desk().open(b), bench.desk().corpus(model, 0))));
    }
    templates.show(
        ctx,
        "diff.jte",
        "Two models",
        TAB,
        Map.of("models", listed(bench), "first", first, "second", second, "result", result));
  }

  private static Section section(Model a, Model b, Corpus corpus) {
    ModelDiff diff = ModelDiff.of(a, b, corpus.heldOut());
    Section said = Reports.diff("diff", "What separates them", diff);
    List<Block> blocks = new ArrayList<>(said.blocks());
    blocks.add(
        new Block.FigureBlock(
            SharedDrawing.of(a, b, diff),
            "Boxes with the same operation, parameter and site are drawn once; a click says how far their values part."));
    return new Section(said.id(), said.title(), blocks);
  }
}
