package org.lapidary.interpret.blackboxsurrogate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lapidary.evidence.Progress;
import org.lapidary.evidence.Reproduction;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

class BlackBoxSurrogateTest {

  /** Class 1 where x0 is above 0.3 and x1 at most -0.2, else 0; x2 means nothing. */
  private static Table corner(int n) {
    float[][] x = new float[n][3];
    int[] y = new int[n];
    Rng rng = new Rng(1);
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < 3; j++) {
        x[i][j] = (float) rng.nextGaussian();
      }
      y[i] = x[i][0] > 0.3 && x[i][1] <= -0.2 ? 1 : 0;
    }
    return new Table(x, y);
  }

  @Test
  void aTreeFindsTheBestFirstSplitOfAll() {
    Table table = corner(60);
    DecisionTree tree = DecisionTree.fit(table, new DecisionTree.Settings(1, 1, 0), new Rng(0));
    DecisionTree.Node.Split root = (DecisionTree.Node.Split) tree.root();
    double own = gini(table, root.column(), root.threshold());
    for (int column = 0; column < 3; column++) {
      for (float[] row : table.x()) {
        assertThat(own).isLessThanOrEqualTo(gini(table, column, row[column]) + 1e-9);
      }
    }
  }

  /** The rows' Gini impurity after a split, summed. */
  private static double gini(Table table, int column, float threshold) {
    int[][] counts = new int[2][2];
    for (int i = 0; i < table.rows(); i++) {
      counts[table.x()[i][column] <= threshold ? 0 : 1][table.y()[i]]++;
    }
    double sum = 0;
    for (int[] side : counts) {
      int n = side[0] + side[1];
      sum += n == 0 ? 0 : 2.0 * side[0] * side[1] / n;
    }
    return sum;
  }

  @Test
  void rulesAreTheirTreeAndPruningKeepsPrecision() {
    Table table = corner(800);
    DecisionTree tree = DecisionTree.fit(table, DecisionTree.Settings.defaults(), new Rng(0));
    Rules rules = Rules.of(tree);
    for (float[] row : table.x()) {
      assertThat(rules.classOf(row)).isEqualTo(tree.classOf(row));
      assertThat(rules.rules().stream().filter(r -> r.applies(row)).count()).isEqualTo(1);
    }
    assertThat(rules.rules().stream().mapToDouble(Rules.Rule::coverage).sum())
        .isCloseTo(1, within(1e-9));
    Rules pruned = rules.pruned(table, 0.005);
    int before = rules.rules().stream().mapToInt(r -> r.conditions().size()).sum();
    int after = pruned.rules().stream().mapToInt(r -> r.conditions().size()).sum();
    assertThat(after).isLessThanOrEqualTo(before);
    int right = 0;
    for (int i = 0; i < table.rows(); i++) {
      right += pruned.classOf(table.x()[i]) == table.y()[i] ? 1 : 0;
    }
    assertThat(right / 800.0).isGreaterThan(0.9);
    assertThat(new Rules.Condition(3, 0.5f, true)).hasToString("x3 > 0.500");
  }

  @Test
  void forestsAndBoostingLearnWhatATreeOfOneSplitCannot() {
    Table train = corner(1500);
    Table test = corner(400);
    Forest random = Forest.random(train, 30, 6, new Rng(2));
    Forest boosted = Forest.boosted(train, 60, 2, 0.1, new Rng(3));
    for (Forest forest : List.of(random, boosted)) {
      int right = 0;
      for (int i = 0; i < test.rows(); i++) {
        right += forest.classOf(test.x()[i]) == test.y()[i] ? 1 : 0;
        assertThat(Arrays.stream(forest.predict(test.x()[i])).sum()).isCloseTo(1, within(1e-9));
      }
      assertThat(right / 400.0).isGreaterThan(0.95);
    }
  }

  @Test
  void counterfactualsChangeTheFewestColumns() {
    Table table = corner(800);
    DecisionTree tree = DecisionTree.fit(table, new DecisionTree.Settings(2, 5, 0), new Rng(0));
    Counterfactual one = Counterfactual.of(tree, new float[] {1, 0.5f, 0}, 1, 0.01).orElseThrow();
    assertThat(one.changed()).containsExactly(1);
    assertThat(tree.classOf(one.row())).isEqualTo(1);
    assertThat(one.distance()).isCloseTo(0.7, within(0.15));
    Counterfactual two = Counterfactual.of(tree, new float[] {-1, 0.5f, 0}, 1, 0.01).orElseThrow();
    assertThat(two.changed()).hasSize(2);
    assertThat(tree.classOf(two.row())).isEqualTo(1);
    assertThat(Counterfactual.of(tree, new float[3], 2, 0.1)).isEmpty();
  }

  @Test
  void aBlackBoxesImportantColumnsAreThoseThatMatter() {
    try (Scope scope = Scope.open()) {
      Table drawn = BlackBoxData.draw(1200, 40, 5, new Rng(5));
      Table table = Table.Scaling.of(drawn).apply(drawn);
      BlackBox box = BlackBox.fit(table, BlackBox.Settings.defaults(), 0);
      Tensor attention = box.attention(table.tensor()).sum(false, 1);
      assertThat(attention.sub(1).abs().max().item()).isLessThan(1e-5);
      TabularExplainer explainer = TabularExplainer.fit(box, table, 10, 0);
      assertThat(Arrays.stream(explainer.top()).filter(j -> j < 10).count()).isGreaterThan(6);
      TabularExplainer.Local local = explainer.explain(table.x()[0]);
      int says = explainer.tree().classOf(table.columns(explainer.top()).x()[0]);
      double leaf = explainer.tree().predict(table.columns(explainer.top()).x()[0])[says];
      assertThat(Arrays.stream(local.contributions()).sum())
          .isCloseTo(leaf - explainer.tree().root().value()[says], within(1e-9));
      int[] all = java.util.stream.IntStream.range(0, 40).toArray();
      assertThat(TabularExplainer.faithfulness(box, table, all).sufficiency())
          .isCloseTo(0, within(1e-6));
    }
  }

  @Test
  void shadowsKeepTheirColumnsValuesAndLoseTheirOrder() {
    Table table = corner(50);
    Table both = table.withShadows(new Rng(3));
    assertThat(both.columns()).isEqualTo(6);
    float[] own = new float[50];
    float[] shadow = new float[50];
    for (int i = 0; i < 50; i++) {
      own[i] = both.x()[i][1];
      shadow[i] = both.x()[i][4];
    }
    assertThat(shadow).isNotEqualTo(own);
    Arrays.sort(own);
    Arrays.sort(shadow);
    assertThat(shadow).isEqualTo(own);
  }

  @Test
  void badInputIsNamed() {
    assertThatThrownBy(() -> new Table(new float[][] {{1, Float.NaN}}, new int[] {0}))
        .hasMessageContaining("row 0, column 1 is NaN");
    assertThatThrownBy(() -> new Table(new float[][] {{1}, {1, 2}}, new int[] {0, 1}))
        .hasMessageContaining("row 1 has 2 columns");
    assertThatThrownBy(() -> new Table(new float[0][], new int[0]))
        .hasMessageContaining("needs rows");
    Table table = corner(30);
    BlackBox box = new BlackBox(3, 2, BlackBox.Settings.defaults());
    assertThatThrownBy(() -> TabularExplainer.fit(box, table, 4, 0))
        .hasMessageContaining("1 to all 3 columns");
  }

  @Test
  void theExperimentRunsSmall() {
    Reproduction.Outcome outcome =
        new BlackBoxReproduction()
            .run(new Reproduction.Setting(Reproduction.Size.SMOKE, List.of(0L), Progress.silent()));
    assertThat(outcome.holds()).as("%s", outcome.checks()).isTrue();
  }
}
