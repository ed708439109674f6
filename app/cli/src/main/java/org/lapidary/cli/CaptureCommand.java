package org.lapidary.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.lapidary.io.RawTensor;
import org.lapidary.io.Safetensors;
import org.lapidary.io.model.Models;
import org.lapidary.nn.Activations;
import org.lapidary.nn.Model;
import org.lapidary.nn.Sampler;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lapidary capture}. */
@Command(
    name = "capture",
    description = "Writes activations at named sites to a safetensors file.",
    footer = {
      "",
      "Example:",
      "  lapidary capture ./my-model --tokens 1,2,3 --sites 'blocks.*.hook_resid_post' --out acts.safetensors"
    })
final class CaptureCommand implements Callable<Integer> {
  @Spec CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "MODEL", description = "A Hugging Face folder or a llama2.c .bin file.")
  Path path = Path.of("");

  @Option(names = "--tokens", paramLabel = "IDS", required = true, description = "Token ids.")
  String tokens = "";

  @Option(
      names = "--sites",
      paramLabel = "GLOB",
      required = true,
      description = "Site paths; * stays within a name, ** crosses dots, {a,b} is either.")
  String sites = "";

  @Option(names = "--out", paramLabel = "FILE", required = true, description = "Where to write.")
  Path out = Path.of("");

  @Override
  public Integer call() {
    Model model = Models.load(path);
    int[] ids = TokenIds.parse(spec, tokens);
    Sampler.check(model.decoder(), ids);
    PrintWriter print = spec.commandLine().getOut();
    try (Scope scope = Scope.open()) {
      Activations acts = model.capture(Tensor.of(ids, 1, ids.length), sites);
      Map<String, RawTensor> tensors = new LinkedHashMap<>();
      acts.map()
          .forEach((site, x) -> {
            Tensor dense = x.contiguous();
            tensors.put(
                site, new RawTensor(dense.dtype(), dense.shape().toArray(), dense.segment()));
            print.println(site + "  " + dense.type());
          });
      Safetensors.write(out, tensors, Map.of("tokens", tokens));
    }
    print.flush();
    return Main.OK;
  }
}
