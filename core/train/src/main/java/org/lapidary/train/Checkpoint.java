package org.lapidary.train;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.io.FormatException;
import org.lapidary.io.RawTensor;
import org.lapidary.io.Safetensors;
import org.lapidary.io.TensorSource;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Parameter;
import org.lapidary.tensor.Tensor;

/** The state of a training run in one safetensors file, written atomically. */
final class Checkpoint {
  private Checkpoint() {}

  /** Where a run stands, besides its tensors. */
  record State(long step, List<Trainer.Evaluation> evaluations, double best, int worse) {}

  static void save(Path path, Layer layer, Optimizer optimizer, long seed, State state) {
    Map<String, RawTensor> tensors = new LinkedHashMap<>();
    layer.state().forEach((name, p) -> tensors.put("model." + name, raw(p.tensor())));
    optimizer.state().forEach((name, t) -> tensors.put("optimizer." + name, raw(t)));
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("format", "lapidary training checkpoint 1");
    metadata.put("seed", Long.toString(seed));
    metadata.put("step", Long.toString(state.step()));
    metadata.put("optimizerSteps", Long.toString(optimizer.steps()));
    metadata.put("best", Double.toHexString(state.best()));
    metadata.put("worse", Integer.toString(state.worse()));
    StringBuilder evaluations = new StringBuilder();
    for (Trainer.Evaluation e : state.evaluations()) {
      evaluations.append(e.step()).append(' ').append(Double.toHexString(e.loss())).append(' ');
    }
    metadata.put("evaluations", evaluations.toString());
    Safetensors.write(path, tensors, metadata);
  }

  private static RawTensor raw(Tensor tensor) {
    return new RawTensor(tensor.dtype(), tensor.shape().toArray(), tensor.segment());
  }

  /**
   * Copies a checkpoint into a layer tree and an optimizer.
   *
   * @throws FormatException if it is of another model, optimizer or seed
   */
  static State load(Path path, Layer layer, Optimizer optimizer, long seed) {
    try (TensorSource source = Safetensors.open(path)) {
      Map<String, Tensor> targets = new LinkedHashMap<>();
      Map<String, Parameter> state = layer.state();
      state.forEach((name, p) -> targets.put("model." + name, p.tensor()));
      optimizer.state().forEach((name, t) -> targets.put("optimizer." + name, t));
      if (!targets.keySet().equals(source.names())) {
        throw refused(path, "tensors of another model or optimizer", "the ones of this run");
      }
      String savedSeed = source.metadata().get("seed");
      if (!Long.toString(seed).equals(savedSeed)) {
        throw refused(path, "a run with seed " + savedSeed, "seed " + seed);
      }
      for (var target : targets.entrySet()) {
        RawTensor raw = source.get(target.getKey());
        Tensor tensor = target.getValue();
        if (raw.dtype() != tensor.dtype()
            || !java.util.Arrays.equals(raw.shape(), tensor.shape().toArray())) {
          throw refused(path, target.getKey() + " as " + raw, tensor.type().toString());
        }
      }
      targets.forEach((name, tensor) -> {
        MemorySegment data = source.get(name).data();
        MemorySegment.copy(data, 0, tensor.segment(), 0, data.byteSize());
      });
      optimizer.restore(number(path, source, "optimizerSteps"));
      return new State(
          number(path, source, "step"),
          evaluations(path, source),
          Double.parseDouble(source.metadata().getOrDefault("best", "NaN")),
          (int) number(path, source, "worse"));
    }
  }

  private static long number(Path path, TensorSource source, String key) {
    String text = source.metadata().get(key);
    try {
      return Long.parseLong(text == null ? "" : text);
    } catch (NumberFormatException e) {
      throw refused(path, key + " = " + text, "a whole number");
    }
  }

  private static List<Trainer.Evaluation> evaluations(Path path, TensorSource source) {
    String[] words = source.metadata().getOrDefault("evaluations", "").strip().split(" +");
    List<Trainer.Evaluation> list = new ArrayList<>();
    try {
      for (int i = 0; i + 1 < words.length; i += 2) {
        list.add(
            new Trainer.Evaluation(Long.parseLong(words[i]), Double.parseDouble(words[i + 1])));
      }
    } catch (NumberFormatException e) {
      throw refused(path, "evaluations " + String.join(" ", words), "steps and losses");
    }
    return list;
  }

  private static FormatException refused(Path path, String found, String expected) {
    return new FormatException(
        path.toString(),
        FormatException.NOWHERE,
        found,
        expected,
        "give the run another checkpoint file, or delete this one to start afresh");
  }
}
