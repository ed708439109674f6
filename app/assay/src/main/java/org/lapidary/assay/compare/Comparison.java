package org.lapidary.assay.compare;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;
import org.lapidary.evidence.Estimate;
import org.lapidary.evidence.Progress;

/**
 * What came out.
 *
 * @param task that was asked
 * @param question that was asked
 * @param source the texts, in words
 * @param reference the point without any method
 * @param rows by budget, then method
 */
public record Comparison(
    ComparisonTask task, Question question, String source, Row reference, List<Row> rows) {

  /**
   * A method at a budget; or the reference, whose budget is NaN.
   *
   * @param seeds it was run with
   * @param cost the mean over seeds
   * @param quality the mean over seeds, with its interval over texts
   * @param more quality minus that of the reference, text by text
   * @param behind quality minus that of the best of the same budget, text by text; 0 for that one
   * @param seedSpread the standard deviation of the mean quality over seeds; NaN for one seed
   * @param speed NaN where not measured
   * @param extras further figures by name, the mean over seeds
   * @param front whether no other row costs less and loses less
   * @param fastFront whether no other row is faster and loses less
   * @param note what a reader must know, or why there are no figures
   * @param met whether there are figures
   * @param within whether it kept to the budget
   */
  public record Row(
      String method,
      double budget,
      int seeds,
      double cost,
      Estimate quality,
      Estimate more,
      Estimate behind,
      double seedSpread,
      double speed,
      Map<String, Double> extras,
      boolean front,
      boolean fastFront,
      String note,
      boolean met,
      boolean within) {

    /** Whether the interval of the difference to the best of its budget holds 0. */
    public boolean tied() {
      return within && Math.abs(behind.mean()) <= behind.halfWidth();
    }

    private Row with(Estimate rest, boolean onFront, boolean onFastFront) {
      return new Row(
          method,
          budget,
          seeds,
          cost,
          quality,
          more,
          rest,
          seedSpread,
          speed,
          extras,
          onFront,
          onFastFront,
          note,
          met,
          within);
    }
  }

  /** A row before it is compared with others. */
  private record Cell(Row row, double[] perText) {}

  /**
   * Asks every method for every budget.
   *
   * @throws CancellationException if the progress says stop
   */
  public static Comparison run(ComparisonTask task, Question question, Progress progress) {
    ComparisonTask.Bench bench = task.open(question, progress);
    Trial.Measured reference = bench.reference();
    List<Cell> cells = new ArrayList<>();
    long trials =
        question.methods().stream()
            .mapToLong(
                m -> (long) question.budgets().size() * (bench.seedless(m) ? 1 : question.seeds()))
            .sum();
    progress.begin("comparing " + question.methods().size() + " methods", trials);
    long done = 0;
    for (double budget : question.budgets()) {
      for (String method : question.methods()) {
        int seeds = bench.seedless(method) ? 1 : question.seeds();
        List<Trial> runs = new ArrayList<>();
        for (int seed = 0; seed < seeds; seed++) {
          if (progress.stopped()) {
            progress.end();
            throw new CancellationException(
                "stopped after %d of %d trials".formatted(done, trials));
          }
          runs.add(bench.trial(method, budget, seed, progress));
          progress.step(++done, method + " at " + budget);
        }
        cells.add(cell(method, budget, runs, reference));
      }
    }
    progress.end();
    Cell base = cell("(none)", Double.NaN, List.of(reference), reference);
    return new Comparison(
        task, question, bench.source(), ranked(base, cells).getFirst(), rows(base, cells));
  }

  private static List<Row> rows(Cell base, List<Cell> cells) {
    List<Row> all = ranked(base, cells);
    return List.copyOf(all.subList(1, all.size()));
  }

  private static Cell cell(
      String method, double budget, List<Trial> runs, Trial.Measured reference) {
    List<Trial.Measured> measured = new ArrayList<>();
    Set<String> notes = new LinkedHashSet<>();
    for (Trial run : runs) {
      switch (run) {
        case Trial.Measured m -> {
          measured.add(m);
          if (notes.stream().noneMatch(n -> n.startsWith(m.note()))) {
            notes.add(m.note());
          }
        }
        case Trial.Refused(String why) -> {
          return new Cell(refused(method, budget, why), new double[0]);
        }
      }
    }
    int texts = reference.quality().length;
    double[] perText =
        IntStream.range(0, texts)
            .mapToDouble(
                t -> measured.stream().mapToDouble(m -> m.quality()[t]).average().orElseThrow())
            .toArray();
    Map<String, Double> extras = new LinkedHashMap<>();
    for (String name : measured.getFirst().extras().keySet()) {
      extras.put(
          name, measured.stream().mapToDouble(m -> m.extras().get(name)).average().orElseThrow());
    }
    double[] means =
        measured.stream()
            .mapToDouble(m -> Arrays.stream(m.quality()).average().orElseThrow())
            .toArray();
    Row row =
        new Row(
            method,
            budget,
            measured.size(),
            measured.stream().mapToDouble(Trial.Measured::cost).average().orElseThrow(),
            Estimate.of(perText),
            Estimate.of(difference(perText, reference.quality())),
            new Estimate(0, 0, texts),
            means.length < 2 ? Double.NaN : Estimate.of(means).deviation(),
            measured.getFirst().speed(),
            extras,
            false,
            false,
            String.join("; ", notes),
            true,
            measured.stream().allMatch(Trial.Measured::within));
    return new Cell(row, perText);
  }

  private static Row refused(String method, double budget, String why) {
    Estimate none = new Estimate(Double.NaN, Double.NaN, 0);
    return new Row(
        method,
        budget,
        0,
        Double.NaN,
        none,
        none,
        none,
        Double.NaN,
        Double.NaN,
        Map.of(),
        false,
        false,
        why,
        false,
        false);
  }

  static double[] difference(double[] a, double[] b) {
    return IntStream.range(0, a.length).mapToDouble(i -> a[i] - b[i]).toArray();
  }

  /** The reference first, then the rows, each compared with the others. */
  private static List<Row> ranked(Cell base, List<Cell> cells) {
    List<Cell> all = new ArrayList<>(List.of(base));
    all.addAll(cells);
    boolean[] front = front(all, Row::cost);
    boolean[] fast = front(all, row -> -row.speed());
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      Cell cell = all.get(i);
      Estimate behind = cell.row().behind();
      if (cell.row().met() && i > 0) {
        Optional<Cell> best =
            cells.stream()
                .filter(c -> c.row().within() && c.row().budget() == cell.row().budget())
                .min((a, b) -> Double.compare(a.row().quality().mean(), b.row().quality().mean()));
        behind =
            best.isPresent()
                ? Estimate.of(difference(cell.perText(), best.get().perText()))
                : new Estimate(Double.NaN, Double.NaN, 0);
      }
      rows.add(cell.row().with(behind, front[i], fast[i]));
    }
    return rows;
  }

  /** Which cells no other beats in quality and another figure, both the better the less. */
  private static boolean[] front(
      List<Cell> cells, java.util.function.ToDoubleFunction<Row> figure) {
    double[][] points =
        cells.stream()
            .map(c -> new double[] {figure.applyAsDouble(c.row()), c.row().quality().mean()})
            .toArray(double[][]::new);
    return ParetoFront.of(points);
  }
}
