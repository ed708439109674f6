package org.lapidary.compress.gradual;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.lapidary.tensor.Tensor;

class SparseSizeTest {

  private static Tensor mask(int weights, int... kept) {
    boolean[] mask = new boolean[weights];
    for (int i : kept) {
      mask[i] = true;
    }
    return Tensor.of(mask, weights);
  }

  @Test
  void bytesAreThoseOfValuesAndOfWhereTheyStand() {
    SparseSize size = SparseSize.of(List.of(mask(100, 0, 16, 17, 99)));
    assertThat(size.sparsity()).isCloseTo(0.96, within(1e-15));
    assertThat(size.denseBytes()).isEqualTo(400);
    assertThat(size.bitMaskBytes()).isEqualTo(4 * 4 + 13);
    // Gaps 0, 15, 0 and 81: with 4 bits a distance reaches 15, so 81 = 5 * 16 + 1 needs 5 zeros.
    assertThat(size.gaps()).containsExactly(0L, 15L, 0L, 81L);
    assertThat(size.relativeIndexBytes(4)).isEqualTo((9 * 36 + 7) / 8);
    // With 5 bits, 81 = 2 * 32 + 17 needs 2.
    assertThat(size.relativeIndexBytes(5)).isEqualTo((6 * 37 + 7) / 8);
    assertThatThrownBy(() -> size.relativeIndexBytes(0)).hasMessageContaining("1 to 31 bits");
  }

  @Test
  void aGapGoesOnIntoTheNextTensor() {
    SparseSize size = SparseSize.of(List.of(mask(10, 3), mask(10, 2)));
    assertThat(size.gaps()).containsExactly(3L, 8L);
    assertThat(size.weights()).isEqualTo(20);
  }

  /** n^2 parameters at size n; the quality is the number of non-zeros. */
  private static final LargeSparseVsSmallDense.Family SQUARES =
      new LargeSparseVsSmallDense.Family() {
        @Override
        public long parameters(int size) {
          return (long) size * size;
        }

        @Override
        public LargeSparseVsSmallDense.Trained train(int size, @Nullable GradualPruning pruning) {
          double share = pruning == null ? 1 : 1 - pruning.schedule().last();
          long left = Math.round(share * parameters(size));
          return new LargeSparseVsSmallDense.Trained(left, left);
        }
      };

  @Test
  void theDenseMatchIsTheClosestInSize() {
    LargeSparseVsSmallDense protocol = LargeSparseVsSmallDense.of(100);
    List<LargeSparseVsSmallDense.Row> rows =
        protocol.compare(
            SQUARES, List.of(GradualPruning.over(0.75, 100), GradualPruning.over(0.9, 100)));
    assertThat(rows.get(0).size()).isEqualTo(50);
    assertThat(rows.get(1).size()).isEqualTo(32); // 1024 is closer to 1000 than 961
    assertThat(rows.get(1).dense().nonZeros()).isEqualTo(1024);
    assertThatThrownBy(() -> protocol.match(SQUARES, 6))
        .hasMessageContaining("within 3.0% of 6 parameters; size 2 has 4");
  }
}
