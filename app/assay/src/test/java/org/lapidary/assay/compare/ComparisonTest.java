package org.lapidary.assay.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.lapidary.evidence.Estimate;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Model;
import org.lapidary.report.Block;
import org.lapidary.report.Report;

class ComparisonTest {
  private static Model model() {
    DecoderConfig config = DecoderConfig.gpt(8, 8, 1, 2, 8, "relu");
    Layer layer = config.build();
    return new Model(config, layer, null);
  }

  /**
   * Three texts; "steady" adds the budget to each, "noisy" also the seed, "picky" refuses small.
   */
  private static final class Toy implements ComparisonTask {
    static final double[] BASE = {1, 2, 6};

    @Override
    public String id() {
      return "toy";
    }

    @Override
    public String description() {
      return "nothing for nothing";
    }

    @Override
    public Axes axes() {
      return new Axes("size", "size", "nats", "");
    }

    @Override
    public SortedMap<String, String> methods() {
      return new TreeMap<>(Map.of("steady", "", "noisy", "", "picky", ""));
    }

    @Override
    public List<String> usual() {
      return List.of("steady", "noisy", "picky");
    }

    @Override
    public List<Double> budgets() {
      return List.of(1.0, 2.0);
    }

    @Override
    public SortedMap<String, String> settings() {
      return new TreeMap<>(Map.of("steps", "3"));
    }

    @Override
    public Bench open(Question question, Progress progress) {
      return new Bench() {
        @Override
        public Trial.Measured reference() {
          return new Trial.Measured(10, BASE, Double.NaN, Map.of(), true, "");
        }

        @Override
        public boolean seedless(String method) {
          return !method.equals("noisy");
        }

        @Override
        public Trial trial(String method, double budget, long seed, Progress inner) {
          if (method.equals("picky") && budget < 2) {
            return new Trial.Refused("too small");
          }
          double more =
              switch (method) {
                case "noisy" -> 1 + seed;
                case "steady" -> 3 / budget;
                default -> 5;
              };
          return new Trial.Measured(
              budget,
              Arrays.stream(BASE).map(x -> x + more).toArray(),
              Double.NaN,
              Map.of("seed", (double) seed),
              !(method.equals("steady") && budget == 1 && question.seeds() == 2),
              "");
        }

        @Override
        public String source() {
          return "three texts";
        }
      };
    }
  }

  private static Question question(int seeds, String... methods) {
    return Question.about(new Toy(), model(), null, List.of(methods), List.of(), seeds, Map.of());
  }

  private static Comparison.Row row(Comparison c, String method, double budget) {
    return c.rows().stream()
        .filter(r -> r.method().equals(method) && r.budget() == budget)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void lossesArePairedTextByText() {
    Comparison c = Comparison.run(new Toy(), question(3), Progress.silent());

    Comparison.Row steady = row(c, "steady", 1);
    assertThat(steady.quality().mean()).isCloseTo(3 + 3, within(1e-12));
    assertThat(steady.quality().halfWidth())
        .as("texts differ by much")
        .isCloseTo(Estimate.of(Toy.BASE).halfWidth(), within(1e-12));
    assertThat(steady.more().mean()).isCloseTo(3, within(1e-12));
    assertThat(steady.more().halfWidth()).as("the method does the same to each").isZero();
    assertThat(c.reference().more().mean()).isZero();
    assertThat(c.source()).isEqualTo("three texts");
  }

  @Test
  void seedsAreAveragedAndTheirSpreadIsSaid() {
    Comparison c = Comparison.run(new Toy(), question(3), Progress.silent());

    Comparison.Row noisy = row(c, "noisy", 1);
    assertThat(noisy.seeds()).isEqualTo(3);
    assertThat(noisy.more().mean()).isCloseTo(2, within(1e-12)); // of 1, 2, 3
    assertThat(noisy.seedSpread()).isCloseTo(1, within(1e-12));
    assertThat(noisy.extras()).containsEntry("seed", 1.0);
    assertThat(row(c, "steady", 1).seeds()).as("no chance in it").isEqualTo(1);
    assertThat(row(c, "steady", 1).seedSpread()).isNaN();
  }

  @Test
  void theBestOfABudgetTheTiesAndTheFrontFollowFromTheFigures() {
    Comparison c = Comparison.run(new Toy(), question(1), Progress.silent());

    // at 1: noisy 1, steady 3; at 2: noisy 1, steady 1.5, picky 5; the reference at 10: 0
    assertThat(row(c, "noisy", 1).behind().mean()).isZero();
    assertThat(row(c, "steady", 1).behind().mean()).isCloseTo(2, within(1e-12));
    assertThat(row(c, "steady", 2).behind().mean()).isCloseTo(0.5, within(1e-12));
    assertThat(row(c, "steady", 2).tied()).isFalse();
    assertThat(c.rows().stream().filter(Comparison.Row::front).map(Comparison.Row::method))
        .containsExactly("noisy");
    assertThat(row(c, "noisy", 1).front()).isTrue();
    assertThat(row(c, "noisy", 2).front()).as("as good, and dearer").isFalse();
    assertThat(c.reference().front()).isTrue();
  }

  @Test
  void aMethodThatCannotMeetABudgetSaysSoInItsRow() {
    Comparison c = Comparison.run(new Toy(), question(1), Progress.silent());

    Comparison.Row picky = row(c, "picky", 1);
    assertThat(picky.met()).isFalse();
    assertThat(picky.note()).isEqualTo("too small");
    assertThat(picky.front()).isFalse();
    assertThat(row(c, "picky", 2).met()).isTrue();

    Report report = ComparisonReport.of(c, "a model");
    assertThat(report.sections()).hasSize(3);
    assertThat(report.sections().getLast().blocks())
        .anySatisfy(block ->
            assertThat(((Block.FigureBlock) block).figure().toString()).contains("too small"));
  }

  @Test
  void whoDoesNotKeepToTheBudgetDoesNotCompeteForIt() {
    Question two = question(2, "steady");
    Comparison c = Comparison.run(new Toy(), two, Progress.silent());

    assertThat(row(c, "steady", 1).within()).isFalse();
    assertThat(row(c, "steady", 1).behind().mean()).as("there is no best").isNaN();
    assertThat(row(c, "steady", 2).behind().mean()).isZero();
    assertThat(ComparisonReport.of(c, "m").sections().getFirst().blocks().getFirst().toString())
        .contains("none meets it");
  }

  @Test
  void wrongQuestionsAreAnsweredWithTheRealNames() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> question(1, "stedy"))
        .withMessageContaining("did you mean steady?");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> question(0))
        .withMessageContaining("1 seed or more");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> Question.about(new Toy(), model(), null, List.of(), List.of(-1.0), 1, Map.of()))
        .withMessageContaining("above 0");
    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            Question.about(new Toy(), model(), null, List.of(), List.of(), 1, Map.of("stps", "1")))
        .withMessageContaining("did you mean steps?");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ComparisonTasks.of("compres"))
        .withMessageContaining("did you mean compress?");
  }

  @Test
  void whoIsToldToStopStops() {
    assertThatThrownBy(() -> Comparison.run(new Toy(), question(1), Progress.stoppable(() -> true)))
        .isInstanceOf(CancellationException.class)
        .hasMessageContaining("0 of 6 trials");
  }

  @Property
  void thePointsOfTheFrontAreThoseThatNoOtherBeats(
      @ForAll @Size(max = 8) List<@IntRange(min = 0, max = 24) Integer> coded) {
    double[][] points =
        coded.stream().map(c -> new double[] {c / 5, c % 5}).toArray(double[][]::new);
    boolean[] front = ParetoFront.of(points);
    for (int i = 0; i < points.length; i++) {
      double[] p = points[i];
      long beating =
          Arrays.stream(points)
              .filter(q -> q[0] <= p[0] && q[1] <= p[1] && (q[0] < p[0] || q[1] < p[1]))
              .count();
      assertThat(front[i]).isEqualTo(beating == 0);
    }
  }

  @Test
  void aPointThatIsNotKnownIsNotOnTheFrontAndBeatsNone() {
    assertThat(ParetoFront.of(new double[][] {{Double.NaN, 0}, {1, 1}}))
        .containsExactly(false, true);
  }
}
