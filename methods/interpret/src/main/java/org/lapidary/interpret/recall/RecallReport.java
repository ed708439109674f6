package org.lapidary.interpret.recall;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.lapidary.evidence.Figure;

/**
 * How a model recalls the facts of a task.
 *
 * @param task its name
 * @param heads that bring the topic
 * @param share of the metric's change that they make on prompts on which they were not found
 * @param layers every MLP beside the heads of its block
 * @param ranks of topic and answer after every sublayer
 * @param suppression by the last block
 */
public record RecallReport(
    String task,
    TaskHeads heads,
    double share,
    List<Layer> layers,
    Ranks ranks,
    Suppression suppression) {

  /**
   * What an MLP makes of its block's heads.
   *
   * @param gains beta by head, and the task vector
   * @param r2 on prompts on which it was not fitted
   * @param permuted the same gains judged with head outputs permuted across prompts
   * @param chance gains fitted to permuted head outputs and judged with permuted ones
   * @param redirection mean of (W_U[answer] - W_U[topic]) . b: how far the task vector leads from
   *     topics to answers
   */
  public record Layer(
      int layer,
      MlpDecomposition gains,
      double r2,
      double permuted,
      double chance,
      double redirection) {}

  /** The MLP behind the strongest task head. */
  public Layer afterHeads() {
    return layers.get(heads.heads().getFirst().layer());
  }

  /** As tables and lines. */
  public List<Figure> figures() {
    return List.of(headTable(), gainTable(), rankLines(), suppressionTable());
  }

  private Figure headTable() {
    List<List<Object>> rows = new ArrayList<>();
    for (TaskHeads.Head h : heads.heads()) {
      rows.add(
          List.of(
              "L%dH%d".formatted(h.layer(), h.head()),
              100 * h.change(),
              h.attention(),
              h.scatter(),
              h.copying()));
    }
    return new Figure.Table(
        "Heads that bring the topic: " + task,
        List.of(
            "head",
            "change of the metric, %",
            "attention to the topic",
            "attention and projection, r",
            "topic's rank in OV"),
        rows);
  }

  private Figure gainTable() {
    List<List<Object>> rows = new ArrayList<>();
    for (Layer l : layers) {
      StringBuilder gains = new StringBuilder();
      for (double beta : l.gains().beta()) {
        gains.append(String.format(Locale.ROOT, "%s%.2f", gains.isEmpty() ? "" : " ", 1 + beta));
      }
      rows.add(
          List.of(l.layer(), gains.toString(), l.r2(), l.permuted(), l.chance(), l.redirection()));
    }
    return new Figure.Table(
        "MLPs as gains of heads and a task vector: " + task,
        List.of(
            "layer",
            "1 + beta by head",
            "R2",
            "R2 permuted",
            "R2 fitted to permuted",
            "topic to answer along b"),
        rows);
  }

  private Figure rankLines() {
    double[] x = IntStream.range(0, ranks.sites().size()).asDoubleStream().toArray();
    return new Figure.Lines(
        "Rank of topic and answer after every sublayer: " + task,
        "sublayer",
        "mean rank",
        List.of(
            new Figure.Series("topic", x, ranks.topic()),
            new Figure.Series("answer", x, ranks.answer())));
  }

  private Figure suppressionTable() {
    List<List<Object>> rows = new ArrayList<>();
    for (Suppression.Part p : suppression.parts()) {
      rows.add(List.of(p.unit().index() < 0 ? "MLP" : "head " + p.unit().index(), p.attribution()));
    }
    return new Figure.Table(
        "What the last block adds to the answer's logit: " + task, List.of("part", "logits"), rows);
  }
}
