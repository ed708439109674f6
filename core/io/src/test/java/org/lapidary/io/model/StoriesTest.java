package org.lapidary.io.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lapidary.nn.Model;
import org.lapidary.nn.Sampler;
import org.lapidary.nn.Tokenizer;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

/** The published stories260K, where LAPIDARY_DATA has it. */
class StoriesTest {
  @TempDir Path folder;

  private static Path checkpoint() {
    String data = System.getenv("LAPIDARY_DATA");
    Path path = Path.of(data == null ? "missing" : data, "stories260K", "stories260K.bin");
    assumeThat(Files.exists(path)).as("the data set stories260K in LAPIDARY_DATA").isTrue();
    return path;
  }

  @Test
  void greedyDecodingTellsTheKnownStory() {
    Model model = Models.load(checkpoint());
    int[] ids =
        new Sampler(0).continueFrom(model.decoder(), new int[] {1}, 40, new Rng(0), id -> true);
    assertThat(model.tokenizer().decode(ids))
        .startsWith("Once upon a time, there was a little girl named Lily");
  }

  @Test
  void theHuggingFaceExportIsTheSameModelWithTheSameTokenizer() {
    Model model = Models.load(checkpoint());
    Path export = folder.resolve("export");
    HuggingFace.save(model, export);
    Model again = Models.load(export);
    Tensor tokens = Tensor.of(new int[] {1, 403, 407, 261, 378}, 1, 5);
    assertThat(again.forward(tokens).toFloats()).containsExactly(model.forward(tokens).toFloats());
    Tokenizer a = model.tokenizer();
    Tokenizer b = again.tokenizer();
    for (String text :
        new String[] {
          "Once upon a time, there was a little girl named Lily.",
          "\"Hello,\" she said. The cat's ünusual  hat\nfell!",
          "x"
        }) {
      assertThat(b.encode(text)).containsExactly(a.encode(text));
      assertThat(a.decode(a.encode(text))).isEqualTo(text);
      assertThat(b.decode(b.encode(text))).isEqualTo(text);
    }
  }
}
