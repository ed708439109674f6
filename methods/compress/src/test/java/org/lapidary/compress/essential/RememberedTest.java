package org.lapidary.compress.essential;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;

class RememberedTest {

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
