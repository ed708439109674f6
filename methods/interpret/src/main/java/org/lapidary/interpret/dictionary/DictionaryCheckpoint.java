package org.lapidary.interpret.dictionary;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.io.FormatException;
import org.lapidary.io.RawTensor;
import org.lapidary.io.Safetensors;
import org.lapidary.io.TensorSource;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.AdamW;

/** The state of a dictionary's training in one safetensors file, written atomically. */
record DictionaryCheckpoint(Path path, DictionaryTrainer.Settings settings) {
  private static final String FORMAT = "lapidary dictionary training 1";
  private static final String MEMORY = "source.";

  /**
   * Where a run stands, besides its tensors.
   *
   * @param losses of the steps taken
   * @param lambda the penalty's weight, as it is steered
   * @param fired which features have fired since the last resampling
   * @param resampled features drawn anew so far
   */
  record State(double[] losses, double lambda, boolean[] fired, int resampled) {
    long step() {
      return losses.length;
    }
  }

  void save(Scaling scaling, Weights weights, AdamW adam, PairSource source, State state) {
    Map<String, RawTensor> tensors = new LinkedHashMap<>();
    targets(weights, adam).forEach((name, tensor) -> tensors.put(name, raw(tensor)));
    tensors.put("mean_in", raw(scaling.meanIn()));
    tensors.put("mean_out", raw(scaling.meanOut()));
    tensors.put("losses", RawTensor.of(state.losses, state.losses.length));
    double[] fired = new double[state.fired.length];
    Arrays.setAll(fired, i -> state.fired[i] ? 1 : 0);
    tensors.put("fired", RawTensor.of(fired, fired.length));
    source.memory().forEach((name, tensor) -> tensors.put(MEMORY + name, raw(tensor)));
    Map<String, String> words = new LinkedHashMap<>();
    words.put("format", FORMAT);
    words.put("settings", words());
    words.put("lambda", Double.toHexString(state.lambda));
    words.put("resampled", Integer.toString(state.resampled));
    words.put("adam_steps", Long.toString(adam.steps()));
    words.put("scale_in", Double.toHexString(scaling.scaleIn()));
    words.put("scale_out", Double.toHexString(scaling.scaleOut()));
    Safetensors.write(path, tensors, words);
  }

  /** The settings but for the numbers of their activation, which the file holds. */
  private String words() {
    return settings.withActivation(new Activation.Relu())
        + (settings.activation() instanceof Activation.TopK top
            ? top.toString()
            : settings.activation().getClass().getSimpleName());
  }

  private static RawTensor raw(Tensor tensor) {
    Tensor c = tensor.contiguous();
    return new RawTensor(c.dtype(), c.shape().toArray(), c.segment());
  }

  private static Map<String, Tensor> targets(Weights weights, AdamW adam) {
    Map<String, Tensor> targets = new LinkedHashMap<>();
    List<Tensor> parameters = weights.tensors();
    for (int i = 0; i < parameters.size(); i++) {
      targets.put("weights." + i, parameters.get(i));
    }
    adam.state().forEach((name, tensor) -> targets.put("adam." + name, tensor));
    return targets;
  }

  /** The scales of a run that was stopped, which its weights are made for. */
  Scaling scaling() {
    try (TensorSource file = open()) {
      return new Scaling(
          tensor(file, "mean_in").unscoped(),
          number(file, "scale_in"),
          tensor(file, "mean_out").unscoped(),
          number(file, "scale_out"));
    }
  }

  /**
   * Copies the run's numbers into weights, optimizer and source.
   *
   * @throws FormatException if the file is of a run with other settings
   */
  State load(Weights weights, AdamW adam, PairSource source) {
    try (TensorSource file = open()) {
      for (var target : targets(weights, adam).entrySet()) {
        Tensor to = target.getValue();
        Tensor from = tensor(file, target.getKey());
        if (from.dtype() != to.dtype() || !from.shape().equals(to.shape())) {
          throw fault(target.getKey() + " of the type " + from.type(), to.type().toString());
        }
        MemorySegment.copy(from.segment(), 0, to.segment(), 0, to.segment().byteSize());
      }
      adam.restore((long) number(file, "adam_steps"));
      Map<String, Tensor> memory = new LinkedHashMap<>();
      for (String name : file.names()) {
        if (name.startsWith(MEMORY)) {
          memory.put(name.substring(MEMORY.length()), tensor(file, name));
        }
      }
      source.restore(memory);
      double[] flags = tensor(file, "fired").toDoubles();
      boolean[] fired = new boolean[flags.length];
      for (int i = 0; i < fired.length; i++) {
        fired[i] = flags[i] != 0;
      }
      double[] losses = tensor(file, "losses").toDoubles();
      if (fired.length != settings.features() || losses.length > settings.steps()) {
        throw fault("a run of %d steps".formatted(losses.length), "at most " + settings.steps());
      }
      return new State(losses, number(file, "lambda"), fired, (int) number(file, "resampled"));
    }
  }

  private TensorSource open() {
    TensorSource file = Safetensors.open(path);
    String found = file.metadata().getOrDefault("settings", "none");
    if (!FORMAT.equals(file.metadata().get("format")) || !found.equals(words())) {
      file.close();
      throw fault("a run with the settings " + found, "a run with the settings " + words());
    }
    return file;
  }

  private Tensor tensor(TensorSource file, String name) {
    if (!file.names().contains(name)) {
      throw fault("the arrays " + file.names(), name + " among them");
    }
    RawTensor raw = file.get(name);
    return Tensor.from(raw.data(), raw.dtype(), raw.shape());
  }

  private double number(TensorSource file, String key) {
    String text = file.metadata().getOrDefault(key, "");
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException e) {
      throw fault(key + " = '" + text + "'", "a number");
    }
  }

  private FormatException fault(String found, String expected) {
    return new FormatException(
        path.toString(),
        FormatException.NOWHERE,
        found,
        expected,
        "give the run another checkpoint file, or delete this one to start afresh");
  }
}
