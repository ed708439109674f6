package org.lapidary.interpret.compiled;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lapidary.interpret.compiled.GroundTruth.Link;
import org.lapidary.interpret.compiled.GroundTruth.Part;
import org.lapidary.tensor.Tensor;

class CompiledTest {
  private static final List<String> ABC = List.of("a", "b", "c");
  private static final int LENGTH = 5;

  /** All sequences of one length over so many tokens. */
  static int[][] all(int tokens, int length) {
    int count = (int) Math.round(Math.pow(tokens, length));
    int[][] sequences = new int[count][length];
    for (int i = 0; i < count; i++) {
      for (int p = 0, rest = i; p < length; p++, rest /= tokens) {
        sequences[i][p] = rest % tokens;
      }
    }
    return sequences;
  }

  private static void computesTheSame(Program program) {
    Compiled compiled = Compiled.of(program);
    for (int length = 1; length <= program.length(); length++) {
      int[][] sequences = all(program.alphabet().size(), length);
      double[][] outputs = compiled.run(sequences);
      for (int i = 0; i < sequences.length; i++) {
        assertThat(outputs[i])
            .as("%s of %s", program.name(), java.util.Arrays.toString(sequences[i]))
            .containsExactly(program.run(sequences[i]), within(program.numerical() ? 1e-5 : 1e-12));
      }
    }
  }

  @Test
  void reverseIsExactOnAllSequences() {
    Program reverse = Programs.reverse(ABC, LENGTH);
    assertThat(reverse.run(0, 1, 2, 2)).containsExactly(2, 2, 1, 0);
    computesTheSame(reverse);
  }

  @Test
  void fractionsAreExactOnAllSequences() {
    Program fraction = Programs.fractionOf("b", ABC, LENGTH);
    assertThat(fraction.run(1, 0, 1, 2)).containsExactly(1, 0.5, 2.0 / 3, 0.5);
    computesTheSame(fraction);
  }

  @Test
  void histogramIsExactOnAllSequences() {
    Program histogram = Programs.histogram(ABC, LENGTH);
    assertThat(histogram.run(0, 1, 0, 0)).containsExactly(3, 1, 3, 3);
    computesTheSame(histogram);
  }

  @Test
  void inductionIsExactOnAllSequences() {
    Program induction = Programs.induction(ABC, LENGTH);
    assertThat(induction.run(0, 1, 0, 2, 0)).containsExactly(-1, -1, 1, -1, 2);
    computesTheSame(induction);
  }

  @Test
  void pairSumIsExactOnAllSequences() {
    Program sum = Programs.pairSum(ABC, LENGTH);
    assertThat(sum.run(2, 2, 0)).containsExactly(-1, 1, 2);
    computesTheSame(sum);
  }

  @Test
  void linearCombinationsAreExactOnAllSequences() {
    computesTheSame(
        new Program(
            "more a than b",
            ABC,
            LENGTH,
            true,
            new Numerical.Combined(
                1, Programs.fraction("a", ABC, LENGTH), -1, Programs.fraction("b", ABC, LENGTH))));
  }

  @Test
  void whatIsComputedBesideDoesNotDisturb() {
    Program induction =
        Programs.induction(ABC, LENGTH)
            .with(Programs.fraction("c", ABC, LENGTH), Programs.pairSum(ABC, LENGTH).output());
    computesTheSame(induction);
    assertThat(Compiled.of(induction).truth())
        .isEqualTo(Compiled.of(Programs.induction(ABC, LENGTH)).truth());
  }

  @Test
  void theTruthIsWhatTheProgramSays() {
    Part before = new Part(0, 0);
    Part match = new Part(1, 0);
    GroundTruth truth = Compiled.of(Programs.induction(ABC, LENGTH)).truth();
    assertThat(truth.parts()).containsExactlyInAnyOrder(before, match);
    assertThat(truth.links())
        .containsExactlyInAnyOrder(
            new Link(Part.EMBEDDING, before),
            new Link(before, match),
            new Link(Part.EMBEDDING, match),
            new Link(match, Part.OUTPUT));
    assertThat(Compiled.of(Programs.reverse(ABC, LENGTH)).truth().parts())
        .containsExactlyInAnyOrder(new Part(0, 0), Part.mlp(0), Part.mlp(1), new Part(2, 0));
  }

  @Test
  void everyVariableHasASubspaceOfItsOwn() {
    Compiled compiled = Compiled.of(Programs.reverse(ABC, LENGTH));
    Tensor stream =
        compiled
            .model()
            .capture(Tensor.of(compiled.prompt(2, 0, 1), 1, 4), "blocks.2.hook_resid_pre")
            .at("blocks.2.hook_resid_pre");
    // tokens 4, positions 5, the share, counts 6, opposites 5, reversed 3
    assertThat(stream.size(2)).isEqualTo(4 + 5 + 1 + 6 + 5 + 3);
    double[] first = stream.select(0, 0).select(0, 1).toDoubles();
    assertThat(first)
        .containsExactly(
            new double[] {
              0, 0, 1, 0, // c
              1, 0, 0, 0, 0, // position 0
              0.25, // 1 / (1 + 3)
              0, 0, 0, 1, 0, 0, // of 3
              0, 0, 1, 0, 0, // opposite 2
              0, 0, 0
            },
            within(1e-4));
  }

  @Test
  void programsThatAreNotDefinedAreRefusedInWords() {
    Categorical.Tokens tokens = new Categorical.Tokens(ABC);
    Categorical.Indices indices = Categorical.Indices.upTo(LENGTH);
    Program ambiguous =
        new Program(
            "any",
            ABC,
            LENGTH,
            false,
            new Categorical.Picked<>(Selector.of(indices, indices, (k, q) -> true), tokens));
    assertThat(ambiguous.run(1, 1)).containsExactly(1, 1);
    assertThatIllegalStateException()
        .isThrownBy(() -> ambiguous.run(1, 2))
        .withMessageContaining("different values for position 0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Categorical.Tokens(List.of("a", "a")))
        .withMessageContaining("each once");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Compiled.of(new Program("other", List.of("x"), 3, true, tokens)))
        .withMessageContaining("tokens are [x]");
    Compiled compiled = Compiled.of(Programs.histogram(ABC, 3));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> compiled.run(0, 1, 2, 0))
        .withMessageContaining("1 to 3 tokens, was given 4");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> compiled.run(3))
        .withMessageContaining("0 to 2");
  }
}
