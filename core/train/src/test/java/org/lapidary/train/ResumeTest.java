package org.lapidary.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lapidary.evidence.Progress;
import org.lapidary.io.FormatException;
import org.lapidary.nn.Dropout;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Linear;
import org.lapidary.nn.UnaryLayer;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

/** A run that is killed and resumed ends with the bits of one that was not. */
class ResumeTest {
  @TempDir Path folder;

  private static final int STEPS = 60;

  /** A small classifier with dropout. */
  static final class Net extends Layer implements UnaryLayer {
    private final Linear in = child("in", new Linear(6, 16, true));
    private final Dropout dropout = child("dropout", new Dropout(0.3));
    private final Linear out = child("out", new Linear(16, 3, true));

    @Override
    public Tensor forward(Tensor x) {
      return out.forward(dropout.forward(in.forward(x).relu()));
    }

    @Override
    protected Layer blank() {
      return new Net();
    }
  }

  /** Trains with shuffling and dropout on, with a checkpoint every 5 steps; slowly if told so. */
  static Trainer.Result train(Net net, Path checkpoint, long pauseMillis, Progress progress) {
    net.initialise(new Rng(1));
    Tensor x = new Rng(2).normal(1, 64, 6);
    Tensor y = x.slice(1, 0, 3).argmax(1);
    Shuffle shuffle = new Shuffle(64, 16, 3);
    AdamW adam = new AdamW(Trainer.parameters(net), AdamW.Settings.defaults());
    Task task =
        (step, rng) -> {
          Tensor rows = Tensor.of(shuffle.at(step));
          return net.forward(x.indexSelect(0, rows)).crossEntropy(y.indexSelect(0, rows));
        };
    return new Trainer(
            net,
            adam,
            task,
            Trainer.Settings.of(STEPS, Schedule.cosine(1e-2, 5, STEPS, 0), 9)
                .withClip(1)
                .withEvaluation(10, 0)
                .withCheckpoint(checkpoint, 5))
        .evaluateWith(() -> net.forward(x).crossEntropy(y).item())
        .after((step, loss) -> {
          if (pauseMillis > 0) {
            try {
              Thread.sleep(pauseMillis);
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          }
        })
        .run(progress);
  }

  /** Run in a process of its own, to be killed. */
  public static void main(String[] args) {
    train(new Net(), Path.of(args[0]), 40, Progress.silent());
  }

  @Test
  void killedAtAnyStepAndResumedItEndsWithTheSameBits() throws Exception {
    Net whole = new Net();
    Trainer.Result unbroken = train(whole, folder.resolve("a.safetensors"), 0, Progress.silent());
    Path checkpoint = folder.resolve("b.safetensors");
    for (int kill = 0; kill < 2; kill++) {
      killOnce(checkpoint);
    }
    Net resumed = new Net();
    Trainer.Result rest = train(resumed, checkpoint, 0, Progress.silent());
    assertThat(rest.losses().length).isBetween(1, STEPS - 5);
    assertThat(rest.evaluations()).isEqualTo(unbroken.evaluations());
    whole
        .parameters()
        .forEach((path, p) ->
            assertThat(resumed.parameterAt(path).tensor().toFloats())
                .as(path)
                .containsExactly(p.tensor().toFloats()));
  }

  /** Starts a run, kills it without warning once it has moved on. */
  private static void killOnce(Path checkpoint) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "--add-modules",
            "jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            ResumeTest.class.getName(),
            checkpoint.toString()));
    long before = Files.exists(checkpoint) ? Files.getLastModifiedTime(checkpoint).toMillis() : 0;
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (process.isAlive()
        && System.nanoTime() < deadline
        && (!Files.exists(checkpoint)
            || Files.getLastModifiedTime(checkpoint).toMillis() == before)) {
      Thread.sleep(10);
    }
    Thread.sleep(130);
    process.destroyForcibly().waitFor();
    assertThat(Files.exists(checkpoint)).isTrue();
  }

  @Test
  void stoppingKeepsWhatIsDone() {
    Path checkpoint = folder.resolve("c.safetensors");
    int[] asked = {0};
    Net stopped = new Net();
    Trainer.Result part = train(stopped, checkpoint, 0, Progress.stoppable(() -> ++asked[0] > 13));
    assertThat(part.steps()).isEqualTo(13);
    Net resumed = new Net();
    assertThat(train(resumed, checkpoint, 0, Progress.silent()).losses()).hasSize(STEPS - 13);
    Net whole = new Net();
    train(whole, folder.resolve("d.safetensors"), 0, Progress.silent());
    assertThat(resumed.parameterAt("in.weight").tensor().toFloats())
        .containsExactly(whole.parameterAt("in.weight").tensor().toFloats());
  }

  @Test
  void aCheckpointOfAnotherModelIsRefused() throws Exception {
    Path checkpoint = folder.resolve("e.safetensors");
    train(new Net(), checkpoint, 0, Progress.silent());
    Linear other = new Linear(2, 2, true);
    AdamW adam = new AdamW(Trainer.parameters(other), AdamW.Settings.defaults());
    Trainer trainer =
        new Trainer(
            other,
            adam,
            (step, rng) -> other.weight().value().sum(),
            Trainer.Settings.of(3, Schedule.constant(0.1), 9).withCheckpoint(checkpoint, 1));
    assertThatThrownBy(() -> trainer.run(Progress.silent()))
        .isInstanceOf(FormatException.class)
        .hasMessageContaining("another model");
    byte[] bytes = Files.readAllBytes(checkpoint);
    Files.write(checkpoint, java.util.Arrays.copyOf(bytes, bytes.length / 2));
    assertThatThrownBy(() -> train(new Net(), checkpoint, 0, Progress.silent()))
        .isInstanceOf(FormatException.class);
  }

  @Test
  void aLossThatIsNotFiniteStopsInWords() {
    Linear layer = new Linear(1, 1, false);
    AdamW adam = new AdamW(Trainer.parameters(layer), AdamW.Settings.defaults());
    Trainer trainer =
        new Trainer(
            layer,
            adam,
            (step, rng) -> layer.weight().value().sum().div(0).mul(0),
            Trainer.Settings.of(3, Schedule.constant(0.1), 0));
    assertThatThrownBy(() -> trainer.run(Progress.silent()))
        .isInstanceOf(DivergedException.class)
        .hasMessageContaining("step 0");
  }

  @Test
  void everyExampleComesOnceAnEpoch() {
    Shuffle shuffle = new Shuffle(10, 5, 1);
    List<Integer> seen = new ArrayList<>();
    for (int i : shuffle.at(4)) {
      seen.add(i);
    }
    for (int i : shuffle.at(5)) {
      seen.add(i);
    }
    assertThat(seen).containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
  }
}
