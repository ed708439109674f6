package org.lapidary.workbench.features;

import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.lapidary.catalog.runs.Filter;
import org.lapidary.catalog.runs.RunProgress;
import org.lapidary.catalog.runs.RunStatus;
import org.lapidary.interpret.features.FeatureIndex;
import org.lapidary.interpret.features.FeatureIndex.By;
import org.lapidary.interpret.features.FeatureIndex.Sort;
import org.lapidary.interpret.features.FeatureIndex.Strength;
import org.lapidary.interpret.features.IndexSummary;
import org.lapidary.report.HtmlParts;
import org.lapidary.report.HtmlReport;
import org.lapidary.workbench.Addresses;
import org.lapidary.workbench.Bench;
import org.lapidary.workbench.Pages;
import org.lapidary.workbench.Refused;
import org.lapidary.workbench.Templates;
import org.lapidary.workbench.Typed;

/** The dictionaries in the folders, the list of the features of one, and the page of one. */
public final class FeaturePages implements Pages {
  static final String TAB = "features";
  private static final int ON_A_PAGE = 40;
  private static final int MOST_STEPS = 100_000;

  private final Bench bench;
  private final Templates templates;
  private final FeatureShelf shelf;
  private final FeatureWork work;

  public FeaturePages(Bench bench, Templates templates) {
    this.bench = bench;
    this.templates = templates;
    shelf = new FeatureShelf(bench.folders());
    work = new FeatureWork(bench, templates, shelf);
  }

  @Override
  public void routes(RoutesConfig routes) {
    routes.get("/features", this::list);
    routes.post("/features/make", this::make);
    routes.get("/dictionary", this::browse);
    routes.get("/feature", this::one);
    routes.get("/feature.html", this::file);
    work.routes(routes);
  }

  // ---- dictionaries ----

  /**
   * A dictionary in the list.
   *
   * @param kind in a word
   * @param done share of the texts that are in its index, from 0 to 100
   */
  public record Listed(
      String name, String model, String site, String kind, int features, String tokens, int done) {
    static Listed of(FeatureShelf.Shelved shelved) {
      IndexSummary s = shelved.summary();
      return new Listed(
          shelved.name(),
          s.model(),
          s.outputSite(),
          FeaturePages.kind(s),
          s.features(),
          String.format(Locale.ROOT, "%,d", s.tokens()),
          (int) (100L * s.textsDone() / Math.max(1, s.texts())));
    }
  }

  private static String kind(IndexSummary s) {
    return s.inputSite().equals(s.outputSite()) ? "SAE" : "Transcoder";
  }

  /**
   * A job that makes dictionaries.
   *
   * @param run its id
   * @param words of its command
   * @param said how far it is
   * @param share from 0 to 100, or -1
   */
  public record Made(String run, String words, String said, int share) {}

  private void list(Context ctx) {
    String model = Typed.or(ctx, "model", "");
    String under = Typed.or(ctx, "under", "");
    Path folder = under.isBlank() ? null : bench.folders().find(under);
    List<Listed> all =
        shelf.all().stream()
            .filter(s -> isOf(s.summary(), model))
            .filter(s -> folder == null || s.folder().startsWith(folder))
            .map(Listed::of)
            .toList();
    templates.show(
        ctx,
        "features/list.jte",
        "Features",
        TAB,
        Map.of(
            "all",
            all,
            "model",
            model,
            "under",
            under,
            "models",
            bench.folders().models().stream().map(bench.folders()::name).toList(),
            "making",
            making()));
  }

  private boolean isOf(IndexSummary summary, String model) {
    if (model.isBlank()) {
      return true;
    }
    try {
      return bench.folders().find(model).equals(bench.folders().find(summary.model()));
    } catch (Refused e) {
      return false;
    }
  }

  private List<Made> making() {
    return bench.runs().list(Filter.all().withStatus(RunStatus.RUNNING)).runs().stream()
        .filter(r -> r.argv().contains("features") && r.argv().contains("--index"))
        .map(r -> {
          RunProgress p = r.progress();
          return new Made(
              r.id(),
              String.join(" ", r.argv()),
              p == null ? "" : p.what() + "  " + p.note(),
              p == null || Double.isNaN(p.share()) ? -1 : (int) (100 * p.share()));
        })
        .toList();
  }

  private void make(Context ctx) {
    String text = form(ctx, "text");
    String layers = form(ctx, "layers");
    if (!layers.matches("all|\\d{1,4}(,\\d{1,4}){0,63}")) {
      throw new Refused(400, "blocks are 'all' or numbers with commas, not '%s'".formatted(layers));
    }
    String kind = form(ctx, "kind");
    if (!List.of("transcoder", "sae").contains(kind)) {
      throw new Refused(400, "the kind is transcoder or sae, not '%s'".formatted(kind));
    }
    Path model = bench.folders().find(form(ctx, "model"));
    Path file = text.isBlank() ? null : bench.folders().find(text);
    Making.start(bench, new Making.Order(model, file, layers, kind, steps(form(ctx, "steps"))));
    ctx.redirect("/features?model=" + Addresses.of(bench.folders().name(model)));
  }

  private static int steps(String typed) {
    try {
      int steps = Integer.parseInt(typed.strip());
      if (steps >= 1 && steps <= MOST_STEPS) {
        return steps;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw new Refused(
        400, "steps are a whole number from 1 to %d, not '%s'".formatted(MOST_STEPS, typed));
  }

  private static String form(Context ctx, String name) {
    String value = Optional.ofNullable(ctx.formParam(name)).orElse("").strip();
    if (value.length() > 4096) {
      throw new Refused(400, "'%s' is too long".formatted(name));
    }
    return value;
  }

  // ---- the list of one ----

  /**
   * What the list is narrowed to.
   *
   * @param by what the token has to do with the features
   * @param page from 1
   */
  public record Asked(String text, By by, Sort sort, int page) {}

  /**
   * A line of the list.
   *
   * @param found why it is in the list: the token and the score; empty without a search
   * @param context the strongest place
   */
  public record Line(
      int feature, String share, String max, List<String> raised, String found, Shades context) {}

  /**
   * The list of a dictionary.
   *
   * @param name of its folder as it stands in addresses
   * @param about it
   * @param alive features that fire
   * @param count of the features in the list
   */
  public record Browsed(
      String name,
      IndexSummary summary,
      String kind,
      String about,
      int alive,
      String l0,
      boolean effects,
      Asked asked,
      int count,
      int pages,
      List<Line> lines) {}

  private void browse(Context ctx) {
    FeatureShelf.Shelved shelved = shelf.find(Typed.needed(ctx, "index"));
    Asked asked =
        new Asked(
            Typed.or(ctx, "text", "").strip(),
            choice(By.class, Typed.or(ctx, "by", "peak")),
            choice(Sort.class, Typed.or(ctx, "sort", "density")),
            Typed.number(ctx, "page", 1, 1, 10_000_000));
    Browsed browsed = shelf.read(shelved.folder(), index -> browsed(shelved.name(), index, asked));
    templates.show(ctx, "features/browse.jte", shelved.name(), TAB, Map.of("browsed", browsed));
  }

  private static <E extends Enum<E>> E choice(Class<E> of, String typed) {
    for (E e : of.getEnumConstants()) {
      if (e.name().equalsIgnoreCase(typed)) {
        return e;
      }
    }
    throw new Refused(
        400,
        "'%s' is none of %s"
            .formatted(
                typed, java.util.Arrays.toString(of.getEnumConstants()).toLowerCase(Locale.ROOT)));
  }

  private static Browsed browsed(String name, FeatureIndex index, Asked asked) {
    int from = (asked.page() - 1) * ON_A_PAGE;
    List<Line> lines;
    int count;
    if (asked.text().isEmpty()) {
      count = index.summary().features();
      lines =
          index.page(asked.sort(), from, ON_A_PAGE).stream()
              .map(row -> line(index, row, ""))
              .toList();
    } else {
      List<FeatureIndex.Hit> hits = index.search(asked.text(), asked.by());
      count = hits.size();
      lines =
          hits.stream()
              .skip(from)
              .limit(ON_A_PAGE)
              .map(hit -> line(index, index.row(hit.feature()), found(hit, asked.by())))
              .toList();
    }
    IndexSummary s = index.summary();
    return new Browsed(
        name,
        s,
        kind(s),
        FeatureReport.corpus(s),
        index.alive(),
        String.format(Locale.ROOT, "%.1f", index.l0()),
        index.hasEffects(),
        asked,
        count,
        Math.max(1, (count + ON_A_PAGE - 1) / ON_A_PAGE),
        lines);
  }

  private static String found(FeatureIndex.Hit hit, By by) {
    String token = "“" + hit.token() + "” ";
    return by == By.PEAK
        ? token + "in %d".formatted((int) hit.score())
        : token + String.format(Locale.ROOT, "%+.3g", hit.score());
  }

  private static Line line(FeatureIndex index, FeatureIndex.Row row, String found) {
    List<FeatureIndex.Context> contexts = index.contexts(row.feature());
    Shades context =
        contexts.isEmpty()
            ? new Shades(List.of())
            : Shades.of(
                index.vocabulary().texts(contexts.getFirst().tokens()),
                contexts.getFirst().activations(),
                row.max());
    return new Line(
        row.feature(),
        row.share() == 0 ? "never" : FeatureReport.percent(row.share()),
        row.share() == 0 ? "" : FeatureReport.number(row.max()),
        row.raised(),
        found,
        context);
  }

  // ---- one feature ----

  /** A token that a feature moves. */
  public record Moved(String token, String by) {}

  /** A feature that is close. */
  public record Near(int feature, String cosine, List<String> peaks) {}

  /**
   * A feature's page.
   *
   * @param name of the index
   * @param firing its numbers, contexts and histogram as HTML
   * @param withoutEffects why no effects are known; empty if they are
   * @param slider of holding it
   * @param prompt to be continued while it is held
   */
  public record Shown(
      String name,
      int feature,
      int features,
      String kind,
      String site,
      String corpus,
      String firing,
      String withoutEffects,
      List<Moved> raised,
      List<Moved> lowered,
      List<Near> nearest,
      FeatureWork.Slider slider,
      String prompt) {}

  private void one(Context ctx) {
    FeatureShelf.Shelved shelved = shelf.find(Typed.needed(ctx, "index"));
    int feature = Typed.number(ctx, "id", 0, -1, Integer.MAX_VALUE);
    Shown shown = shelf.read(shelved.folder(), index -> shown(shelved.name(), index, feature));
    templates.show(
        ctx,
        "features/feature.jte",
        "Feature %d of %s".formatted(feature, shelved.name()),
        TAB,
        Map.of("shown", shown));
  }

  private static Shown shown(String name, FeatureIndex index, int feature) {
    check(index, feature);
    IndexSummary s = index.summary();
    return new Shown(
        name,
        feature,
        s.features(),
        kind(s),
        s.outputSite(),
        FeatureReport.corpus(s),
        HtmlParts.blocks(FeatureReport.firing(index, feature)),
        index.hasEffects()
            ? ""
            : s.withoutEffects().isEmpty() ? "they are not computed yet" : s.withoutEffects(),
        moved(index, index.raised(feature)),
        moved(index, index.lowered(feature)),
        index.nearest(feature).stream()
            .map(n ->
                new Near(
                    n.index(),
                    String.format(Locale.ROOT, "%.3f", n.value()),
                    index.row(n.index()).peaks()))
            .toList(),
        FeatureWork.Slider.of(index, feature),
        index.sample());
  }

  static void check(FeatureIndex index, int feature) {
    if (feature < 0 || feature >= index.summary().features()) {
      throw new Refused(
          "there is no feature %d; this dictionary has 0 to %d"
              .formatted(feature, index.summary().features() - 1));
    }
  }

  private static List<Moved> moved(FeatureIndex index, List<Strength> tokens) {
    List<Moved> all = new ArrayList<>();
    IntStream.range(0, tokens.size())
        .forEach(i ->
            all.add(
                new Moved(
                    index.vocabulary().text(tokens.get(i).index()),
                    String.format(Locale.ROOT, "%+.3g", tokens.get(i).value()))));
    return all;
  }

  private void file(Context ctx) {
    FeatureShelf.Shelved shelved = shelf.find(Typed.needed(ctx, "index"));
    int feature = Typed.number(ctx, "id", 0, -1, Integer.MAX_VALUE);
    String html =
        shelf.read(
            shelved.folder(),
            index -> {
              check(index, feature);
              return HtmlReport.render(FeatureReport.of(index, feature));
            });
    ctx.header(
        "Content-Disposition", "attachment; filename=\"feature-%d.html\"".formatted(feature));
    ctx.html(html);
  }
}
