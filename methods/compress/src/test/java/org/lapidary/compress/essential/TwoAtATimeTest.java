package org.lapidary.compress.essential;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

class TwoAtATimeTest {

  @Test
  void resultsComeInTheOrderOfThePiecesWhicheverEndsFirst() {
    CountDownLatch second = new CountDownLatch(1);
    List<Function<Progress, Integer>> pieces =
        List.of(
            quiet -> {
              try {
                second.await();
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
              return 0;
            },
            quiet -> {
              second.countDown();
              return 1;
            },
            quiet -> 2);
    assertThat(TwoAtATime.run("numbers", pieces, Progress.silent())).containsExactly(0, 1, 2);
  }

  @Test
  void aFaultInAPieceIsThrownAsItIs() {
    List<Function<Progress, Integer>> pieces =
        List.of(quiet -> {
          throw new IllegalArgumentException("the second weight is missing");
        });
    assertThatThrownBy(() -> TwoAtATime.run("numbers", pieces, Progress.silent()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("the second weight is missing");
  }

  @Test
  void twoThreadsGiveTheCurvesThatOneGives() {
    Model model = Model.random(DecoderConfig.gpt(11, 16, 2, 4, 12, "gelu"), new Rng(3));
    Tensor tokens = Tensor.of(new int[] {1, 5, 3, 7}, 1, 4);
    Downstream task = Downstream.zeroShot(m -> m.forward(tokens).square().mean().item());
    EssentialSparsity method = EssentialSparsity.defaults();
    double[] alone = method.curve(model, task, Progress.silent()).quality();
    List<Function<Progress, double[]>> pieces =
        IntStream.range(0, 4)
            .<Function<Progress, double[]>>mapToObj(
                i -> quiet -> method.curve(model, task, quiet).quality())
            .toList();
    TwoAtATime.run("curves", pieces, Progress.silent())
        .forEach(curve -> assertThat(curve).containsExactly(alone));
  }

  @Test
  void aTaskIsLearnedOnceUnderTheSameMasks() {
    Model model = Model.random(DecoderConfig.gpt(11, 16, 2, 4, 12, "gelu"), new Rng(3));
    int[] learned = {0};
    Downstream task =
        new Remembered((pretrained, masks) -> {
          learned[0]++;
          return new Downstream.Tuned(pretrained, MaskSets.sparsity(masks));
        });
    Map<String, Tensor> some = Selection.GLOBAL.masks(model, 0.3, 0);
    double first = task.learn(model, some).quality();
    assertThat(task.learn(model, Selection.GLOBAL.masks(model, 0.3, 0)).quality()).isEqualTo(first);
    assertThat(learned[0]).isEqualTo(1);
    task.learn(model, Selection.GLOBAL.masks(model, 0.4, 0));
    assertThat(learned[0]).isEqualTo(2);
  }
}
