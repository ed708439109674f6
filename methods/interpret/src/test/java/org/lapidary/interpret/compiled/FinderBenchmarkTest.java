package org.lapidary.interpret.compiled;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.lapidary.interpret.circuit.Circuit;
import org.lapidary.interpret.circuit.Circuit.Edge;
import org.lapidary.interpret.circuit.Circuit.Hop;
import org.lapidary.interpret.circuit.Circuit.Kind;
import org.lapidary.interpret.circuit.Circuit.Node;
import org.lapidary.interpret.compiled.FinderBenchmark.Finder;
import org.lapidary.interpret.compiled.FinderBenchmark.Row;
import org.lapidary.interpret.compiled.GroundTruth.Agreement;
import org.lapidary.interpret.compiled.GroundTruth.Link;
import org.lapidary.interpret.compiled.GroundTruth.Part;
import org.lapidary.tensor.Rng;

class FinderBenchmarkTest {
  private static final List<String> ABCD = List.of("a", "b", "c", "d");
  private static final int LENGTH = 5;

  private static Map<Finder, Agreement> run(Program program) {
    return new FinderBenchmark(10, 0.01)
        .run(program, new Rng(0)).stream().collect(Collectors.toMap(Row::finder, Row::agreement));
  }

  @Test
  void directPathsFindWholeCircuitsAmongWhatIsComputedBeside() {
    Function<Program, Agreement> found = p -> run(p).get(Finder.DIRECT_PATHS);
    for (Program program :
        List.of(
            Programs.induction(ABCD, LENGTH)
                .with(
                    Programs.fraction("c", ABCD, LENGTH), Programs.pairSum(ABCD, LENGTH).output()),
            Programs.pairSum(ABCD, LENGTH).with(Programs.induction(ABCD, LENGTH).output()),
            Programs.histogram(ABCD, LENGTH).with(Programs.reverse(ABCD, LENGTH).output()))) {
      assertThat(found.apply(program))
          .as(program.name())
          .isEqualTo(new Agreement(new GroundTruth.Score(1, 1), new GroundTruth.Score(1, 1)));
    }
  }

  @Test
  void whatNeverDiffersBetweenThePromptsCannotBeSeen() {
    // lengths and positions are those of both prompts: all but the last head of reverse
    Agreement reverse = run(Programs.reverse(ABCD, LENGTH)).get(Finder.DIRECT_PATHS);
    assertThat(reverse.parts()).isEqualTo(new GroundTruth.Score(1, 0.25));
  }

  @Test
  void saturatedAttentionHidesWhatItReadsFromGradientsAndFrozenPasses() {
    Map<Finder, Agreement> induction =
        run(Programs.induction(ABCD, LENGTH).with(Programs.fraction("c", ABCD, LENGTH)));
    // the head that brings the token before is read by keys alone, and softmax is flat
    assertThat(induction.get(Finder.ATTRIBUTION_PATCHING).parts())
        .isEqualTo(new GroundTruth.Score(1, 0.5));
    assertThat(induction.get(Finder.FROZEN_SEARCH).parts())
        .isEqualTo(new GroundTruth.Score(1, 0.5));
    Map<Finder, Agreement> sum = run(Programs.pairSum(ABCD, LENGTH));
    assertThat(sum.get(Finder.ATTRIBUTION_PATCHING).parts()).isEqualTo(new GroundTruth.Score(1, 1));
    assertThat(sum.get(Finder.FROZEN_SEARCH).links()).isEqualTo(new GroundTruth.Score(1, 1));
  }

  @Test
  void precisionAndRecallAreCountedAsPartsAndLinks() {
    GroundTruth truth = Compiled.of(Programs.induction(ABCD, LENGTH)).truth();
    Node root = new Node(Kind.LOGIT, "logits", -1, 3, 4, 1);
    Node head = new Node(Kind.HEAD, "blocks.1.attn.hook_z", 1, 0, 4, 1);
    Node wrong = new Node(Kind.MLP, "blocks.0.hook_mlp_out", 0, -1, 4, 1);
    Node embedding = new Node(Kind.EMBEDDING, "hook_embed", -1, 2, 3, 1);
    List<Edge> edges =
        new ArrayList<>(
            List.of(new Edge(head, root, List.of(), 1, 1), new Edge(wrong, root, List.of(), 1, 1)));
    Circuit flat = new Circuit(root, List.of(root, head, wrong), edges, 1, 1);
    assertThat(truth.precisionRecall(flat).parts()).isEqualTo(new GroundTruth.Score(0.5, 0.5));
    assertThat(truth.precisionRecall(flat).links()).isEqualTo(new GroundTruth.Score(0.5, 0.25));
    // an edge through a head is two links
    Edge through = new Edge(embedding, root, List.of(new Hop(1, 0, 3, 4)), 1, 1);
    Circuit path = new Circuit(root, List.of(root, embedding), List.of(through), 1, 1);
    assertThat(truth.precisionRecall(path).parts()).isEqualTo(new GroundTruth.Score(1, 0.5));
    assertThat(truth.precisionRecall(path).links()).isEqualTo(new GroundTruth.Score(1, 0.5));
    assertThat(truth.partScore(Set.of()).precision()).isNaN();
    assertThat(truth.links()).contains(new Link(new Part(0, 0), new Part(1, 0)));
  }

  @Test
  void theTableHasARowForEveryFinder() {
    List<Row> rows = new FinderBenchmark(2, 0.01).run(Programs.pairSum(ABCD, 3), new Rng(1));
    assertThat(FinderBenchmark.table(rows).rows()).hasSize(3);
    assertThat((double) FinderBenchmark.table(rows).rows().getFirst().get(3))
        .isCloseTo(1, within(0.0));
  }

  @Test
  void aProgramThatSaysAlwaysTheSameIsRefused() {
    Program constant =
        new Program(
            "constant",
            ABCD,
            3,
            true,
            new Numerical.Measured<>(new Categorical.Tokens(ABCD), t -> 1));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> FinderBenchmark.defaults().run(constant, new Rng(0)))
        .withMessageContaining("hardly ever differs");
  }
}
