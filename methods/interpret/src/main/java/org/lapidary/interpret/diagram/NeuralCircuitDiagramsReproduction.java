package org.lapidary.interpret.diagram;

import java.io.IOException;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Reproduction;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.MetaFormerConfig;
import org.lapidary.nn.Model;
import org.lapidary.nn.ModelConfig;
import org.lapidary.nn.ResNetConfig;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;

/**
 * Every diagram of the library in three sizes beside what the workbench computes in its own way
 * with the same weights: outputs and gradients; the reverse pass as a diagram; costs as formulas
 * beside what was evaluated; mistakes that checking finds; slides; drawings that are read back.
 */
public final class NeuralCircuitDiagramsReproduction implements Reproduction {
  private static final int MUTATIONS = 50;
  private static final int SLIDES = 20;

  @Override
  public Outcome run(Setting setting) {
    List<Check> checks = new ArrayList<>();
    List<Figure> figures = new ArrayList<>();
    setting.progress().begin("circuit diagrams", 5);
    try (Scope scope = Scope.open()) {
      List<Counterpart> all = Counterpart.all(new Rng(setting.seeds().getFirst()));
      equal(setting, checks, figures);
      setting.progress().step(1, "library");
      models(setting, checks);
      costs(all, checks, figures);
      setting.progress().step(2, "costs");
      typing(setting, checks, figures);
      setting.progress().step(3, "typing");
      slides(setting, checks, figures);
      setting.progress().step(4, "slides");
      drawings(all, checks);
    }
    setting.progress().end();
    return new Outcome(checks, figures);
  }

  // ---- values ----

  private static void equal(Setting setting, List<Check> checks, List<Figure> figures) {
    double outputs = 0;
    double gradients = 0;
    double back = 0;
    double backOthers = 0;
    List<List<Object>> rows = new ArrayList<>();
    for (long seed : setting.seeds()) {
      Rng rng = new Rng(seed);
      for (Counterpart c : Counterpart.all(rng.fork(1))) {
        try (Scope scope = Scope.open()) {
          Counterpart.Difference d = c.difference(rng.fork(2));
          Reverse r = reverse(c, rng.fork(3));
          outputs = Math.max(outputs, d.outputs());
          gradients = Math.max(gradients, d.gradients());
          boolean named = c.name().startsWith("attention") || c.name().contains("convolution");
          back = named ? Math.max(back, r.apart) : back;
          backOthers = named ? backOthers : Math.max(backOthers, r.apart);
          if (seed == setting.seeds().getFirst()) {
            rows.add(
                List.of(
                    c.name(),
                    c.diagram().boxes().size(),
                    d.outputs(),
                    d.gradients(),
                    d.compared(),
                    r.apart,
                    r.ratio,
                    r.cached));
          }
        }
      }
    }
    checks.add(
        Check.atMost("library against the workbench: outputs, largest difference", outputs, 1e-5));
    checks.add(Check.atMost("the same: gradients of inputs and weights", gradients, 1e-5));
    checks.add(
        Check.atMost("reverse diagram against autograd, attention and convolutions", back, 1e-5));
    checks.add(Check.atMost("the same, all other items", backOthers, 1e-5));
    figures.add(
        new Figure.Table(
            "Library items in three sizes; the last columns are of the reverse diagram",
            List.of(
                "item",
                "boxes",
                "outputs apart",
                "gradients apart",
                "gradients",
                "reverse apart",
                "multiply-adds / forward",
                "cached arrays"),
            rows));
  }

  /** What the reverse diagram gives beside autograd, and its cost in forward passes. */
  private record Reverse(double apart, double ratio, int cached) {}

  private static Reverse reverse(Counterpart c, Rng rng) {
    Backward backward = c.diagram().backward();
    List<String> wanted = new ArrayList<>(backward.cached());
    wanted.addAll(c.diagram().outputs());
    Diagram keeping =
        new Diagram(c.diagram().name(), c.diagram().inputs(), c.diagram().boxes(), wanted);
    DiagramLayer forward =
        new Counterpart(c.name(), keeping, c.sizes(), c.inputs(), c.weights(), c.own()).compiled();
    DiagramLayer back = backward.diagram().compile(sizes(c, forward));
    List<Tensor> leaves = new ArrayList<>();
    Map<String, Tensor> byName = new HashMap<>();
    List<Wire> open = forward.open();
    List<Tensor> inputs = new ArrayList<>();
    for (int i = 0; i < open.size(); i++) {
      Tensor leaf = c.inputs().get(i).copy().requiresGrad(true);
      inputs.add(leaf);
      byName.put(open.get(i).name(), leaf);
    }
    byName.putAll(c.weights());
    Tensor output = c.own().apply(inputs);
    Tensor direction = Counterpart.normal(rng, output.shape().toArray());
    for (String d : backward.diagram().outputs()) {
      leaves.add(of(byName, d.substring(2)));
    }
    List<Tensor> gradients = Autograd.grad(output.mul(direction).sum(), leaves);
    double apart = 0;
    try (var ignored = Autograd.noGrad()) {
      List<Tensor> tuple =
          new ArrayList<>(forward.run(c.inputs()).subList(0, backward.cached().size()));
      tuple.add(direction);
      List<Tensor> mine = back.run(tuple);
      for (int i = 0; i < mine.size(); i++) {
        Tensor g = gradients.get(i);
        apart = Math.max(apart, Counterpart.apart(mine.get(i).reshape(g.shape()), g));
      }
    }
    double ratio =
        (double) back.typing().number(back.planned().cost().multiplyAdds())
            / forward.typing().number(forward.planned().cost().multiplyAdds());
    return new Reverse(apart, ratio, backward.cached().size());
  }

  /** Models whose recorded graphs are read as diagrams, which then run. */
  private static void models(Setting setting, List<Check> checks) {
    double apart = 0;
    for (long seed : setting.seeds()) {
      Rng rng = new Rng(seed).fork(6);
      Map<ModelConfig, Tensor> models = new LinkedHashMap<>();
      models.put(
          MetaFormerConfig.vit(new MetaFormerConfig.Image(3, 8, 12), 4, 12, 2, 3, 5),
          Counterpart.normal(rng, 2, 3, 8, 12));
      models.put(new ResNetConfig(3, 4, 1, 5), Counterpart.normal(rng, 2, 3, 8, 9));
      models.put(
          DecoderConfig.gpt(11, 12, 2, 3, 8, "gelu"),
          Tensor.of(new long[] {1, 5, 10, 0, 3, 3}, 1, 6));
      for (Map.Entry<ModelConfig, Tensor> entry : models.entrySet()) {
        try (Scope scope = Scope.open();
            var ignored = Autograd.noGrad()) {
          Model model = Model.random(entry.getKey(), rng);
          Counterpart.drawn(model.layer(), rng);
          Tensor wanted = model.forward(entry.getValue());
          DiagramLayer layer = GraphDiagram.of(model, entry.getValue()).compile();
          Tensor given = layer.run(List.of(entry.getValue())).getFirst();
          apart = Math.max(apart, Counterpart.apart(given, wanted));
        }
      }
    }
    checks.add(
        Check.atMost(
            "ViT, ResNet and GPT read from their graphs: outputs, largest difference",
            apart,
            1e-5));
  }

  private static Map<String, Long> sizes(Counterpart c, DiagramLayer layer) {
    Map<String, Long> sizes = new HashMap<>(c.sizes());
    layer
        .typing()
        .known()
        .forEach((symbol, size) -> {
          if (size.isNumber()) {
            sizes.put(symbol, size.number());
          }
        });
    return sizes;
  }

  private static Tensor of(Map<String, Tensor> tensors, String name) {
    Tensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalStateException("no tensor " + name);
    }
    return tensor;
  }

  // ---- costs ----

  private static void costs(List<Counterpart> all, List<Check> checks, List<Figure> figures) {
    long products = 0;
    double memory = 0;
    List<List<Object>> rows = new ArrayList<>();
    for (Counterpart c : all) {
      DiagramLayer layer = c.compiled();
      Work work = layer.planned().cost();
      Instrument seen = Instrument.of(layer, c.inputs());
      long predicted = layer.typing().number(work.multiplyAdds());
      long bytes = 8 * work.peak(layer.typing());
      products = Math.max(products, Math.abs(predicted - seen.multiplyAdds()));
      memory = Math.max(memory, Math.abs(bytes - seen.peakBytes()) / (double) seen.peakBytes());
      rows.add(List.of(c.name(), predicted, seen.multiplyAdds(), bytes, seen.peakBytes()));
    }
    checks.add(
        Check.equal(
            "multiply-adds: formula less those of the products that ran, largest", products, 0));
    checks.add(
        Check.atMost("peak memory: formula against live tensors, largest share off", memory, 0.1));
    Polynomial heads = Library.multiHead(1, false).cost().multiplyAdds();
    Polynomial quadratic =
        new Polynomial(
            heads.terms().entrySet().stream()
                .filter(t -> t.getKey().stream().filter("n"::equals).count() == 2)
                .collect(HashMap::new, (m, t) -> m.put(t.getKey(), t.getValue()), Map::putAll));
    checks.add(
        Check.equal(
            "multi-head attention: terms in n^2 beside 2 b h k n^2",
            quadratic.minus(Polynomial.parse("2*b*h*k*n^2")).terms().size(),
            0));
    figures.add(
        new Figure.Table(
            "Formulas at their sizes beside what ran",
            List.of("item", "multiply-adds", "counted", "peak bytes", "tracked"),
            rows));
    List<List<Object>> formulas = new ArrayList<>();
    for (Counterpart c : all.subList(0, all.size() / 3)) {
      Work work = c.diagram().cost();
      formulas.add(
          List.of(c.diagram().name(), work.multiplyAdds().toString(), work.weights().toString()));
    }
    figures.add(
        new Figure.Table(
            "Costs in axis symbols", List.of("item", "multiply-adds", "weights"), formulas));
  }

  // ---- typing ----

  private static void typing(Setting setting, List<Check> checks, List<Figure> figures) {
    Map<Mutation.Kind, int[]> counts = new HashMap<>();
    int missed = 0;
    int unnamed = 0;
    int accepted = 0;
    int refusedSound = 0;
    double least = Double.POSITIVE_INFINITY;
    double ran = 0;
    int failing = 0;
    int early = 0;
    for (long seed : setting.seeds()) {
      Rng rng = new Rng(seed).fork(4);
      List<Counterpart> all = Counterpart.all(rng.fork(1));
      for (Counterpart c : all) {
        refusedSound += refusal(c.diagram(), c).isPresent() ? 1 : 0;
      }
      for (int drawn = 0; drawn < MUTATIONS; ) {
        Counterpart c = all.get(rng.nextInt(all.size()));
        Mutation.Kind kind = Mutation.Kind.values()[drawn % Mutation.Kind.values().length];
        Optional<Mutation> found = Mutation.draw(c.diagram(), kind, rng);
        if (found.isEmpty()) {
          continue;
        }
        drawn++;
        try (Scope scope = Scope.open()) {
          Mutation mutation = found.get();
          Optional<String> refusal = refusal(mutation.diagram(), c);
          Optional<Integer> fails = mutation.failsAtRunTime(c);
          int[] count = counts.computeIfAbsent(kind, k -> new int[3]);
          count[0]++;
          if (fails.isPresent()) {
            failing++;
            ran += fails.get();
            early += fails.get() == 0 ? 1 : 0;
          }
          if (refusal.isPresent()) {
            count[1]++;
            String said = refusal.get();
            unnamed +=
                mutation.near().stream().noneMatch(w -> said.contains("'" + w + "'")) ? 1 : 0;
          } else {
            count[2]++;
            accepted++;
            missed += fails.isPresent() ? 1 : 0;
            least = Math.min(least, changed(mutation.diagram(), c));
          }
        }
      }
    }
    checks.add(Check.equal("diagrams without a mistake that are rejected", refusedSound, 0));
    checks.add(
        Check.equal("mistakes that do not run or run to other sizes, and are accepted", missed, 0));
    checks.add(Check.equal("rejections that do not name the wire or its reader", unnamed, 0));
    checks.add(Check.atLeast("mistakes that are consistent, and accepted", accepted, 1));
    checks.add(Check.greater("smallest difference of outputs that those make", least, 1e-3));
    int made = MUTATIONS * setting.seeds().size();
    checks.add(
        Check.greater(
            "share of mistakes found before a box has run: checking first, less checking while it runs",
            (double) (made - accepted - early) / made,
            0));
    checks.add(
        Check.reported(
            "checking while it runs: boxes that ran before one failed, mean", ran / failing));
    List<List<Object>> rows = new ArrayList<>();
    counts.forEach((kind, n) -> rows.add(List.of(kind.name(), n[0], n[1], n[2])));
    figures.add(
        new Figure.Table(
            "Mistakes, all seeds", List.of("kind", "made", "rejected", "accepted"), rows));
  }

  private static Optional<String> refusal(Diagram diagram, Counterpart c) {
    try {
      diagram.compile(c.sizes());
      return Optional.empty();
    } catch (DiagramException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }

  private static Counterpart other(Diagram diagram, Counterpart c) {
    return new Counterpart(c.name(), diagram, c.sizes(), c.inputs(), c.weights(), c.own());
  }

  /** How far outputs are apart; infinitely, where their shapes differ. */
  private static double changed(Diagram diagram, Counterpart c) {
    Tensor a = other(diagram, c).compiled().run(c.inputs()).getFirst();
    Tensor b = c.compiled().run(c.inputs()).getFirst();
    return a.shape().equals(b.shape()) ? Counterpart.apart(a, b) : Double.POSITIVE_INFINITY;
  }

  // ---- slides ----

  private static void slides(Setting setting, List<Check> checks, List<Figure> figures) {
    double apart = 0;
    double worst = 0;
    int legal = 0;
    List<List<Object>> rows = new ArrayList<>();
    for (long seed : setting.seeds()) {
      Rng rng = new Rng(seed).fork(5);
      List<Counterpart> all = Counterpart.all(rng.fork(1));
      record Place(Counterpart at, Slides.Slide slide) {}
      List<Place> places = new ArrayList<>();
      all.forEach(c -> Slides.legal(c.diagram()).forEach(s -> places.add(new Place(c, s))));
      legal = places.size();
      for (int i = 0; i < SLIDES; i++) {
        try (Scope scope = Scope.open()) {
          Place p = places.remove(rng.nextInt(places.size()));
          Diagram slid = Slides.slide(p.at.diagram(), p.slide);
          Diagram merged = Slides.merged(slid);
          double d = Math.max(changed(slid, p.at), changed(merged, p.at));
          Typing sizes = slid.check(p.at.sizes());
          long naive = sizes.number(slid.cost().multiplyAdds());
          DiagramLayer best = merged.compile(p.at.sizes());
          long planned = best.typing().number(best.planned().cost().multiplyAdds());
          apart = Math.max(apart, d);
          worst = Math.max(worst, (double) planned / naive);
          if (seed == setting.seeds().getFirst()) {
            rows.add(List.of(p.at.name(), p.slide.first(), p.slide.second(), d, naive, planned));
          }
        }
      }
    }
    checks.add(Check.atMost("outputs after slides and merging, largest difference", apart, 1e-6));
    checks.add(
        Check.atMost("multiply-adds of merged products, share of the order drawn, most", worst, 1));
    checks.add(Check.reported("legal slides in the library", legal));
    figures.add(
        new Figure.Table(
            "Slides of the first seed",
            List.of("item", "box", "past", "outputs apart", "multiply-adds drawn", "merged"),
            rows));
  }

  // ---- drawings ----

  private static void drawings(List<Counterpart> all, List<Check> checks) {
    int differ = 0;
    int lost = 0;
    for (Counterpart c : all) {
      String svg = c.diagram().svg();
      differ += DiagramSvg.read(svg).equals(c.diagram()) ? 0 : 1;
      lost += miscounted(c.diagram(), svg);
    }
    checks.add(Check.equal("drawings that do not read back as the same diagram", differ, 0));
    checks.add(
        Check.equal("axis labels and boxes that stand not once per occurrence in them", lost, 0));
  }

  /** How many axes and boxes have not exactly one label or frame. */
  static int miscounted(Diagram diagram, String svg) {
    Document document = xml(svg);
    Map<String, Integer> wanted = new HashMap<>();
    diagram
        .wires()
        .values()
        .forEach(w -> {
          w.axes().forEach(a -> wanted.merge("label " + w.name() + " " + a, 1, Integer::sum));
        });
    diagram
        .boxes()
        .forEach(
            b -> wanted.merge("does " + b.out().name() + " " + b.does().word(), 1, Integer::sum));
    NodeList texts = document.getElementsByTagName("text");
    for (int i = 0; i < texts.getLength(); i++) {
      if (texts.item(i) instanceof Element text
          && text.getParentNode() instanceof Element group
          && !text.getAttribute("class").equals("name")) {
        wanted.merge(
            text.getAttribute("class")
                + " "
                + group.getAttribute("data-wire")
                + " "
                + text.getTextContent(),
            -1,
            Integer::sum);
      }
    }
    return (int) wanted.values().stream().filter(n -> n != 0).count();
  }

  private static Document xml(String text) {
    try {
      DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
      factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
      return factory.newDocumentBuilder().parse(new InputSource(new StringReader(text)));
    } catch (ParserConfigurationException | SAXException | IOException e) {
      throw new IllegalStateException("a drawing is no XML: " + e.getMessage(), e);
    }
  }
}
