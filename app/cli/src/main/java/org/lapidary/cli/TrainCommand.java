package org.lapidary.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.lapidary.catalog.runs.RunLog;
import org.lapidary.data.CharVocabulary;
import org.lapidary.data.TextFile;
import org.lapidary.data.generate.SmallLanguage;
import org.lapidary.evidence.Estimate;
import org.lapidary.evidence.Progress;
import org.lapidary.io.model.HuggingFace;
import org.lapidary.io.model.Models;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Model;
import org.lapidary.nn.Tokenizer;
import org.lapidary.tensor.Rng;
import org.lapidary.train.AdamW;
import org.lapidary.train.LanguageModeling;
import org.lapidary.train.Schedule;
import org.lapidary.train.Trainer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lapidary train}. */
@Command(
    name = "train",
    description = {
      "Trains a small language model on a text, or goes on training a given one.",
      "A new model reads single characters; without --text it learns the generated language.",
      "If it is stopped or killed, the same command goes on from the last checkpoint."
    },
    footer = {
      "",
      "Examples:",
      "  lapidary train --text input.txt --layers 4 --width 128 --out ./my-model",
      "  lapidary train ./my-model --text more.txt --rate 1e-4 --steps 200 --out ./tuned"
    })
final class TrainCommand implements Callable<Integer>, Recorded {
  private static final double HELD_OUT = 0.1;
  private static final int MOST_HELD_OUT = 64;
  private static final int GENERATED = 400_000;

  private final Workplace workplace;

  @Spec CommandSpec spec = CommandSpec.create();

  @Parameters(
      arity = "0..1",
      paramLabel = "MODEL",
      description = "Where to start: a Hugging Face folder or a llama2.c .bin file.")
  @Nullable Path start;

  @Option(names = "--text", paramLabel = "FILE", description = "What to learn (UTF-8).")
  @Nullable Path text;

  @Option(names = "--out", paramLabel = "DIR", required = true, description = "Where to write.")
  Path out = Path.of("");

  @Option(
      names = "--family",
      defaultValue = "gpt",
      description = "Of a new model: gpt or llama; ${DEFAULT-VALUE} if not given.")
  String family = "gpt";

  @Option(names = "--layers", defaultValue = "4", description = "Blocks; ${DEFAULT-VALUE}.")
  int layers;

  @Option(
      names = "--width",
      defaultValue = "128",
      description = "Of the residual stream; ${DEFAULT-VALUE}.")
  int width;

  @Option(names = "--heads", defaultValue = "4", description = "Of attention; ${DEFAULT-VALUE}.")
  int heads;

  @Option(
      names = "--context",
      defaultValue = "128",
      description = "Tokens a sequence; ${DEFAULT-VALUE}.")
  int context;

  @Option(names = "--steps", defaultValue = "1000", description = "Of AdamW; ${DEFAULT-VALUE}.")
  int steps;

  @Option(
      names = "--batch",
      defaultValue = "16",
      description = "Sequences a step; ${DEFAULT-VALUE}.")
  int batch;

  @Option(
      names = "--rate",
      defaultValue = "1e-3",
      description =
          "The highest learning rate; ${DEFAULT-VALUE}. It rises, then falls as a cosine.")
  double rate;

  @Option(names = "--decay", defaultValue = "0.01", description = "Weight decay; ${DEFAULT-VALUE}.")
  double decay;

  @Option(
      names = "--evaluate-every",
      paramLabel = "N",
      defaultValue = "100",
      description = "Steps between looks at held-out text, and checkpoints; ${DEFAULT-VALUE}.")
  int every;

  @Option(
      names = "--patience",
      paramLabel = "N",
      defaultValue = "0",
      description = "Stop after so many looks without improvement; 0 (the default) never.")
  int patience;

  @Option(names = "--seed", defaultValue = "0", description = "Of everything random.")
  long seed;

  TrainCommand(Workplace workplace) {
    this.workplace = workplace;
  }

  @Override
  public Integer call() {
    check();
    Interrupt interrupt = Interrupt.listen(System.err);
    Progress progress = workplace.progress(interrupt);
    BusyMachine.warn(System.err);
    Prepared prepared = prepare();
    Model model = prepared.model();
    int length = Math.min(context, model.decoder().config().context()) - 1;
    int cut = (int) Math.round(prepared.tokens().length * (1 - HELD_OUT));
    int[] train = Arrays.copyOf(prepared.tokens(), cut);
    int[][] heldOut =
        LanguageModeling.cut(
            Arrays.copyOfRange(prepared.tokens(), cut, prepared.tokens().length), length + 1);
    if (heldOut.length == 0) {
      throw new IllegalArgumentException(
          "%d tokens of text are too few for sequences of %d and as many held out; give more text or a smaller --context"
              .formatted(prepared.tokens().length, length + 1));
    }
    int[][] measured = Arrays.copyOf(heldOut, Math.min(MOST_HELD_OUT, heldOut.length));
    Path checkpoint = checkpoint();
    RunLog log = workplace.log();
    AtomicLong done = new AtomicLong();
    try (AdamW adam =
        new AdamW(Trainer.parameters(model.layer()), new AdamW.Settings(0.9, 0.99, 1e-8, decay))) {
      Trainer.Result result =
          new Trainer(
                  model.layer(),
                  adam,
                  LanguageModeling.task(model, train, batch, length),
                  Trainer.Settings.of(
                          steps,
                          Schedule.cosine(rate, Math.max(1, steps / 20), steps, rate / 20),
                          seed)
                      .withClip(1)
                      .withEvaluation(every, patience)
                      .withCheckpoint(checkpoint, every))
              .after((step, loss) -> {
                done.set(step + 1);
                log.metric("loss", step + 1, loss);
              })
              .evaluateWith(() -> {
                double loss = LanguageModeling.evaluate(model, measured).mean();
                log.metric("held-out loss", done.get(), loss);
                return loss;
              })
              .run(progress);
      if (interrupt.getAsBoolean()) {
        spec.commandLine()
            .getErr()
            .println(
                "lapidary: stopped after step %d of %d; the same command goes on from there"
                    .formatted(result.steps(), steps));
        return Main.STOPPED;
      }
      model.layer().requiresGrad(false);
      report(model, result, measured);
    }
    HuggingFace.save(model, out);
    try {
      Files.deleteIfExists(checkpoint);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return Main.OK;
  }

  private void check() {
    positive("--steps", steps);
    positive("--batch", batch);
    positive("--evaluate-every", every);
    if (context < 2) {
      throw new ParameterException(spec.commandLine(), "--context is 2 or more, not " + context);
    }
    if (!(rate > 0) || Double.isInfinite(rate)) {
      throw new ParameterException(spec.commandLine(), "--rate is above 0, not " + rate);
    }
    if (Files.exists(out)) {
      throw new IllegalArgumentException(
          out + " exists already; give another folder with --out, or remove it");
    }
  }

  private void positive(String name, int value) {
    if (value < 1) {
      throw new ParameterException(spec.commandLine(), name + " is 1 or more, not " + value);
    }
  }

  private record Prepared(Model model, int[] tokens) {}

  private Prepared prepare() {
    Path given = start;
    Path file = text;
    if (given != null) {
      Model model = Models.load(given);
      Tokenizer tokenizer = model.tokenizer();
      if (file == null || tokenizer == null) {
        throw new ParameterException(
            spec.commandLine(),
            file == null
                ? "give the text to go on with: --text FILE"
                : "this model has no tokenizer; put its tokenizer.json beside the weights");
      }
      return new Prepared(model, tokenizer.encode(TextFile.read(file)));
    }
    if (file == null) {
      return new Prepared(fresh(SmallLanguage.vocabulary()), SmallLanguage.stream(GENERATED, seed));
    }
    String content = TextFile.read(file);
    CharVocabulary vocabulary = CharVocabulary.of(content);
    return new Prepared(fresh(vocabulary), vocabulary.encode(content));
  }

  private Model fresh(Tokenizer tokenizer) {
    if (heads < 1 || width < 1 || width % heads != 0) {
      throw new ParameterException(
          spec.commandLine(),
          "--width is a multiple of --heads, were %d and %d".formatted(width, heads));
    }
    DecoderConfig config =
        switch (family) {
          case "gpt" -> DecoderConfig.gpt(tokenizer.vocab(), width, layers, heads, context, "gelu");
          case "llama" ->
              DecoderConfig.llama(
                  tokenizer.vocab(),
                  width,
                  layers,
                  heads,
                  heads,
                  (int) Math.ceil(width * 8 / 3.0 / 8) * 8,
                  context,
                  true);
          default ->
              throw new ParameterException(
                  spec.commandLine(), "--family is gpt or llama, not '" + family + "'");
        };
    Layer layer = config.build();
    layer.initialise(new Rng(seed));
    return new Model(config, layer, tokenizer);
  }

  /** Beside the folder that is to be written. */
  private Path checkpoint() {
    Path whole = out.toAbsolutePath().normalize();
    return whole.resolveSibling("." + whole.getFileName() + ".training");
  }

  private void report(Model model, Trainer.Result result, int[][] measured) {
    Estimate loss = LanguageModeling.evaluate(model, measured);
    PrintWriter print = spec.commandLine().getOut();
    for (Trainer.Evaluation e : result.evaluations()) {
      print.println(String.format(Locale.ROOT, "step %6d  held-out loss %.4f", e.step(), e.loss()));
    }
    print.println(
        String.format(
            Locale.ROOT,
            "%s after %d steps: %.4f ± %.4f nats a token on held-out text, written to %s",
            result.stoppedEarly() ? "Stopped early" : "Trained",
            result.steps(),
            loss.mean(),
            loss.halfWidth(),
            out));
    print.flush();
  }
}
