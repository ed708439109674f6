package org.lapidary.workbench.features;

import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.lapidary.assay.Corpus;
import org.lapidary.assay.PromptCircuit;
import org.lapidary.assay.Steering;
import org.lapidary.evidence.Figure;
import org.lapidary.interpret.circuit.Circuit;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.interpret.features.FeatureIndex;
import org.lapidary.interpret.features.TokenFirings;
import org.lapidary.report.Block;
import org.lapidary.report.HtmlParts;
import org.lapidary.report.HtmlReport;
import org.lapidary.report.Report;
import org.lapidary.report.Section;
import org.lapidary.workbench.Addresses;
import org.lapidary.workbench.Bench;
import org.lapidary.workbench.Refused;
import org.lapidary.workbench.Templates;
import org.lapidary.workbench.Typed;

/** What runs a model with a dictionary: what fires on a text, steering, circuits. */
final class FeatureWork {
  private static final long OPEN = 64L << 20; // numbers in the dictionaries that stay open
  private static final int LINES = 12; // features of a text whose shading is shown
  private static final int EACH = 6; // features listed for a token
  private static final int DRAWN = 48; // edges of a circuit at most
  private static final int LABELLED = 16; // edges up to which each says its factors
  private static final int TEXTS = 8;
  private static final int LENGTH = 64;
  private static final Pattern MLP = Pattern.compile("blocks\\.(\\d+)\\.hook_mlp_out");

  private final Bench bench;
  private final Templates templates;
  private final FeatureShelf shelf;
  private final LinkedHashMap<String, Dictionary> dictionaries =
      new LinkedHashMap<>(16, 0.75f, true);

  FeatureWork(Bench bench, Templates templates, FeatureShelf shelf) {
    this.bench = bench;
    this.templates = templates;
    this.shelf = shelf;
  }

  void routes(RoutesConfig routes) {
    routes.get("/fires", this::fires);
    routes.get("/steer", this::steer);
    routes.get("/circuit", this::circuit);
    routes.get("/circuit.html", this::circuitFile);
  }

  /** The model that an index is of, or another that was typed. */
  private Path model(Context ctx, FeatureShelf.Shelved shelved) {
    String typed = Typed.or(ctx, "model", "");
    return bench.folders().find(typed.isBlank() ? shelved.summary().model() : typed);
  }

  /** The dictionary of an index; only the desk's thread asks. */
  private Dictionary dictionary(FeatureShelf.Shelved shelved) {
    synchronized (dictionaries) {
      String key = shelved.folder() + " " + shelved.summary().fingerprint();
      Dictionary known = dictionaries.get(key);
      if (known == null) {
        known = FeatureIndex.dictionary(shelved.folder());
        dictionaries.put(key, known);
        while (dictionaries.size() > 1 && size() > OPEN) {
          dictionaries.remove(dictionaries.firstEntry().getKey());
        }
      }
      return known;
    }
  }

  private long size() {
    return dictionaries.values().stream()
        .mapToLong(d -> (long) d.features() * (d.dIn() + d.dOut()))
        .sum();
  }

  private Corpus corpus(Path model) {
    return bench
        .desk()
        .ask(
            model,
            "corpus of %d x %d".formatted(TEXTS, LENGTH),
            Corpus.class,
            (m, progress) -> Corpus.of(m, null, TEXTS, LENGTH, 0));
  }

  // ---- what fires ----

  /** A feature on a token, with a shade of how strong that is for it. */
  public record Chip(int feature, String activation, String shade) {}

  /** A token and what fires on it. */
  public record Token(String text, int count, List<Chip> chips) {}

  /** A feature along the text. */
  public record Along(int feature, String activation, Shades shades) {}

  /** All that fires on a text. */
  public record Fired(List<Along> strongest, List<Token> tokens) {
    static final Fired NOTHING = new Fired(List.of(), List.of());
  }

  /** The page of a text. */
  public record Asked(String name, String model, String text, Fired fired, String fault) {}

  private void fires(Context ctx) {
    FeatureShelf.Shelved shelved = shelf.find(Typed.needed(ctx, "index"));
    String text = Typed.or(ctx, "text", "");
    Fired fired = Fired.NOTHING;
    String fault = "";
    if (!text.isBlank()) {
      try {
        Path path = model(ctx, shelved);
        fired =
            bench
                .desk()
                .ask(
                    path,
                    "fires %s %s %s".formatted(shelved.folder(), shelved.summary(), text),
                    Fired.class,
                    (model, progress) -> {
                      TokenFirings firings =
                          TokenFirings.of(
                              model, dictionary(shelved), PromptCircuit.tokens(model, text));
                      return shelf.read(shelved.folder(), index -> fired(index, firings));
                    });
      } catch (IllegalArgumentException | Refused e) {
        fault = String.valueOf(e.getMessage());
        ctx.status(422);
      }
    }
    templates.show(
        ctx,
        "features/fires.jte",
        "What fires",
        FeaturePages.TAB,
        Map.of(
            "asked",
            new Asked(
                shelved.name(),
                Typed.or(ctx, "model", ""),
                text.isBlank() ? shelf.read(shelved.folder(), FeatureIndex::sample) : text,
                fired,
                fault)));
  }

  private static Fired fired(FeatureIndex index, TokenFirings firings) {
    int[] ids = firings.tokens();
    List<String> texts = index.vocabulary().texts(ids);
    List<Along> strongest =
        firings.peaks().stream()
            .sorted(
                Comparator.comparingDouble(
                    (TokenFirings.Firing f) -> -f.activation() / most(index, f)))
            .limit(LINES)
            .map(f ->
                new Along(
                    f.feature(),
                    FeatureReport.number(f.activation()),
                    Shades.of(texts, firings.along(f.feature()), most(index, f))))
            .toList();
    List<Token> tokens = new ArrayList<>();
    for (int i = 0; i < ids.length; i++) {
      List<TokenFirings.Firing> here = firings.at(i);
      tokens.add(
          new Token(
              texts.get(i).replace("\n", "↵"),
              here.size(),
              here.stream().limit(EACH).map(f -> chip(index, f)).toList()));
    }
    return new Fired(strongest, tokens);
  }

  /** The most a feature was seen to be, this time included. */
  private static double most(FeatureIndex index, TokenFirings.Firing f) {
    return Math.max(index.row(f.feature()).max(), f.activation());
  }

  private static Chip chip(FeatureIndex index, TokenFirings.Firing f) {
    return new Chip(
        f.feature(),
        FeatureReport.number(f.activation()),
        String.format(Locale.ROOT, "--v:%.2f", f.activation() / most(index, f)));
  }

  // ---- steering ----

  /**
   * The slider of a feature.
   *
   * @param most its end, three times the largest activation seen
   */
  public record Slider(String most, String step, String value) {
    static Slider of(FeatureIndex index, int feature) {
      double max = index.row(feature).max();
      double end = max > 0 ? 3 * max : 1;
      return new Slider(exact(end), exact(end / 60), exact(max > 0 ? end : 1));
    }

    Slider at(String typed) {
      return new Slider(most, step, typed.isBlank() ? value : typed);
    }

    private static String exact(double value) {
      return String.format(Locale.ROOT, "%.4g", value);
    }
  }

  /** The page of steering. */
  public record Steered(
      String name,
      int feature,
      String model,
      String prompt,
      Slider slider,
      String result,
      String fault) {}

  private void steer(Context ctx) {
    FeatureShelf.Shelved shelved = shelf.find(Typed.needed(ctx, "index"));
    int feature = Typed.number(ctx, "id", 0, -1, Integer.MAX_VALUE);
    String prompt = prompt(ctx, shelved);
    String typed = Typed.or(ctx, "to", "");
    Slider slider =
        shelf
            .read(
                shelved.folder(),
                index -> {
                  FeaturePages.check(index, feature);
                  return Slider.of(index, feature);
                })
            .at(typed);
    String result = "";
    String fault = "";
    if (!typed.isBlank()) {
      try {
        double value = value(typed);
        Path path = model(ctx, shelved);
        Corpus corpus = corpus(path);
        result =
            bench
                .desk()
                .ask(
                    path,
                    "steer %s %s %d %s %s"
                        .formatted(shelved.folder(), shelved.summary(), feature, value, prompt),
                    String.class,
                    (model, progress) ->
                        HtmlParts.blocks(
                            Steering.of(
                                    model,
                                    corpus,
                                    prompt.isBlank() ? null : prompt,
                                    dictionary(shelved),
                                    feature,
                                    value)
                                .blocks()));
      } catch (IllegalArgumentException | IllegalStateException | Refused e) {
        fault = String.valueOf(e.getMessage());
        ctx.status(422);
      }
    }
    templates.show(
        ctx,
        "features/steer.jte",
        "Feature %d held".formatted(feature),
        FeaturePages.TAB,
        Map.of(
            "steered",
            new Steered(
                shelved.name(),
                feature,
                Typed.or(ctx, "model", ""),
                prompt,
                slider,
                result,
                fault)));
  }

  private static double value(String typed) {
    try {
      return Double.parseDouble(typed.strip());
    } catch (NumberFormatException e) {
      throw new Refused(400, "a feature is held at a number, not at '%s'".formatted(typed));
    }
  }

  // ---- circuits ----

  /** The transcoders of one model by block. */
  private record Stack(Path model, String name, Map<Integer, FeatureShelf.Shelved> byLayer) {}

  private Stack stack(Context ctx) {
    String typed = Typed.or(ctx, "index", "");
    if (typed.isBlank()) {
      Path model = bench.folders().find(Typed.needed(ctx, "model"));
      return new Stack(model, "", transcoders(model, null));
    }
    FeatureShelf.Shelved shelved = shelf.find(typed);
    Path model = model(ctx, shelved);
    return new Stack(model, shelved.name(), transcoders(model, shelved.folder().getParent()));
  }

  /** The finished ones of a folder; where a block has none there, one from elsewhere. */
  private Map<Integer, FeatureShelf.Shelved> transcoders(Path model, @Nullable Path parent) {
    Map<Integer, FeatureShelf.Shelved> byLayer = new LinkedHashMap<>();
    for (boolean beside : new boolean[] {true, false}) {
      for (FeatureShelf.Shelved s : shelf.all()) {
        Matcher m = MLP.matcher(s.summary().outputSite());
        boolean there = parent == null || parent.equals(s.folder().getParent());
        if (m.matches()
            && there == beside
            && !s.summary().inputSite().equals(s.summary().outputSite())
            && same(s.summary().model(), model)) {
          byLayer.putIfAbsent(Integer.parseInt(m.group(1)), s);
        }
      }
    }
    return byLayer;
  }

  private boolean same(String named, Path model) {
    try {
      return bench.folders().find(named).equals(model);
    } catch (Refused e) {
      return false;
    }
  }

  /**
   * The page of a circuit.
   *
   * @param least share of the strongest edge into a node, in percent, below which others into it
   *     are left out
   * @param drawn edges in the drawing
   * @param found edges in all
   */
  public record Traced(
      String name,
      String model,
      String prompt,
      int least,
      boolean rest,
      int drawn,
      int found,
      List<String> dictionaries,
      String result,
      String fault) {}

  private void circuit(Context ctx) {
    Stack stack = stack(ctx);
    String prompt = prompt(ctx, stack);
    int least = Typed.number(ctx, "least", 30, 0, 100);
    boolean rest = Typed.or(ctx, "rest", "").equals("1");
    String result = "";
    String fault = "";
    int drawn = 0;
    int all = 0;
    if (!prompt.isBlank()) {
      try {
        PromptCircuit.Found found = find(stack, prompt);
        Circuit pruned = pruned(found.circuit(), least, rest);
        drawn = pruned.edges().size();
        all = found.circuit().edges().size();
        result =
            HtmlParts.diagram(
                    diagram(found, pruned, stack), links(pruned, stack.byLayer()), found.caption())
                + HtmlParts.figure(PromptCircuit.table(pruned));
      } catch (IllegalArgumentException | Refused e) {
        fault = String.valueOf(e.getMessage());
        ctx.status(422);
      }
    }
    templates.show(
        ctx,
        "features/circuit.jte",
        "Circuit",
        FeaturePages.TAB,
        Map.of(
            "traced",
            new Traced(
                stack.name(),
                bench.folders().name(stack.model()),
                prompt,
                least,
                rest,
                drawn,
                all,
                stack.byLayer().values().stream().map(FeatureShelf.Shelved::name).toList(),
                result,
                fault)));
  }

  /** What was typed, or else some words of the corpus, which the model is sure to know. */
  private String prompt(Context ctx, FeatureShelf.Shelved shelved) {
    String typed = ctx.queryParam("prompt");
    return typed == null
        ? shelf.read(shelved.folder(), FeatureIndex::sample)
        : Typed.or(ctx, "prompt", "");
  }

  private String prompt(Context ctx, Stack stack) {
    return stack.byLayer().isEmpty()
        ? Typed.or(ctx, "prompt", "Once upon a time")
        : prompt(ctx, stack.byLayer().values().iterator().next());
  }

  private PromptCircuit.Found find(Stack stack, String prompt) {
    Corpus corpus = corpus(stack.model());
    return bench
        .desk()
        .ask(
            stack.model(),
            "circuit %s %s".formatted(stack.byLayer().values(), prompt),
            PromptCircuit.Found.class,
            (model, progress) -> {
              Map<Integer, Dictionary> transcoders = new LinkedHashMap<>();
              stack.byLayer().forEach((layer, s) -> transcoders.put(layer, dictionary(s)));
              return PromptCircuit.find(model, corpus, prompt, transcoders);
            });
  }

  private static Circuit pruned(Circuit circuit, int percent, boolean rest) {
    List<Circuit.Edge> edges =
        circuit.edges().stream()
            .filter(e ->
                rest
                    || (e.from().kind() != Circuit.Kind.ERROR
                        && e.from().kind() != Circuit.Kind.BIAS))
            .toList();
    return new Circuit(circuit.root(), circuit.nodes(), edges, circuit.total(), circuit.kept())
        .pruned(percent / 100.0)
        .strongest(DRAWN);
  }

  /** The drawing, in which features say what they are strongest on, and the root its token. */
  private Figure.Diagram diagram(PromptCircuit.Found found, Circuit circuit, Stack stack) {
    Figure.Diagram plain = circuit.diagram(found.title(), found.tokens());
    List<Figure.Node> nodes = new ArrayList<>();
    for (int i = 0; i < plain.nodes().size(); i++) {
      Figure.Node node = plain.nodes().get(i);
      String more = says(circuit.nodes().get(i), found, stack);
      nodes.add(
          new Figure.Node(
              node.id(),
              more.isEmpty() ? node.label() : node.label() + "\n" + more,
              node.kind(),
              node.detail()));
    }
    List<Figure.Edge> edges =
        plain.edges().stream()
            .map(e ->
                plain.edges().size() <= LABELLED
                    ? e
                    : new Figure.Edge(e.from(), e.to(), "", e.weight()))
            .toList();
    return new Figure.Diagram(plain.title(), nodes, edges);
  }

  private String says(Circuit.Node node, PromptCircuit.Found found, Stack stack) {
    if (node.kind() == Circuit.Kind.LOGIT) {
      return "next: '" + found.next() + "'";
    }
    FeatureShelf.Shelved s = stack.byLayer().get(node.layer());
    if (node.kind() != Circuit.Kind.FEATURE || s == null) {
      return "";
    }
    List<String> peaks = shelf.read(s.folder(), index -> index.row(node.index()).peaks());
    return peaks.isEmpty()
        ? ""
        : "on " + String.join(" ", peaks.stream().map(t -> "'" + t + "'").toList());
  }

  /** Pages of features by the ids that nodes have in the drawing. */
  private static Map<String, String> links(
      Circuit circuit, Map<Integer, FeatureShelf.Shelved> byLayer) {
    Map<String, String> links = new LinkedHashMap<>();
    List<Circuit.Node> nodes = circuit.nodes();
    for (int i = 0; i < nodes.size(); i++) {
      Circuit.Node node = nodes.get(i);
      FeatureShelf.Shelved s = byLayer.get(node.layer());
      if (node.kind() == Circuit.Kind.FEATURE && s != null) {
        links.put(
            "n" + i, "/feature?index=%s&id=%d".formatted(Addresses.of(s.name()), node.index()));
      }
    }
    return links;
  }

  private void circuitFile(Context ctx) {
    Stack stack = stack(ctx);
    String prompt = Typed.needed(ctx, "prompt");
    int least = Typed.number(ctx, "least", 30, 0, 100);
    boolean rest = Typed.or(ctx, "rest", "").equals("1");
    PromptCircuit.Found found = find(stack, prompt);
    Circuit pruned = pruned(found.circuit(), least, rest);
    Figure.Diagram diagram = diagram(found, pruned, stack);
    Report report =
        new Report(
            "Circuit",
            bench.folders().name(stack.model()),
            List.of(
                new Section(
                    "circuit",
                    found.title(),
                    List.of(
                        new Block.FigureBlock(diagram, found.caption()),
                        new Block.FigureBlock(PromptCircuit.table(pruned))))));
    ctx.header("Content-Disposition", "attachment; filename=\"circuit.html\"");
    ctx.html(HtmlReport.render(report));
  }
}
