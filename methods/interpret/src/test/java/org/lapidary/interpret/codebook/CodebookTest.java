package org.lapidary.interpret.codebook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.lapidary.interpret.codebook.Codebook.Learning;
import org.lapidary.interpret.codebook.Codebook.Similarity;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Intervention;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

class CodebookTest {
  private static final int CODES = 9;
  private static final int WIDTH = 4;

  private static Codebook codebook(Codebook.Shape shape) {
    Codebook book = new Codebook(shape);
    book.initialise(new Rng(1));
    return book;
  }

  @Test
  void theOutputIsTheMeanOfTheMostSimilarCodes() {
    float[] a = new Rng(2).normal(1, 20, WIDTH).toFloats();
    for (Similarity similarity : Similarity.values()) {
      for (int k : new int[] {1, 3}) {
        Codebook book = codebook(Codebook.Shape.of(CODES, WIDTH).withK(k).with(similarity));
        float[] c = book.codes().toFloats();
        float[] q = book.forward(Tensor.of(a, 20, WIDTH)).toFloats();
        float[] byDictionary = book.dictionary().forward(Tensor.of(a, 20, WIDTH)).toFloats();
        for (int t = 0; t < 20; t++) {
          int token = t;
          List<Integer> best =
              IntStream.range(0, CODES)
                  .boxed()
                  .sorted(Comparator.comparingDouble(j -> -similar(similarity, a, token, c, j)))
                  .limit(k)
                  .toList();
          for (int i = 0; i < WIDTH; i++) {
            int at = i;
            double mean = best.stream().mapToDouble(j -> c[j * WIDTH + at]).average().orElseThrow();
            assertThat((double) q[t * WIDTH + i]).isCloseTo(mean, within(1e-5));
            assertThat((double) byDictionary[t * WIDTH + i]).isCloseTo(mean, within(1e-5));
          }
        }
      }
    }
  }

  private static double similar(Similarity by, float[] a, int t, float[] c, int j) {
    double dot = 0;
    double norm = 0;
    double distance = 0;
    for (int i = 0; i < WIDTH; i++) {
      double x = a[t * WIDTH + i];
      double y = c[j * WIDTH + i];
      dot += x * y;
      norm += y * y;
      distance += (x - y) * (x - y);
    }
    return switch (by) {
      case COSINE -> dot / Math.sqrt(norm);
      case PRODUCT -> dot;
      case DISTANCE -> -distance;
    };
  }

  @Test
  void theDerivativeOfTheOutputGoesOnToTheInputAsItIs() {
    Tensor upstream = new Rng(3).normal(1, 20, WIDTH);
    for (Learning learning : Learning.values()) {
      Codebook book = codebook(Codebook.Shape.of(CODES, WIDTH).withK(2).with(learning));
      book.requiresGrad(true);
      Tensor a = new Rng(2).normal(1, 20, WIDTH).requiresGrad(true);
      Tensor loss = book.forward(a).mul(upstream).sum();
      assertThat(Autograd.grad(loss, List.of(a)).getFirst().toFloats())
          .isEqualTo(upstream.toFloats());
    }
  }

  @Test
  void codesLearnFromTaskAndReconstructionAsFiniteDifferencesWithFixedIdsSay() {
    Tensor a = new Rng(2).normal(1, 20, WIDTH);
    Tensor upstream = new Rng(3).normal(1, 20, WIDTH);
    double[] x = a.toDoubles();
    double[] u = upstream.toDoubles();
    for (Learning learning : Learning.values()) {
      Codebook book = codebook(Codebook.Shape.of(CODES, WIDTH).withK(2).with(learning));
      book.training(true);
      book.requiresGrad(true);
      Tensor loss = book.forward(a).mul(upstream).sum().add(book.reconstruction());
      boolean task = learning != Learning.VQVAE;
      boolean rebuilt = learning != Learning.BASE;
      double[] found =
          Autograd.grad(loss, List.of(book.parameterAt("codes").tensor())).getFirst().toDoubles();
      int[] ids = book.ids(a).toInts();
      double[] c = book.codes().toDoubles();
      for (int i = 0; i < c.length; i++) {
        double[] sides = new double[2];
        for (int side = 0; side < 2; side++) {
          double[] moved = c.clone();
          moved[i] += side == 0 ? -1e-4 : 1e-4;
          for (int t = 0; t < 20; t++) {
            for (int d = 0; d < WIDTH; d++) {
              double q = (moved[ids[2 * t] * WIDTH + d] + moved[ids[2 * t + 1] * WIDTH + d]) / 2;
              double e = q - x[t * WIDTH + d];
              sides[side] += (task ? u[t * WIDTH + d] * q : 0) + (rebuilt ? e * e / 20 : 0);
            }
          }
        }
        assertThat(found[i])
            .isCloseTo((sides[1] - sides[0]) / 2e-4, within(1e-3 * (1 + Math.abs(found[i]))));
      }
    }
  }

  @Test
  void codesThatNoTokenChoseAreReplacedByActivations() {
    Codebook book = codebook(Codebook.Shape.of(CODES, WIDTH));
    book.training(true);
    Tensor a = new Rng(2).normal(1, 2, WIDTH);
    for (int step = 0; step < 3; step++) {
      book.forward(a);
    }
    float[] before = book.codes().toFloats();
    long[] used = book.ids(a).toLongs();
    assertThat(book.replaceUnused(4, a, new Rng(5))).isZero();
    long different = Arrays.stream(used).distinct().count();
    assertThat(book.replaceUnused(3, a, new Rng(5))).isEqualTo((int) (CODES - different));
    float[] after = book.codes().toFloats();
    for (int j = 0; j < CODES; j++) {
      int code = j;
      boolean kept = Arrays.stream(used).anyMatch(id -> id == code);
      float[] was = Arrays.copyOfRange(before, j * WIDTH, (j + 1) * WIDTH);
      float[] is = Arrays.copyOfRange(after, j * WIDTH, (j + 1) * WIDTH);
      assertThat(Arrays.equals(was, is)).isEqualTo(kept);
    }
  }

  private static Model model() {
    return Model.random(DecoderConfig.gpt(7, 8, 2, 2, 12, "gelu"), new Rng(1));
  }

  @Test
  void everyHeadAndMlpHasACodebookAndForcedCodesAreWhatItGives() {
    Model coded = CodebookModel.defaults().insert(model(), new Rng(2));
    Map<String, Codebook> books = CodebookModel.of(coded);
    assertThat(books.keySet())
        .containsExactlyInAnyOrder(
            "blocks.0.attn.o.code0",
            "blocks.0.attn.o.code1",
            "blocks.0.mlp.code",
            "blocks.1.attn.o.code0",
            "blocks.1.attn.o.code1",
            "blocks.1.mlp.code");
    int[][] texts = {{1, 2, 3, 4}};
    Tensor tokens = Tensor.of(texts[0], 1, 4);
    Tensor plain = coded.forward(tokens);
    Map<String, int[][]> ids = CodebookModel.ids(coded, texts);
    int[] own = ids.get("blocks.1.mlp.code")[2];
    assertThat(forced(coded, tokens, own).sub(plain).abs().max().item()).isLessThan(1e-5);
    int[] other = {(own[0] + 1) % 128};
    assertThat(forced(coded, tokens, other).sub(plain).abs().max().item()).isGreaterThan(1e-4);
    assertThat(coded.copy().forward(tokens).toFloats()).isEqualTo(plain.toFloats());
  }

  private static Tensor forced(Model coded, Tensor tokens, int[] ids) {
    List<Intervention> force = CodebookModel.force(coded, Map.of("blocks.1.mlp.code", ids), 2);
    return coded.with(force.toArray(Intervention[]::new)).forward(tokens);
  }

  @Test
  void trainingLowersTheReconstructionErrorAndTheLoss() {
    Model coded = CodebookModel.defaults().insert(model(), new Rng(2));
    int[][] text = {{1, 2, 3, 1, 2, 3, 1, 2, 3}};
    Tensor tokens = Tensor.of(text[0], 1, 9);
    double before = org.lapidary.train.LanguageModeling.loss(coded, tokens).item();
    CodebookModel.train(coded, rng -> text, new CodebookModel.Training(60, 1e-2, 10, 0));
    assertThat(org.lapidary.train.LanguageModeling.loss(coded, tokens).item())
        .isLessThan(before / 2);
  }

  @Test
  void badInputIsRefusedInWords() {
    assertThatThrownBy(() -> new Codebook.Shape(4, 3, 5, Similarity.COSINE, Learning.AE))
        .hasMessageContaining("k from 1 to its codes");
    Codebook book = codebook(Codebook.Shape.of(CODES, WIDTH));
    assertThatThrownBy(() -> book.forward(Tensor.zeros(2, 5)))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("4 wide");
    assertThatThrownBy(book::reconstruction).hasMessageContaining("no pass in training");
    Model coded = CodebookModel.defaults().insert(model(), new Rng(2));
    assertThatThrownBy(() -> CodebookModel.force(coded, Map.of("blocks.9", new int[1]), 0))
        .hasMessageContaining("blocks.9");
    assertThatThrownBy(
            () -> book.dictionary().save(java.nio.file.Path.of("target", "never-written")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no codebooks");
  }
}
