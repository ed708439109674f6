package org.lapidary.assay;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lapidary.compress.slim.Plan;
import org.lapidary.compress.slim.Slimmer;
import org.lapidary.evidence.Estimate;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Progress;
import org.lapidary.io.AtomicFiles;
import org.lapidary.io.model.HuggingFace;
import org.lapidary.io.model.Models;
import org.lapidary.nn.Model;
import org.lapidary.report.Block;
import org.lapidary.report.HtmlReport;
import org.lapidary.report.JsonRenderer;
import org.lapidary.report.Report;
import org.lapidary.report.Section;
import org.lapidary.tensor.ResidentMemory;
import org.lapidary.train.LanguageModeling;

/**
 * The main job: takes a language model apart, slims it to a budget and shows what changed. Each
 * stage adds its section to the report on disk, so that what is done stays readable if the job is
 * stopped.
 */
public final class Assay {
  /** The folder of the built-in model before it is slimmed, under the folder of the assay. */
  static final String ORIGINAL = "original";

  private final AssaySettings settings;
  private final Progress progress;
  private final List<Section> sections = new ArrayList<>();
  private final List<List<Object>> times = new ArrayList<>();
  private String subtitle = "";
  private Consumer<Section> done = section -> {};

  public Assay(AssaySettings settings, Progress progress) {
    this.settings = settings;
    this.progress = new MemoryGuard(progress, settings.maxMemory());
  }

  /** The model to be assayed: the given one, or the built-in one. */
  public Model model() {
    Path path = settings.model();
    return path == null ? BuiltIn.model(settings.seed(), progress) : Models.load(path);
  }

  /**
   * Runs every stage.
   *
   * @return the report as written
   * @throws IllegalArgumentException if the output folder is taken or cannot be written
   * @throws CancellationException if the progress said stop; the report on disk says how far it
   *     came
   */
  public Report run(Model model) {
    prepare();
    try {
      return stages(model);
    } catch (RuntimeException e) {
      leaveNothingEmpty();
      throw e;
    }
  }

  private Report stages(Model model) {
    CostEstimate cost = CostEstimate.of(model, settings);
    Path path = settings.model();
    subtitle = "%s, seed %d".formatted(path == null ? "built-in model" : path, settings.seed());
    Corpus corpus =
        timed(
            "text",
            () ->
                Corpus.of(
                    model, settings.text(), cost.sequences(), cost.length(), settings.seed()));
    Estimate baseline = timed("anatomy", () -> anatomy(model, corpus));
    timed(
        "activity",
        () -> {
          add(ActivityStage.run(model, corpus, baseline.mean(), settings.seed(), progress));
          return "";
        });
    FeaturesStage.Found features = timed("features", () -> features(model, corpus));
    Map<String, List<Plan.Price>> prices =
        timed(
            "sensitivity",
            () -> {
              Map<String, List<Plan.Price>> p = prices(model, corpus);
              checkStopped();
              add(
                  SensitivityStage.run(
                      model, corpus, p, cost.hessianTexts(), settings.seed(), progress));
              return p;
            });
    SlimmingStage.Result slimmed =
        timed(
            "slimming",
            () -> {
              SlimmingStage.Result r =
                  SlimmingStage.run(
                      model, corpus, prices, settings.budget(), baseline.mean(), progress);
              save(r.slimmed());
              add(SlimmingStage.section(r, model));
              return r;
            });
    timed(
        "evidence",
        () -> {
          evidence(model, corpus, slimmed, features);
          return "";
        });
    return finish();
  }

  private void prepare() {
    Path out = settings.out();
    try {
      if (Files.exists(out)) {
        try (var entries = Files.list(out)) {
          if (entries.findAny().isPresent()) {
            throw new IllegalArgumentException(
                "the folder %s is not empty; give another with --out, or remove it".formatted(out));
          }
        }
      }
      Files.createDirectories(out);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write to " + out + ": " + e.getMessage(), e);
    }
  }

  /** A job that wrote nothing leaves no folder behind. */
  private void leaveNothingEmpty() {
    try {
      Files.deleteIfExists(settings.out());
    } catch (IOException e) {
      // it holds what was done
    }
  }

  private <T extends @Nullable Object> T timed(String stage, Supplier<T> work) {
    checkStopped();
    long start = System.nanoTime();
    T result = work.get();
    ResidentMemory.release();
    times.add(
        List.of(
            stage,
            Reports.round((System.nanoTime() - start) / 1e9),
            Reports.round(ResidentMemory.now() / 1e6),
            Reports.round(ResidentMemory.peak() / 1e6)));
    write(false);
    return result;
  }

  private void checkStopped() {
    if (progress.stopped()) {
      write(true);
      throw new CancellationException(
          "stopped; what was done is in " + settings.out().resolve("report.html"));
    }
  }

  private void add(Section section) {
    sections.add(section);
    done.accept(section);
  }

  /** Hands over each section as soon as it is done. */
  public Assay telling(Consumer<Section> listener) {
    this.done = listener;
    return this;
  }

  private Estimate anatomy(Model model, Corpus corpus) {
    Anatomy anatomy = Anatomy.of(model);
    Estimate loss = LanguageModeling.evaluate(model, corpus.heldOut());
    double speed = Anatomy.tokensPerSecond(model, 128);
    add(
        Reports.anatomy(
            anatomy,
            List.of(
                new Block.Entry(
                    "loss",
                    Reports.three(loss.mean()) + " nats a token",
                    "95%% interval %s to %s; %s"
                        .formatted(
                            Reports.three(loss.low()), Reports.three(loss.high()), corpus.source()),
                    Reports.numbers(loss)),
                new Block.Entry(
                    "perplexity", Reports.three(Math.exp(loss.mean())), "", Math.exp(loss.mean())),
                new Block.Entry(
                    "tokens a second",
                    String.format(Locale.ROOT, "%.0f", speed),
                    "writing one by one with a cache",
                    speed))));
    return loss;
  }

  private FeaturesStage.Found features(Model model, Corpus corpus) {
    if (settings.model() == null) {
      // the feature pages run it
      HuggingFace.save(model, settings.out().resolve(ORIGINAL));
    }
    FeaturesStage.Found found =
        FeaturesStage.run(model, corpus, settings.prompt(), settings, progress);
    add(found.section());
    return found;
  }

  private Map<String, List<Plan.Price>> prices(Model model, Corpus corpus) {
    int probes = Math.min(8, corpus.calibration().length);
    int length = Math.min(64, corpus.calibration()[0].length);
    int[][] probe = new int[probes][];
    for (int i = 0; i < probes; i++) {
      probe[i] = java.util.Arrays.copyOf(corpus.calibration()[i], length);
    }
    return Slimmer.defaults().prices(model, corpus.calibration(), probe, progress);
  }

  /** Writes the slimmed model as others read it, with the packed matrices beside it. */
  private void save(Slimmer.Slimmed slimmed) {
    HuggingFace.save(
        slimmed.dense(),
        settings.out().resolve("model"),
        unfinished -> PackedFile.write(unfinished.resolve(PackedFile.NAME), slimmed.matrices()));
  }

  private void evidence(
      Model model, Corpus corpus, SlimmingStage.Result slimmed, FeaturesStage.Found features) {
    // What is compared is what was written, read back.
    Model written = Models.load(settings.out().resolve("model"));
    ModelDiff diff = ModelDiff.of(model, written, corpus.heldOut());
    Section section = Reports.diff("evidence", "Evidence", diff);
    List<Block> blocks = new ArrayList<>(section.blocks());
    ModelDiff kernels = ModelDiff.of(written, slimmed.slimmed().packed(), corpus.heldOut());
    blocks.add(
        new Block.Text(
            "The packed form that the kernels run agrees with the exported model to %s nats of divergence."
                .formatted(Reports.two(Math.abs(kernels.output().divergence().mean())))));
    blocks.addAll(Survivors.blocks(model, written, corpus, features, progress));
    add(new Section(section.id(), section.title(), blocks));
  }

  private Report finish() {
    write(false);
    return report(false);
  }

  private Report report(boolean stopped) {
    List<Section> all = new ArrayList<>();
    List<Block> head = new ArrayList<>();
    if (stopped) {
      head.add(new Block.Warning("This job was stopped before its end; what is below was done."));
    }
    head.add(
        new Block.FigureBlock(
            new Figure.Table(
                "Time and memory of each stage",
                List.of("stage", "seconds", "MB resident after it", "most until then"),
                times)));
    if (ResidentMemory.known()) {
      head.add(
          new Block.Text(
              "At most %s were resident.".formatted(CostEstimate.size(ResidentMemory.peak()))));
    }
    all.addAll(sections);
    all.add(new Section("run", "This run", head));
    return new Report("Assay", subtitle, all);
  }

  private void write(boolean stopped) {
    Report report = report(stopped);
    try {
      HtmlReport.write(report, settings.out().resolve("report.html"));
      AtomicFiles.writeText(
          settings.out().resolve("report.json"), JsonRenderer.render(report).toPrettyString());
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write the report: " + e.getMessage(), e);
    }
  }
}
