package org.lapidary.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.lapidary.assay.Corpus;
import org.lapidary.assay.PackedFile;
import org.lapidary.io.Npy;
import org.lapidary.io.RawTensor;
import org.lapidary.io.model.Models;
import org.lapidary.nn.Model;
import org.lapidary.nn.Sampler;
import org.lapidary.nn.Tokenizer;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lapidary generate}. */
@Command(
    name = "generate",
    description = "Continues a prompt, or writes the logits of every position of it.",
    footer = {
      "",
      "Examples:",
      "  lapidary generate ./my-model --prompt \"Once upon a time\" --max 60",
      "  lapidary generate ./my-model --tokens 1,2,3 --max 0 --logits logits.npy"
    })
final class GenerateCommand implements Callable<Integer> {
  @Spec CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "MODEL", description = "A Hugging Face folder or a llama2.c .bin file.")
  Path path = Path.of("");

  @Option(names = "--prompt", paramLabel = "TEXT", description = "What to continue.")
  @Nullable String prompt;

  @Option(
      names = "--tokens",
      paramLabel = "IDS",
      description = "What to continue, as token ids with commas.")
  @Nullable String tokens;

  @Option(
      names = "--max",
      paramLabel = "N",
      defaultValue = "100",
      description = "New tokens at most; ${DEFAULT-VALUE} if not given.")
  int max;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      defaultValue = "0",
      description = "0 takes the likeliest token (the default), 1 samples as the model says.")
  double temperature;

  @Option(names = "--seed", defaultValue = "0", description = "Of the sampling.")
  long seed;

  @Option(
      names = "--logits",
      paramLabel = "FILE.npy",
      description = "Write the prompt's logits, float32 [position, vocab].")
  @Nullable Path logits;

  @Option(
      names = "--packed",
      description = "Run the packed matrices of an assay's slimmed model by the kernels.")
  boolean packed;

  @Override
  public Integer call() {
    if (prompt != null && tokens != null) {
      throw new ParameterException(spec.commandLine(), "give --prompt or --tokens, not both");
    }
    if (max < 0) {
      throw new ParameterException(spec.commandLine(), "--max is 0 or more, not " + max);
    }
    Model model = packed ? PackedFile.model(path) : Models.load(path);
    int[] ids = ids(model);
    Sampler.check(model.decoder(), ids);
    Path file = logits;
    if (file != null) {
      writeLogits(model, ids, file);
    }
    PrintWriter out = spec.commandLine().getOut();
    Tokenizer tokenizer = model.tokenizer();
    Integer eos = tokenizer == null ? null : tokenizer.eos();
    Integer bos = tokenizer == null ? null : tokenizer.bos();
    int[] line =
        new Sampler(temperature)
            .continueFrom(
                model.decoder(),
                ids,
                max,
                new Rng(seed),
                id -> (eos == null || id != eos) && (bos == null || id != bos));
    out.println(
        tokenizer != null && tokens == null
            ? tokenizer.decode(line)
            : Arrays.stream(line).mapToObj(Integer::toString).collect(Collectors.joining(",")));
    out.flush();
    return Main.OK;
  }

  private int[] ids(Model model) {
    String list = tokens;
    if (list != null) {
      return TokenIds.parse(spec, list);
    }
    Tokenizer tokenizer = model.tokenizer();
    if (tokenizer == null) {
      throw new ParameterException(
          spec.commandLine(), "this model has no tokenizer; give token ids with --tokens 1,2,3");
    }
    int[] text = prompt == null || prompt.isEmpty() ? new int[0] : tokenizer.encode(prompt);
    Integer bos = tokenizer.bos();
    if (bos == null && text.length > 0) {
      return text;
    }
    int[] line = new int[text.length + 1];
    line[0] = Corpus.start(model);
    System.arraycopy(text, 0, line, 1, text.length);
    return line;
  }

  private static void writeLogits(Model model, int[] ids, Path file) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor all = model.forward(Tensor.of(ids, 1, ids.length)).select(0, 0).contiguous();
      Npy.write(file, RawTensor.of(all.toFloats(), all.shape().toArray()));
    }
  }
}
