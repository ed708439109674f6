package org.lapidary.interpret.rerouting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lapidary.interpret.probe.LogisticProbe;
import org.lapidary.nn.Activations;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Model;
import org.lapidary.nn.Sites;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

class SuffixSearchTest {
  private static final int VOCAB = 11;
  private static final Template TEMPLATE = new Template(new int[] {3, 1}, 3, new int[] {9});

  private static Model model(DType type) {
    Model model = Model.random(DecoderConfig.gpt(VOCAB, 16, 3, 4, 8, "gelu"), new Rng(3));
    model
        .layer()
        .parameters()
        .values()
        .forEach(
            p -> p.set((p.tensor().rank() == 2 ? p.value().mul(10) : p.value()).to(type).copy()));
    return model;
  }

  private static Surrogate.Probes probes() {
    Rng rng = new Rng(5);
    return new Surrogate.Probes(
        Map.of(
            0, new LogisticProbe(rng.normal(1, 16).to(DType.FLOAT64), 0.3),
            1, new LogisticProbe(rng.normal(1, 16).to(DType.FLOAT64), -0.2)));
  }

  private static Surrogate.Steering steering() {
    Tensor direction = new Rng(6).normal(1, 16).to(DType.FLOAT64);
    return new Surrogate.Steering(Map.of(1, direction.div(direction.square().sum().sqrt())), -0.9);
  }

  private static double loss(Model model, int[] suffix, Surrogate surrogate) {
    Tensor tokens = LanguageModeling.tensor(new int[][] {TEMPLATE.with(suffix)});
    return surrogate
        .losses(model, LastToken.streams(model, tokens, surrogate.depth()))
        .sum()
        .item();
  }

  @Test
  void theOneHotGradientIsWhatFiniteDifferencesOfEmbeddingsGive() {
    Model model = model(DType.FLOAT64);
    int[] suffix = {2, 7, 4};
    double step = 1e-5;
    for (Surrogate surrogate : List.of(probes(), steering(), new Surrogate.Output(3, 5))) {
      try (Scope scope = Scope.open();
          var ignored = Autograd.noGrad()) {
        double[] gradient =
            LastToken.oneHotGradient(model, TEMPLATE, suffix, surrogate).toDoubles();
        Tensor table = model.decoder().embedding().value();
        for (int s = 0; s < 3; s++) {
          for (int token = 0; token < VOCAB; token++) {
            Tensor nudge =
                table
                    .select(0, token)
                    .mul(step)
                    .reshape(1, 1, 16)
                    .pad(1, 2 + s, 3 - s, 0); // position 2 + s of 6
            double up = nudged(model, suffix, surrogate, nudge);
            double down = nudged(model, suffix, surrogate, nudge.neg());
            assertThat(gradient[s * VOCAB + token])
                .isCloseTo((up - down) / (2 * step), within(1e-6));
          }
        }
      }
    }
  }

  private static double nudged(Model model, int[] suffix, Surrogate surrogate, Tensor nudge) {
    Sites.Visitor add =
        new Sites.Visitor() {
          @Override
          public boolean wants(String path) {
            return path.equals("hook_embed");
          }

          @Override
          public Tensor visit(String path, Tensor x) {
            return x.add(nudge);
          }
        };
    return Sites.visiting(add, () -> loss(model, suffix, surrogate));
  }

  @Test
  void earlyExitGivesTheModelsStreamsWithoutRunningLaterBlocks() {
    Model model = model(DType.FLOAT32);
    List<String> seen = new ArrayList<>();
    try (Scope scope = Scope.open()) {
      Tensor tokens = LanguageModeling.tensor(new int[][] {{3, 1, 2, 9}, {4, 4, 0, 9}});
      Activations acts = model.capture(tokens, "blocks.*.hook_resid_post");
      Sites.Visitor watch =
          new Sites.Visitor() {
            @Override
            public boolean wants(String path) {
              return path.endsWith("hook_resid_post");
            }

            @Override
            public Tensor visit(String path, Tensor x) {
              seen.add(path);
              return x;
            }
          };
      List<Tensor> streams = Sites.visiting(watch, () -> LastToken.streams(model, tokens, 2));
      assertThat(seen).containsExactly("blocks.0.hook_resid_post", "blocks.1.hook_resid_post");
      for (int l = 0; l < 2; l++) {
        Tensor whole = acts.at("blocks." + l + ".hook_resid_post").select(1, 3);
        assertThat(streams.get(l).sub(whole).abs().max().item()).isZero();
      }
      assertThatIllegalArgumentException()
          .isThrownBy(() -> LastToken.streams(model, tokens, 4))
          .withMessageContaining("3 blocks");
    }
  }

  @Test
  void aSumOfProbesIsTheCrossEntropyWithAnOpenGate() {
    try (Scope scope = Scope.open()) {
      LogisticProbe probe = new LogisticProbe(Tensor.of(new double[] {2, -1}), 0.5);
      Surrogate surrogate = new Surrogate.Probes(Map.of(0, probe));
      double[] losses =
          surrogate
              .losses(model(DType.FLOAT32), List.of(Tensor.of(new double[] {1, 3, -2, 0.5}, 2, 2)))
              .toDoubles();
      assertThat(losses[0]).isCloseTo(-Math.log(1 / (1 + Math.exp(0.5))), within(1e-12));
      assertThat(losses[1]).isCloseTo(-Math.log(1 / (1 + Math.exp(4))), within(1e-12));
    }
  }

  @Test
  void manyPositionsChangeEarlyAndOneNearTheGoal() {
    SuffixSearch search = SuffixSearch.defaults();
    assertThat(search.replacements(6, 3, 3)).isEqualTo(6);
    assertThat(search.replacements(6, 1.5, 3)).isEqualTo(4); // 6 * 0.5^(1/1.8) = 4.08
    assertThat(search.replacements(20, 1.5, 3)).isEqualTo(13); // 13.6
    assertThat(search.replacements(6, 0.03, 3)).isEqualTo(1); // 0.46
    assertThat(search.replacements(40, 0.03, 3)).isEqualTo(3); // 3.1
    assertThat(search.replacements(6, 9, 3)).isEqualTo(6);
    assertThat(search.replacements(6, -0.2, 3)).isEqualTo(1);
  }

  @Test
  void theBufferFollowsATraceByHand() {
    Buffer buffer = new Buffer(3);
    int[] a = {1};
    int[] b = {2};
    int[] c = {3};
    int[] d = {4};
    buffer.add(List.of(a, b, c, d), new double[] {5, 3, 3, 4});
    assertThat(buffer.entries())
        .containsExactly(new Buffer.Entry(b, 3), new Buffer.Entry(d, 4), new Buffer.Entry(a, 5));
    int[] e = {5};
    int[] f = {6};
    buffer.add(List.of(e, f), new double[] {1, 4});
    assertThat(buffer.entries())
        .containsExactly(new Buffer.Entry(e, 1), new Buffer.Entry(b, 3), new Buffer.Entry(d, 4));
    buffer.jumpTo(2);
    assertThat(buffer.first()).isEqualTo(new Buffer.Entry(d, 4));
    assertThat(buffer.archive()).containsExactly(new Buffer.Entry(e, 1), new Buffer.Entry(b, 3));
    assertThat(buffer.best()).isEqualTo(new Buffer.Entry(e, 1));
    buffer.add(List.of(f), new double[] {2});
    assertThat(buffer.first()).isEqualTo(new Buffer.Entry(f, 2));
    assertThat(buffer.best()).isEqualTo(new Buffer.Entry(e, 1));
    buffer.add(List.of(c), new double[] {0.5});
    assertThat(buffer.best()).isEqualTo(new Buffer.Entry(c, 0.5));
  }

  @Test
  void jumpsAreDrawnBySoftmaxOfTheNegativeLosses() {
    int[] counts = new int[3];
    Rng rng = new Rng(8);
    for (int i = 0; i < 6000; i++) {
      Buffer buffer = new Buffer(3);
      buffer.add(List.of(new int[] {0}, new int[] {1}, new int[] {2}), new double[] {0, 1, 2});
      buffer.jump(rng);
      counts[buffer.first().suffix()[0]]++;
    }
    double sum = 1 + Math.exp(-1) + Math.exp(-2);
    for (int i = 0; i < 3; i++) {
      assertThat(counts[i] / 6000.0).isCloseTo(Math.exp(-i) / sum, within(0.025));
    }
  }

  @Test
  void aSearchJumpsWhenItsPatienceEndsAndStopsAtItsGoal() {
    Model model = model(DType.FLOAT32);
    SuffixSearch search = new SuffixSearch(4, 5, 3, 2, 10, 1.8);
    SuffixSearch.Tokens tokens = SuffixSearch.Tokens.without(VOCAB, 0, 10);
    Surrogate unreachable = new Surrogate.Steering(steering().directions(), -2);
    SuffixSearch.Found found = search.search(model, TEMPLATE, unreachable, tokens, new Rng(1));
    assertThat(found.jumps()).containsExactly(3, 6, 9);
    assertThat(found.trail()).hasSize(11);
    assertThat(found.last().passes()).isEqualTo(3 + 10 * 5);
    assertThat(found.last().layers()).isEqualTo(2 * (3 + 10 * 5));
    Surrogate there = new Surrogate.Steering(steering().directions(), 2);
    assertThat(search.search(model, TEMPLATE, there, tokens, new Rng(1)).trail()).hasSize(1);
  }

  @Test
  void aSearchLowersItsLossAndWritesOnlyWhatItMay() {
    Model model = model(DType.FLOAT32);
    SuffixSearch search = new SuffixSearch(16, 4, 5, 10, 8, 1.8);
    List<int[]> tried = new ArrayList<>();
    boolean[] allowed = SuffixSearch.Tokens.without(VOCAB, 0, 10).allowed();
    SuffixSearch.Tokens tokens =
        new SuffixSearch.Tokens(
            allowed,
            suffix -> {
              tried.add(suffix.clone());
              return suffix[0] != suffix[1]; // stands for a tokenizer that would merge them
            });
    SuffixSearch.Found found = search.search(model, TEMPLATE, probes(), tokens, new Rng(2));
    assertThat(tried).allSatisfy(s -> assertThat(s).doesNotContain(0, 10));
    assertThat(found.trail())
        .allSatisfy(s -> assertThat(s.suffix()[0]).isNotEqualTo(s.suffix()[1]));
    double first = found.trail().getFirst().loss();
    assertThat(found.last().loss()).isLessThan(first);
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      assertThat(loss(model, found.last().suffix(), probes()))
          .isCloseTo(found.last().loss(), within(1e-4));
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            search.search(model, TEMPLATE, probes(), SuffixSearch.Tokens.without(4, 0), new Rng(2)))
        .withMessageContaining("11 tokens");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Template(new int[] {1}, 0, new int[] {2}))
        .withMessageContaining("free position");
  }

  @Test
  void theSubspaceTellsWhatIsPlantedAndALayerThatDoesNotIsLeftOut() {
    Model model = model(DType.FLOAT32);
    List<int[]> closed = new ArrayList<>();
    List<int[]> open = new ArrayList<>();
    Rng rng = new Rng(9);
    for (int i = 0; i < 30; i++) {
      closed.add(new int[] {rng.nextInt(4), 8, 9});
      open.add(new int[] {rng.nextInt(4), 7, 9});
    }
    Subspace subspace = Subspace.of(model, closed, open, 1e-2);
    assertThat(subspace.layers()).hasSize(3);
    assertThat(subspace.layers().get(0).accuracy()).isEqualTo(1);
    assertThat(subspace.layers().get(0).closed()).isGreaterThan(subspace.layers().get(0).open());
    assertThat(subspace.probes(0.9, 0, 2).depth()).isEqualTo(2);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> subspace.probes(1.1, 0, 2))
        .withMessageContaining("no layer");
    Rerouting.Trajectory trajectory = Rerouting.Trajectory.of(model, subspace, open);
    assertThat(trajectory.open()[0]).isEqualTo(1);
    assertThat(trajectory.cosine()[0]).isCloseTo(subspace.layers().get(0).open(), within(1e-9));
  }
}
