package org.lapidary.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lapidary.assay.Corpus;
import org.lapidary.assay.Interpretations;
import org.lapidary.assay.Steering;
import org.lapidary.data.Texts;
import org.lapidary.data.TokenFile;
import org.lapidary.evidence.Progress;
import org.lapidary.interpret.attribution.AttributionPatching;
import org.lapidary.interpret.circuit.MlpSites;
import org.lapidary.interpret.dictionary.Activation;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.interpret.dictionary.DictionaryTrainer;
import org.lapidary.interpret.features.FeatureIndex;
import org.lapidary.interpret.features.FeatureIndexer;
import org.lapidary.interpret.features.IndexSummary;
import org.lapidary.interpret.tasks.TextPrompts;
import org.lapidary.interpret.transcoder.Transcoder;
import org.lapidary.io.AtomicFiles;
import org.lapidary.io.model.Models;
import org.lapidary.nn.Model;
import org.lapidary.nn.Sampler;
import org.lapidary.report.Block;
import org.lapidary.report.HtmlReport;
import org.lapidary.report.JsonRenderer;
import org.lapidary.report.Report;
import org.lapidary.report.Section;
import org.lapidary.tensor.Rng;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lapidary interpret MODEL VIEW}. */
@Command(
    name = "interpret",
    description =
        "One look into a model: features, circuit, steer, attribute, probe, compare, depth, sparsity.",
    synopsisSubcommandLabel = "VIEW",
    commandListHeading = "%nViews:%n",
    footer = {
      "",
      "Examples:",
      "  lapidary interpret ./my-model depth --text sample.txt",
      "  lapidary interpret ./my-model attribute --clean 'Anna has a red ball. The ball is' --corrupt 'Anna has a big ball. The ball is'",
      "  lapidary interpret ./my-model features --layer 2 --kind sae --activation topk:16 --save ./sae",
      "  lapidary interpret ./my-model features --layer 2 --text book.txt --index ./features/block-2",
      "  lapidary interpret ./my-model steer --dictionary ./sae --feature 7 --to 5 --prompt 'Once upon a time'"
    })
final class InterpretCommand implements Runnable {
  private final Workplace workplace;

  @Spec CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "MODEL", description = "A Hugging Face folder or a llama2.c .bin file.")
  Path path = Path.of("");

  InterpretCommand(Workplace workplace) {
    this.workplace = workplace;
  }

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(),
        "which view? One of " + String.join(", ", spec.commandLine().getSubcommands().keySet()));
  }

  /** What all views share. */
  static final class Common {
    @Option(
        names = "--text",
        paramLabel = "FILE",
        description = "Text to look at; without it the model writes its own.")
    @Nullable Path text;

    @Option(names = "--seed", defaultValue = "0", description = "Of everything random.")
    long seed;

    @Option(names = "--json", description = "As JSON.")
    boolean json;

    @Option(
        names = "--out",
        paramLabel = "DIR",
        description = "Also write report.html and report.json into this folder.")
    @Nullable Path out;
  }

  private Corpus corpus(Model model, Common common) {
    return Corpus.of(model, common.text, 32, 128, common.seed);
  }

  private Progress progress() {
    return workplace.progress();
  }

  private int show(CommandSpec view, Common common, String subtitle, Section section) {
    Report report =
        new Report("%s: %s".formatted(path, section.title()), subtitle, List.of(section));
    workplace.show(view.commandLine().getOut(), report, common.json);
    if (common.out != null) {
      write(report, common.out);
      view.commandLine().getErr().println("written to " + common.out.resolve("report.html"));
    }
    return Main.OK;
  }

  private static void write(Report report, Path folder) {
    try {
      Files.createDirectories(folder);
      HtmlReport.write(report, folder.resolve("report.html"));
      AtomicFiles.writeText(
          folder.resolve("report.json"), JsonRenderer.render(report).toPrettyString());
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write the report: " + e.getMessage(), e);
    }
  }

  /** One view. */
  abstract static class View implements Callable<Integer>, Recorded {
    final InterpretCommand parent;

    @Spec CommandSpec spec = CommandSpec.create();

    @Mixin Common common = new Common();

    View(InterpretCommand parent) {
      this.parent = parent;
    }

    Model model() {
      return Models.load(parent.path);
    }
  }

  /** {@code depth}. */
  @Command(name = "depth", description = "What each block adds, and what skipping it changes.")
  static final class Depth extends View {
    Depth(InterpretCommand parent) {
      super(parent);
    }

    @Override
    public Integer call() {
      Model model = model();
      Corpus corpus = parent.corpus(model, common);
      Section section = Interpretations.depth(model, corpus, common.seed);
      return parent.show(spec, common, corpus.source(), section);
    }
  }

  /** {@code sparsity}. */
  @Command(
      name = "sparsity",
      description = "Which hidden units fire, and the loss when only the largest may.")
  static final class Sparsity extends View {
    Sparsity(InterpretCommand parent) {
      super(parent);
    }

    @Override
    public Integer call() {
      Model model = model();
      Corpus corpus = parent.corpus(model, common);
      Section section = Interpretations.sparsity(model, corpus, parent.progress());
      return parent.show(spec, common, corpus.source(), section);
    }
  }

  /** {@code circuit}. */
  @Command(
      name = "circuit",
      description = {
        "What brings the likeliest next token of a prompt: heads, features, embeddings.",
        "MLPs are single nodes unless a transcoder of theirs is given."
      })
  static final class CircuitView extends View {
    @Option(
        names = "--prompt",
        paramLabel = "TEXT",
        description = "Without it the beginning of a held-out text.")
    @Nullable String prompt;

    @Option(
        names = "--dictionary",
        paramLabel = "DIR",
        description = "A transcoder saved by 'features --save' or SAELens; may be repeated.")
    List<Path> dictionaries = new ArrayList<>();

    CircuitView(InterpretCommand parent) {
      super(parent);
    }

    @Override
    public Integer call() {
      Model model = model();
      Corpus corpus = parent.corpus(model, common);
      Map<Integer, Dictionary> byLayer = new LinkedHashMap<>();
      for (Path folder : dictionaries) {
        Dictionary dictionary = Dictionary.load(folder);
        byLayer.put(layer(dictionary, folder), dictionary);
      }
      Section section = Interpretations.circuit(model, corpus, prompt, byLayer);
      return parent.show(spec, common, corpus.source(), section);
    }

    private int layer(Dictionary dictionary, Path folder) {
      var m =
          java.util.regex.Pattern.compile("blocks\\.(\\d+)\\..*").matcher(dictionary.outputSite());
      if (!m.matches() || dictionary.autoencodes()) {
        throw new ParameterException(
            spec.commandLine(),
            "%s is not a transcoder of a block's MLP: it maps '%s' to '%s'"
                .formatted(folder, dictionary.inputSite(), dictionary.outputSite()));
      }
      return Integer.parseInt(m.group(1));
    }
  }

  /** {@code attribute}. */
  @Command(
      name = "attribute",
      description = "Where a difference between two prompts of equal length comes from.")
  static final class Attribute extends View {
    @Option(names = "--clean", paramLabel = "TEXT", description = "The prompt.")
    @Nullable String clean;

    @Option(
        names = "--corrupt",
        paramLabel = "TEXT",
        description = "The prompt with something changed.")
    @Nullable String corrupted;

    @Option(
        names = "--task",
        paramLabel = "NAME",
        description =
            "Instead of prompts: a pair of a known task, by --seed; one of ${COMPLETION-CANDIDATES}.")
    @Nullable TextPrompts task;

    @Option(
        names = "--sites",
        paramLabel = "GLOB",
        defaultValue = AttributionPatching.WRITTEN,
        description = "Where to look; heads, MLPs and streams if not given.")
    String sites = AttributionPatching.WRITTEN;

    @Option(
        names = "--plus",
        paramLabel = "TOKEN",
        description = "Whose logit counts; the likeliest after the clean prompt if not given.")
    @Nullable String plus;

    @Option(
        names = "--minus",
        paramLabel = "TOKEN",
        description = "Whose logit counts against; the likeliest after the other.")
    @Nullable String minus;

    Attribute(InterpretCommand parent) {
      super(parent);
    }

    @Override
    public Integer call() {
      if (task != null && clean == null && corrupted == null && plus == null && minus == null) {
        Section section = Interpretations.attribute(model(), task, sites, common.seed);
        return parent.show(spec, common, "a pair of the task " + task.words(), section);
      }
      if (task != null || clean == null || corrupted == null) {
        throw new ParameterException(
            spec.commandLine(),
            "give either --clean and --corrupt, or --task, which brings its own prompts and answers");
      }
      Section section = Interpretations.attribute(model(), clean, corrupted, sites, plus, minus);
      return parent.show(spec, common, "“%s” against “%s”".formatted(clean, corrupted), section);
    }
  }

  /** {@code probe}. */
  @Command(
      name = "probe",
      description = "How well each block's stream tells whether a certain token comes next.")
  static final class Probe extends View {
    @Option(names = "--token", paramLabel = "TOKEN", required = true, description = "Which.")
    String token = "";

    Probe(InterpretCommand parent) {
      super(parent);
    }

    @Override
    public Integer call() {
      Model model = model();
      Corpus corpus = parent.corpus(model, common);
      Section section = Interpretations.probe(model, corpus, token, common.seed);
      return parent.show(spec, common, corpus.source(), section);
    }
  }

  /** {@code compare}. */
  @Command(
      name = "compare",
      description = "How alike the streams are at every pair of depths, of one model or of two.")
  static final class Compare extends View {
    @Option(
        names = "--with",
        paramLabel = "MODEL",
        description = "Another model that reads the same tokens; without it the same one.")
    @Nullable Path other;

    Compare(InterpretCommand parent) {
      super(parent);
    }

    @Override
    public Integer call() {
      Model model = model();
      Model second = other == null ? model : Models.load(other);
      Corpus corpus = parent.corpus(model, common);
      Section section = Interpretations.compare(model, second, corpus, common.seed);
      return parent.show(spec, common, corpus.source(), section);
    }
  }

  /** {@code steer}. */
  @Command(
      name = "steer",
      description = "Holds one feature of a dictionary at a value, or takes it away.")
  static final class Steer extends View {
    @Option(
        names = "--dictionary",
        paramLabel = "DIR",
        required = true,
        description = "A dictionary saved by 'features --save' or SAELens.")
    Path dictionary = Path.of("");

    @Option(names = "--feature", paramLabel = "N", required = true, description = "Which.")
    int feature;

    @Option(
        names = "--to",
        paramLabel = "VALUE",
        defaultValue = "0",
        description =
            "What it is on every token; ${DEFAULT-VALUE}, which takes it away, if not given.")
    double value;

    @Option(
        names = "--prompt",
        paramLabel = "TEXT",
        description = "What is continued; the beginning of a text if not given.")
    @Nullable String prompt;

    Steer(InterpretCommand parent) {
      super(parent);
    }

    @Override
    public Integer call() {
      Model model = model();
      Dictionary loaded = Dictionary.load(dictionary);
      Corpus corpus = parent.corpus(model, common);
      Section section = Steering.of(model, corpus, prompt, loaded, feature, value);
      return parent.show(spec, common, corpus.source(), section);
    }
  }

  /** {@code features}. */
  @Command(
      name = "features",
      description = "Trains or loads a sparse dictionary of a block's MLP, and shows its features.")
  static final class Features extends View {
    private static final int LENGTH = 128; // tokens of a text of the index

    /** Where thresholds of JumpReLU begin, in units of the scaled input's deviation. */
    private static final double THRESHOLD = 0.1;

    /** What a dictionary stands for. */
    enum Kind {
      TRANSCODER,
      SAE
    }

    @Option(
        names = "--layer",
        paramLabel = "N",
        defaultValue = "0",
        description =
            "The block; with --index also several, as 0,2,5 or all, each in a folder of its own.")
    String layers = "0";

    @Option(
        names = "--kind",
        paramLabel = "KIND",
        defaultValue = "transcoder",
        description =
            "transcoder (of the MLP) or sae (of its output); ${DEFAULT-VALUE} if not given.")
    Kind kind = Kind.TRANSCODER;

    @Option(
        names = "--features",
        paramLabel = "N",
        description = "How many; 8 times the stream's width if not given.")
    @Nullable Integer features;

    @Option(
        names = "--activation",
        paramLabel = "NAME",
        defaultValue = "relu",
        description = "relu, gated, jumprelu or topk:K; ${DEFAULT-VALUE} if not given.")
    String activation = "relu";

    @Option(
        names = "--steps",
        paramLabel = "N",
        defaultValue = "1500",
        description = "Of training; ${DEFAULT-VALUE} if not given.")
    long steps;

    @Option(names = "--save", paramLabel = "DIR", description = "Keep it, as SAELens does.")
    @Nullable Path save;

    @Option(names = "--load", paramLabel = "DIR", description = "Do not train, load this one.")
    @Nullable Path load;

    @Option(
        names = "--index",
        paramLabel = "DIR",
        description = {
          "Also write the dictionary and an index of its features here, for the pages of 'lapidary serve'.",
          "A run that was stopped goes on with what is there."
        })
    @Nullable Path index;

    @Option(
        names = "--texts",
        paramLabel = "N",
        defaultValue = "256",
        description =
            "Texts in the index at most; where there is no --text the model writes them. ${DEFAULT-VALUE} if not given.")
    int texts;

    @Option(
        names = "--ids",
        paramLabel = "FILE",
        description = {
          "Index a file of token ids, which may be larger than memory, instead: little-endian,",
          "16 bits each where the vocabulary fits into them, else 32."
        })
    @Nullable Path ids;

    Features(InterpretCommand parent) {
      super(parent);
    }

    @Override
    public Integer call() {
      Model model = model();
      List<Integer> chosen = layers(model);
      chosen.forEach(layer -> MlpSites.check(model, layer));
      if (texts < 1) {
        throw new ParameterException(
            spec.commandLine(), "--texts must be at least 1, was " + texts);
      }
      if (chosen.size() > 1 && (index == null || save != null || load != null)) {
        throw new ParameterException(
            spec.commandLine(), "several blocks need --index, and neither --save nor --load");
      }
      Corpus corpus = parent.corpus(model, common);
      List<Block> blocks = new ArrayList<>();
      for (int layer : chosen) {
        Path folder = index == null || chosen.size() == 1 ? index : index.resolve("block-" + layer);
        Dictionary dictionary = dictionary(model, corpus, layer, folder);
        if (save != null) {
          dictionary.save(save);
        }
        if (folder != null && !index(model, dictionary, folder)) {
          return Main.STOPPED;
        }
        blocks.addAll(Interpretations.features(model, corpus, layer, dictionary).blocks());
      }
      return parent.show(
          spec, common, corpus.source(), new Section("features", "Features", blocks));
    }

    private List<Integer> layers(Model model) {
      if (layers.equalsIgnoreCase("all")) {
        return IntStream.range(0, model.decoder().blocks().size()).boxed().toList();
      }
      if (!layers.matches("\\d{1,6}(,\\d{1,6})*")) {
        throw new ParameterException(
            spec.commandLine(),
            "--layer is a number, numbers with commas, or all; was '%s'".formatted(layers));
      }
      return Arrays.stream(layers.split(",")).map(Integer::valueOf).distinct().toList();
    }

    private Dictionary dictionary(Model model, Corpus corpus, int layer, @Nullable Path folder) {
      if (load != null) {
        return Dictionary.load(load);
      }
      if (folder == null || !FeatureIndex.isAt(folder)) {
        return train(model, corpus, layer);
      }
      Dictionary there = FeatureIndex.dictionary(folder);
      String output = MlpSites.output(model, layer);
      String input = kind == Kind.SAE ? output : MlpSites.input(model, layer);
      if (!there.inputSite().equals(input) || !there.outputSite().equals(output)) {
        throw new ParameterException(
            spec.commandLine(),
            "%s holds an index of a dictionary that maps '%s' to '%s'; give another folder"
                .formatted(folder, there.inputSite(), there.outputSite()));
      }
      return there;
    }

    /** Whether it came to its end. */
    private boolean index(Model model, Dictionary dictionary, Path folder) {
      Progress progress = parent.progress();
      String name = parent.path.toAbsolutePath().normalize().toString();
      IndexSummary made;
      if (ids == null) {
        int[][] some = sequences(model);
        String source = common.text == null ? "texts written by the model" : "" + common.text;
        made =
            FeatureIndexer.defaults()
                .index(
                    model,
                    dictionary,
                    Texts.of(some),
                    new FeatureIndexer.Origin(name, source),
                    folder,
                    progress);
      } else {
        int vocab = model.decoder().config().vocab();
        int length = Math.min(LENGTH, model.decoder().config().context());
        TokenFile.Width width = vocab <= 1 << 16 ? TokenFile.Width.UINT16 : TokenFile.Width.INT32;
        try (Texts.Mapped mapped = Texts.map(ids, width, vocab, length)) {
          made =
              FeatureIndexer.defaults()
                  .index(
                      model,
                      dictionary,
                      mapped,
                      new FeatureIndexer.Origin(name, ids.toString()),
                      folder,
                      progress);
        }
      }
      PrintWriter err = spec.commandLine().getErr();
      err.println(
          made.complete()
              ? "an index of %d features over %d tokens is in %s"
                  .formatted(made.features(), made.tokens(), folder)
              : "stopped after %d of %d texts; the same command goes on"
                  .formatted(made.textsDone(), made.texts()));
      return made.complete();
    }

    private int[][] sequences(Model model) {
      if (common.text != null) {
        int[][] all = Corpus.sequences(model, common.text, LENGTH);
        return Arrays.copyOf(all, Math.min(texts, all.length));
      }
      int length = Math.min(LENGTH, model.decoder().config().context());
      return new Sampler(1)
          .texts(model.decoder(), Corpus.start(model), texts, length, new Rng(common.seed));
    }

    private Dictionary train(Model model, Corpus corpus, int layer) {
      int count = features == null ? 8 * model.decoder().config().dModel() : features;
      DictionaryTrainer.Settings settings =
          DictionaryTrainer.Settings.defaults(count)
              .withSteps(steps)
              .withBatch(512)
              .withSeed(common.seed);
      Activation chosen = activation(count);
      settings = settings.withActivation(chosen);
      if (!(chosen instanceof Activation.TopK)) {
        settings = settings.withTargetL0(count / 10.0);
      }
      Transcoder trainer = new Transcoder(settings, 65_536);
      Progress progress = parent.progress();
      return switch (kind) {
        case TRANSCODER -> trainer.train(model, layer, corpus.training(), progress).dictionary();
        case SAE ->
            trainer.trainAutoencoder(model, layer, corpus.training(), progress).dictionary();
      };
    }

    private Activation activation(int count) {
      String name = activation.toLowerCase(Locale.ROOT);
      switch (name) {
        case "relu":
          return new Activation.Relu();
        case "gated":
          return Activation.Gated.initial(count);
        case "jumprelu":
          return Activation.JumpRelu.initial(count, THRESHOLD);
        default:
          break;
      }
      if (name.matches("topk:[0-9]{1,6}")) {
        int k = Integer.parseInt(name.substring("topk:".length()));
        if (k >= 1 && k <= count) {
          return new Activation.TopK(k);
        }
      }
      throw new ParameterException(
          spec.commandLine(),
          "the activation '%s' is not known; use relu, gated, jumprelu, or topk:K with K from 1 to %d"
              .formatted(activation, count));
    }
  }
}
