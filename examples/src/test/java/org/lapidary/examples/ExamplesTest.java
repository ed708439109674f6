package org.lapidary.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The programs of the README run. */
class ExamplesTest {
  @TempDir Path folder;

  private static String printed(Runnable program) {
    PrintStream before = System.out;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    try {
      program.run();
    } finally {
      System.setOut(before);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  @Test
  void aModelIsTrainedPrunedSavedAndThenPatched() {
    String target = folder.resolve("model").toString();
    assertThat(printed(() -> TrainPruneSave.main(new String[] {target}))).contains("written to");
    assertThat(folder.resolve("model").resolve("model.safetensors")).exists();
    assertThat(folder.resolve("model").resolve("tokenizer.json")).exists();
    assertThat(printed(() -> PatchAnActivation.main(new String[] {target})))
        .contains("clean", "other", "patched");
  }

  @Test
  void mostOperationsOfADecoderAreMatrixProducts() {
    String line = printed(() -> CountFlops.main(new String[0]));
    assertThat(Double.parseDouble(line.replaceAll(".* ([0-9.]+)%.*\\s*", "$1")))
        .isBetween(80.0, 100.0);
  }

  @Test
  void trainingResumes() {
    Path checkpoint = folder.resolve("run.safetensors");
    assertThat(printed(() -> ResumeTraining.main(new String[] {checkpoint.toString()})))
        .contains("100 steps in all");
    assertThat(Files.exists(checkpoint)).isTrue();
  }
}
