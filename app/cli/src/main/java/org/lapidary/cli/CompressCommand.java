package org.lapidary.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.lapidary.assay.Compressors;
import org.lapidary.assay.Corpus;
import org.lapidary.assay.ModelDiff;
import org.lapidary.assay.Reports;
import org.lapidary.compress.Compressor;
import org.lapidary.io.model.HuggingFace;
import org.lapidary.io.model.Models;
import org.lapidary.nn.Model;
import org.lapidary.report.Report;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lapidary compress}. */
@Command(
    name = "compress",
    description =
        "Makes a model smaller by one method, writes it, and compares it with the original.",
    footer = {
      "",
      "Example:",
      "  lapidary compress ./my-model --method dsnot --set sparsity=0.6 --out ./pruned"
    })
final class CompressCommand implements Callable<Integer>, Recorded {
  private final Workplace workplace;

  @Spec CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "MODEL", description = "A Hugging Face folder or a llama2.c .bin file.")
  Path path = Path.of("");

  @Option(names = "--method", paramLabel = "ID", required = true, description = "The method.")
  String method = "";

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "A setting of the method; may be repeated.")
  Map<String, String> settings = new LinkedHashMap<>();

  @Option(
      names = "--text",
      paramLabel = "FILE",
      description = "Calibration text; without it the model writes its own.")
  @Nullable Path text;

  @Option(names = "--out", paramLabel = "DIR", required = true, description = "Where to write.")
  Path out = Path.of("");

  @Option(names = "--seed", defaultValue = "0", description = "Of the self-written text.")
  long seed;

  CompressCommand(Workplace workplace) {
    this.workplace = workplace;
  }

  @Override
  public Integer call() {
    Compressor compressor;
    try {
      compressor = Compressors.of(method, settings);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
    Model model = Models.load(path);
    Corpus corpus = Corpus.of(model, text, 32, 128, seed);
    Model smaller = compressor.compress(model, corpus.calibration());
    HuggingFace.save(smaller, out);
    ModelDiff diff = ModelDiff.of(model, Models.load(out), corpus.heldOut());
    Report report =
        new Report(
            "%s by %s".formatted(path, compressor),
            "written to " + out,
            List.of(Reports.diff("diff", "What changed", diff)));
    workplace.show(spec.commandLine().getOut(), report, false);
    return Main.OK;
  }
}
