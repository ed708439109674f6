package org.lapidary.interpret.dictionary;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lapidary.data.Texts;
import org.lapidary.data.TokenFile;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Model;
import org.lapidary.tensor.ResidentMemory;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

class ActivationBufferTest {
  private static final Model MODEL =
      Model.random(DecoderConfig.llama(13, 8, 2, 2, 1, 12, 10, true), new Rng(1));
  private static final String IN = "blocks.1.mlp.gate.hook_in";
  private static final String OUT = "blocks.1.hook_mlp_out";

  @TempDir Path folder;

  private static int[][] texts(int count) {
    Rng rng = new Rng(2);
    int[][] texts = new int[count][10];
    for (int[] text : texts) {
      Arrays.setAll(text, i -> rng.nextInt(13));
    }
    return texts;
  }

  @Test
  void outputsBelongToTheirInputs() {
    try (ActivationBuffer buffer = new ActivationBuffer(MODEL, IN, OUT, texts(40), 100, 0)) {
      for (int i = 0; i < 5; i++) {
        Pairs pairs = buffer.next(30, new Rng(i));
        Tensor expected =
            java.util.Objects.requireNonNull(MODEL.decoder().blocks().get(1).mlp())
                .forward(pairs.input());
        assertThat(expected.sub(pairs.output()).abs().max().item()).isLessThan(1e-5);
      }
    }
  }

  @Test
  void allTextsPassThroughASmallPool() {
    int[][] texts = texts(40);
    Pairs all = ActivationBuffer.harvest(MODEL, IN, OUT, texts);
    List<Float> seen = new ArrayList<>();
    try (ActivationBuffer buffer = new ActivationBuffer(MODEL, IN, OUT, texts, 100, 0)) {
      Rng rng = new Rng(3);
      for (int i = 0; i < 200; i++) {
        float[] x = buffer.next(50, rng).input().select(1, 0).toFloats();
        for (float v : x) {
          seen.add(v);
        }
      }
    }
    long distinct = seen.stream().map(v -> Math.round(v * 1e5)).distinct().count();
    float[] first = all.input().select(1, 0).toFloats();
    long there =
        java.util.stream.IntStream.range(0, first.length)
            .mapToObj(i -> Math.round(first[i] * 1e5))
            .distinct()
            .count();
    assertThat(distinct).isGreaterThan(there * 95 / 100);
  }

  @Test
  void aMappedFileGivesWhatTheSameTextsInMemoryGive() throws IOException {
    int[][] texts = texts(40);
    int[] flat = Arrays.stream(texts).flatMapToInt(Arrays::stream).toArray();
    Path file = folder.resolve("tokens.bin");
    TokenFile.write(file, flat, TokenFile.Width.UINT16);
    try (Texts.Mapped mapped = Texts.map(file, TokenFile.Width.UINT16, 13, 10);
        ActivationBuffer one = new ActivationBuffer(MODEL, IN, OUT, texts, 100, 0);
        ActivationBuffer other = new ActivationBuffer(MODEL, IN, OUT, mapped, 100, 0)) {
      for (int i = 0; i < 6; i++) {
        assertThat(other.next(30, new Rng(i)).output().toFloats())
            .isEqualTo(one.next(30, new Rng(i)).output().toFloats());
      }
    }
  }

  @Test
  void aPoolSmallerThanATextHoldsTwoAtMost() {
    try (ActivationBuffer buffer = new ActivationBuffer(MODEL, IN, OUT, texts(9), 3, 0)) {
      for (int i = 0; i < 20; i++) {
        assertThat(buffer.next(7, new Rng(i)).tokens()).isEqualTo(7);
        assertThat(buffer.memory().get("inputs").size(0)).isBetween(10L, 20L);
      }
    }
  }

  /** Activations of the corpus take 100 times the pool. */
  @Test
  void memoryStaysFlatOverACorpusMuchLargerThanThePool() {
    assumeThat(ResidentMemory.known()).as("Linux").isTrue();
    Model wide = Model.random(DecoderConfig.llama(13, 256, 1, 4, 4, 256, 64, true), new Rng(1));
    int[][] texts = new int[3200][64];
    Rng draw = new Rng(5);
    for (int[] text : texts) {
      Arrays.setAll(text, i -> draw.nextInt(13));
    }
    String site = "blocks.0.hook_mlp_out";
    long before = 0;
    try (ActivationBuffer buffer = new ActivationBuffer(wide, site, site, texts, 2048, 0)) {
      for (int i = 0; i < 200; i++) {
        try (Scope scope = Scope.open()) {
          buffer.next(1024, new Rng(i));
        }
        if (i == 60) {
          before = resident();
        }
      }
      assertThat(resident() - before).isLessThan(24L << 20);
    }
  }

  /** Bytes now, after a collection, so that the Java heap's own growth does not count. */
  private static long resident() {
    System.gc();
    return ResidentMemory.now();
  }

  @Test
  void aMissingSiteAndNoTextsAreNamed() {
    try (ActivationBuffer buffer =
        new ActivationBuffer(MODEL, "blocks.1.mlp.in.hook_in", OUT, texts(2), 100, 0)) {
      assertThatThrownBy(() -> buffer.next(4, new Rng(0)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("blocks.1.mlp.in.hook_in");
    }
    assertThatThrownBy(() -> new ActivationBuffer(MODEL, IN, OUT, new int[0][], 100, 0))
        .hasMessageContaining("at least one text");
  }

  @Test
  void topContextsAreTheLargestActivationsOfEachFeature() {
    int[][] texts = texts(37);
    Rng rng = new Rng(4);
    Dictionary d =
        new Dictionary(
            rng.normal(1, 6, 8),
            Tensor.of(new float[] {0, 0, 0, 0, 0, -1000}, 6),
            rng.normal(1, 6, 8),
            Tensor.zeros(8),
            new Activation.Relu(),
            IN,
            OUT);
    TopContexts contexts = TopContexts.of(d, MODEL, texts, 3, 2);
    float[] z = d.encode(ActivationBuffer.harvest(MODEL, IN, IN, texts).input()).toFloats();
    for (int f = 0; f < 5; f++) {
      double[] maxima = new double[37];
      for (int s = 0; s < 37; s++) {
        for (int p = 0; p < 10; p++) {
          maxima[s] = Math.max(maxima[s], z[(s * 10 + p) * 6 + f]);
        }
      }
      double[] sorted = maxima.clone();
      Arrays.sort(sorted);
      List<TopContexts.Context> found =
          java.util.Objects.requireNonNull(contexts.byFeature().get(f));
      assertThat(found).hasSize(3);
      for (int r = 0; r < 3; r++) {
        TopContexts.Context c = found.get(r);
        assertThat(c.activation())
            .isCloseTo(sorted[36 - r], org.assertj.core.api.Assertions.within(1e-5));
        assertThat(texts[c.sequence()][c.position()])
            .isEqualTo(c.tokens()[c.position() - c.first()]);
        assertThat(c.activations()[c.position() - c.first()]).isEqualTo(c.activation());
      }
    }
    assertThat(contexts.byFeature().get(5)).isEmpty();
    assertThat(contexts.figure(0, null).lines()).hasSize(3);
    assertThatThrownBy(() -> contexts.figure(99, null)).hasMessageContaining("was not looked for");
  }
}
