package org.lapidary.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.lapidary.assay.ModelDiff;
import org.lapidary.assay.Reports;
import org.lapidary.io.model.HuggingFace;
import org.lapidary.io.model.Models;
import org.lapidary.nn.Model;
import org.lapidary.report.Report;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lapidary convert}. */
@Command(
    name = "convert",
    description = "Writes a model as a Hugging Face folder, and compares what was written.",
    footer = {
      "",
      "Example:",
      "  lapidary convert ./stories260K.bin --type float16 --out ./stories"
    })
final class ConvertCommand implements Callable<Integer>, Recorded {
  private final Workplace workplace;

  @Spec CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "MODEL", description = "A Hugging Face folder or a llama2.c .bin file.")
  Path path = Path.of("");

  @Option(
      names = "--type",
      defaultValue = "float32",
      description =
          "Of the weights: float32, float16, bfloat16, or int8 (the matrices of the blocks, with a scale for each row); ${DEFAULT-VALUE}.")
  DType type = DType.FLOAT32;

  @Option(names = "--out", paramLabel = "DIR", required = true, description = "Where to write.")
  Path out = Path.of("");

  ConvertCommand(Workplace workplace) {
    this.workplace = workplace;
  }

  @Override
  public Integer call() {
    Model model = Models.load(path);
    HuggingFace.save(model, out, HuggingFace.Form.of(type));
    int length = Math.min(64, model.decoder().config().context());
    int[][] tokens = new int[8][length];
    Rng rng = new Rng(0);
    for (int[] line : tokens) {
      for (int i = 0; i < length; i++) {
        line[i] = rng.nextInt(model.decoder().config().vocab());
      }
    }
    ModelDiff diff = ModelDiff.of(model, Models.load(out), tokens);
    Report report =
        new Report(
            path + " as " + type.toString().toLowerCase(java.util.Locale.ROOT),
            "written to " + out + "; compared on random tokens",
            java.util.List.of(Reports.diff("diff", "What changed", diff)));
    workplace.show(spec.commandLine().getOut(), report, false);
    return Main.OK;
  }
}
