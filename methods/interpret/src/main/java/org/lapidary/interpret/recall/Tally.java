package org.lapidary.interpret.recall;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Figure;

/** What was measured of every task and seed, and the claims on its means. */
final class Tally {
  static final String PART = "mass moved by part of the task vector";
  static final String WHOLE = "mass moved by the whole task vector";

  private final Map<String, List<Double>> measured = new LinkedHashMap<>();

  void add(String what, double value) {
    measured.computeIfAbsent(what, w -> new ArrayList<>()).add(value);
  }

  private List<Double> all(String what) {
    return java.util.Objects.requireNonNull(measured.get(what), what);
  }

  private double mean(String what) {
    return all(what).stream().mapToDouble(v -> v).average().orElse(Double.NaN);
  }

  /** The claims; at the small size only those that a model which is half trained meets. */
  void judge(boolean full, List<Check> checks) {
    double least = all("accuracy").stream().mapToDouble(v -> v).min().orElse(Double.NaN);
    checks.add(Check.atLeast("least accuracy on facts", least, full ? 0.98 : 0.3));
    checks.add(
        Check.atLeast(
            "share of the metric's change by the task heads", mean("share"), full ? 0.7 : 0.3));
    checks.add(
        Check.atLeast("task heads' attention to the topic", mean("attention"), full ? 0.4 : 0.2));
    checks.add(
        Check.atLeast(
            "prompts whose answer becomes the other topic's", mean("swapped"), full ? 0.8 : 0.3));
    checks.add(Check.atMost("the same by as many random heads", mean("random"), full ? 0.15 : 0.3));
    double gain = mean("r2") - mean("chance");
    String decomposition =
        "R2 of the MLP behind the heads less that of gains fitted to permuted head outputs";
    checks.add(
        full ? Check.atLeast(decomposition, gain, 0.2) : Check.reported(decomposition, gain));
    checks.add(
        Check.reported(
            "the same less that of its own gains on permuted outputs",
            mean("r2") - mean("permuted")));
    double moved = mean(PART) / mean(PART + ", base");
    double random = mean(PART + ", at random") / mean(PART + ", base");
    checks.add(
        Check.atLeast(
            "mass on the other relation's answers with part of its task vector, times the base",
            moved,
            full ? 5 : 1.5));
    String noise = "the same with random vectors of that length";
    checks.add(full ? Check.atMost(noise, random, 1.5) : Check.reported(noise, random));
    checks.add(
        Check.reported(
            "the same with the whole task vector", mean(WHOLE) / mean(WHOLE + ", base")));
    checks.add(
        Check.reported(
            "with random vectors of its length",
            mean(WHOLE + ", at random") / mean(WHOLE + ", base")));
    String answer = "answer's logit without the last two MLPs, less that with them";
    String topic = "topic's mean rank without the last two MLPs, less that with them";
    checks.add(
        full
            ? Check.less(answer, mean("answer logit"), 0)
            : Check.reported(answer, mean("answer logit")));
    checks.add(
        full
            ? Check.atMost(topic, mean("topic rank"), 0)
            : Check.reported(topic, mean("topic rank")));
    checks.add(Check.reported("last block's part of the answer's logit", mean("last block")));
    checks.add(Check.equal("change of probability with gamma = 1", mean("gamma 1"), 0));
    String half = "answers' probability with gamma = 0.5 less that without";
    boolean suppresses = mean("last block") < 0;
    checks.add(
        full && suppresses
            ? Check.greater(half, mean("gamma half"), 0)
            : Check.reported(half, mean("gamma half")));
  }

  /** Mean, least and largest of everything. */
  Figure.Table table() {
    List<List<Object>> rows = new ArrayList<>();
    measured.forEach((what, values) -> {
      double least = values.stream().mapToDouble(v -> v).min().orElse(Double.NaN);
      double most = values.stream().mapToDouble(v -> v).max().orElse(Double.NaN);
      rows.add(List.of(what, values.size(), mean(what), least, most));
    });
    return new Figure.Table(
        "Every task and seed", List.of("figure", "count", "mean", "least", "most"), rows);
  }
}
