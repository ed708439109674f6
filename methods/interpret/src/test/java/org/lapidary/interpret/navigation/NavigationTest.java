package org.lapidary.interpret.navigation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Model;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

class NavigationTest {
  private static final int VOCAB = 9;
  private static final int[] PROMPT = {3, 1, 4};

  private static Model model() {
    Model model = Model.random(DecoderConfig.gpt(VOCAB, 16, 2, 4, 12, "gelu"), new Rng(3));
    model.layer().parameters().values().stream()
        .filter(p -> p.tensor().rank() == 2)
        .forEach(p -> p.set(p.value().mul(8)));
    return model;
  }

  @Test
  void aLogitIsTheProductOfQueryAndKey() {
    Model model = model();
    KeySpace space = KeySpace.of(model);
    KeySpace.Next next = space.next(PROMPT);
    try (Scope scope = Scope.open()) {
      Tensor logits = model.forward(LanguageModeling.tensor(new int[][] {PROMPT}));
      double[] last = logits.select(1, 2).to(DType.FLOAT64).toDoubles();
      for (int t = 0; t < VOCAB; t++) {
        assertThat(next.logits()[t]).isCloseTo(last[t], within(1e-9));
        assertThat(space.product(next.query(), t)).isCloseTo(last[t], within(1e-4));
      }
    }
    assertThat(space.cosine(2, 2)).isCloseTo(1, within(1e-12));
  }

  @Test
  void aModelWhoseUnembeddingIsItsEmbeddingIsRefused() {
    DecoderConfig c = DecoderConfig.gpt(VOCAB, 16, 1, 4, 12, "gelu");
    DecoderConfig tied =
        new DecoderConfig(
            c.family(),
            c.vocab(),
            c.dModel(),
            c.layers(),
            c.heads(),
            c.kvHeads(),
            c.dHead(),
            c.dMlp(),
            c.context(),
            c.norm(),
            c.epsilon(),
            c.placement(),
            c.mixer(),
            c.mlp(),
            c.activation(),
            c.positions(),
            null,
            c.biases(),
            c.extras(),
            true,
            c.ends());
    KeySpace space = KeySpace.of(Model.random(tied, new Rng(1)));
    assertThatIllegalStateException()
        .isThrownBy(() -> space.next(PROMPT))
        .withMessageContaining("untied");
  }

  @Test
  void clustersAreByDirectionNotByLength() {
    double[][] keys = {{1, 0}, {9, 0.1}, {0, 1}, {0.1, 7}, {5, 0}};
    int[] clusters =
        new KeySpace(model(), "unembed.hook_in", keys)
            .clusters(List.of(0, 1, 2, 3, 4), 2, new Rng(1));
    assertThat(clusters[1]).isEqualTo(clusters[0]).isEqualTo(clusters[4]);
    assertThat(clusters[3]).isEqualTo(clusters[2]).isNotEqualTo(clusters[0]);
  }

  @Test
  void correlationOfKeysFollowsAnExampleByHand() {
    // ranks: 2 (cluster 0, right), 0 (0, wrong), 3 (1, right), 1 (1, wrong), 4 (0, wrong), 5 (1)
    double[] logits = {5, 3, 6, 4, 2, 1};
    int[] clusters = {0, 1, 0, 1, 0, 1};
    boolean[] right = {false, false, true, true, false, false};
    KeyCorrelation k = KeyCorrelation.of(logits, clusters, right, 1, 4);
    assertThat(k.wrongShare()).isEqualTo(1 / 2.0); // of 0 and 1, the first
    assertThat(k.wrongBase()).isEqualTo(2 / 4.0);
    assertThat(k.precisionInside()).isZero();
    assertThat(k.precisionOutside()).isEqualTo(1 / 2.0);
    assertThat(k.wrongInside()).isEqualTo((2 + 5) / 2.0);
    assertThat(k.rightOutside()).isEqualTo(3);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> KeyCorrelation.of(logits, clusters, right, 1, 7))
        .withMessageContaining("ranks 2 to 7");
  }

  @Test
  void navigationAsksForOthersAndFindsNothingTwice() {
    KeySpace space = KeySpace.of(model());
    List<Integer> answers = List.of(0, 2, 3, 5, 6, 7);
    List<List<Integer>> asked = new ArrayList<>();
    Navigation.Path path =
        new Navigation(3, 2)
            .navigate(
                space,
                found -> {
                  asked.add(found);
                  int[] prompt = new int[1 + found.size()];
                  for (int i = 0; i < found.size(); i++) {
                    prompt[1 + i] = found.get(i);
                  }
                  return prompt;
                },
                answers);
    assertThat(path.answers()).containsExactlyInAnyOrderElementsOf(answers);
    assertThat(asked)
        .containsExactly(List.of(), path.answers().subList(0, 2), path.answers().subList(0, 4));
    double[] first = space.next(new int[] {0}).logits();
    assertThat(path.answers().subList(0, 2))
        .containsExactlyElementsOf(
            answers.stream()
                .sorted((a, b) -> Double.compare(first[b], first[a]))
                .limit(2)
                .toList());
    double[] products = path.products(space, 1, 2);
    double now = 0;
    double then = 0;
    for (int a : path.answers().subList(0, 2)) {
      now += space.product(path.queries().get(1), a) / 2;
      then += space.product(path.queries().get(0), a) / 2;
    }
    assertThat(products).containsExactly(new double[] {now, then}, within(1e-12));
    assertThat(path.precision(a -> a == 0 || a == 5)).isCloseTo(2 / 6.0, within(1e-12));
    assertThatIllegalArgumentException().isThrownBy(() -> new Navigation(0, 2));
  }

  @Test
  void oneDistributionIsRankedAndSamplesFollowIt() {
    KeySpace space = KeySpace.of(model());
    List<Integer> answers = List.of(0, 1, 2, 3);
    double[] logits = space.next(PROMPT).logits();
    List<Integer> ranked = new Navigation(2, 2).oneShot(space, PROMPT, answers);
    for (int i = 1; i < 4; i++) {
      assertThat(logits[ranked.get(i)]).isLessThanOrEqualTo(logits[ranked.get(i - 1)]);
    }
    double sum = answers.stream().mapToDouble(a -> Math.exp(logits[a])).sum();
    int[] firsts = new int[4];
    Rng rng = new Rng(5);
    int draws = 3000;
    for (int i = 0; i < draws; i++) {
      List<Integer> sample = new Navigation(1, 2).sampled(space, PROMPT, answers, rng);
      assertThat(sample).doesNotHaveDuplicates();
      firsts[sample.getFirst()]++;
    }
    for (int a : answers) {
      assertThat((double) firsts[a] / draws).isCloseTo(Math.exp(logits[a]) / sum, within(0.03));
    }
  }
}
