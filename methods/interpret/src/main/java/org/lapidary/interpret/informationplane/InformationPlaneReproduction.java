package org.lapidary.interpret.informationplane;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Estimate;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Reproduction;
import org.lapidary.interpret.fixtures.Dense;
import org.lapidary.interpret.fixtures.Dense.Nonlinearity;
import org.lapidary.interpret.informationplane.InformationPlane.Tracking;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Networks of five hidden tanh layers (10, 7, 5, 4, 3) learn the icosahedron rule; their layers in
 * the plane, their gradients, the bottleneck, depth, and ReLU units and an untrained network as
 * controls.
 */
public final class InformationPlaneReproduction implements Reproduction {
  private static final Integer[] WIDTHS = {12, 10, 7, 5, 4, 3, 1};
  private static final Integer[] SHALLOW = {12, 10, 1};
  private static final Integer[] DEEP = {12, 10, 7, 5, 4, 1};
  private static final int LAST_HIDDEN = -2;
  private static final int EARLY = 10;

  /** What a run showed. */
  private record Run(
      double drop, int peakEpoch, double label, int transition, double early, double late) {
    boolean near() {
      double ratio = Math.max(1.0, transition) / Math.max(1.0, peakEpoch);
      return ratio <= 4 && ratio >= 0.25;
    }
  }

  @Override
  public List<Long> defaultSeeds(Size size) {
    return size == Size.FULL ? List.of(0L, 1L, 2L, 3L, 4L) : List.of(0L);
  }

  @Override
  public Outcome run(Setting setting) {
    Tracking tracking = tracking(setting.full() ? 2000 : 60);
    Joint joint = Icosahedron.defaults().joint();
    Bottleneck curve = Bottleneck.of(joint.sufficient(), 0.5, 1000, 60);
    List<Check> checks = new ArrayList<>();
    List<Figure> figures = new ArrayList<>();
    List<Run> runs = new ArrayList<>();
    List<List<Object>> rows = new ArrayList<>();
    double above = Double.NEGATIVE_INFINITY;
    double processing = Double.NEGATIVE_INFINITY;
    setting.progress().begin("information plane", setting.seeds().size() + 2L);
    int done = 0;
    for (long seed : setting.seeds()) {
      InformationPlane plane = track(tracking, Nonlinearity.TANH, WIDTHS, joint, seed);
      InformationPlane.Phases phases = plane.phases(LAST_HIDDEN);
      int end = plane.epochs().length - 1;
      Run run =
          new Run(
              phases.drop(),
              phases.peakEpoch(),
              plane.at(end, LAST_HIDDEN).label(),
              plane.transition(),
              distance(plane, plane.look(EARLY), curve),
              distance(plane, end, curve));
      runs.add(run);
      rows.add(
          List.of(
              seed,
              phases.peak(),
              phases.end(),
              run.peakEpoch,
              run.transition,
              run.label,
              run.early,
              run.late));
      for (int e = 0; e <= end; e++) {
        List<Joint.Point> layers = plane.points().get(e);
        for (int l = 0; l < layers.size(); l++) {
          above = Math.max(above, layers.get(l).label() - curve.label(layers.get(l).input()));
          if (l > 0) {
            processing = Math.max(processing, layers.get(l).input() - layers.get(l - 1).input());
          }
        }
      }
      if (seed == setting.seeds().getFirst()) {
        figures.add(plane.movie("Layers through training, seed " + seed, curve));
        figures.add(plane.snr("Gradients through training, seed " + seed));
      }
      setting.progress().step(++done, "seed " + seed);
    }
    checks.add(Check.atMost("layers above the bottleneck's curve, bits, most", above, 0.02));
    checks.add(
        Check.atMost(
            "data processing: I(X; T) of a layer minus the one before, bits, most",
            processing,
            0.05));
    claims(setting, tracking, joint, runs, checks);
    controls(setting, tracking, joint, checks, figures);
    setting.progress().end();
    figures.addFirst(
        new Figure.Table(
            "The last hidden layer, I(X; Y) = %.3f bits".formatted(joint.information()),
            List.of(
                "seed",
                "I(X; T) at its peak",
                "at the end",
                "epoch of the peak",
                "epoch of drift to diffusion",
                "I(T; Y) at the end",
                "below the bottleneck, epoch 10",
                "at the end"),
            rows));
    return new Outcome(checks, figures);
  }

  private static Tracking tracking(int epochs) {
    Tracking paper = Tracking.defaults();
    return new Tracking(
        epochs, paper.batch(), paper.rate(), paper.share(), paper.looks(), paper.binning());
  }

  private static InformationPlane track(
      Tracking tracking, Nonlinearity nonlinearity, Integer[] widths, Joint joint, long seed) {
    try (Scope scope = Scope.open()) {
      Dense network = new Dense(nonlinearity, widths);
      network.initialise(new Rng(seed));
      return tracking.track(
          network,
          network::forward,
          x -> {
            List<Tensor> layers = new ArrayList<>(network.layers(x));
            layers.set(layers.size() - 1, layers.getLast().div(2).tanh()); // 2 P(y = 1) - 1
            return layers;
          },
          Icosahedron.inputs(),
          joint,
          seed);
    }
  }

  /** How far the last two hidden layers lie below the curve, the mean in bits. */
  private static double distance(InformationPlane plane, int look, Bottleneck curve) {
    double sum = 0;
    for (int layer = LAST_HIDDEN - 1; layer <= LAST_HIDDEN; layer++) {
      Joint.Point p = plane.at(look, layer);
      sum += curve.label(p.input()) - p.label();
    }
    return sum / 2;
  }

  private static void claims(
      Setting setting, Tracking tracking, Joint joint, List<Run> runs, List<Check> checks) {
    checks.add(
        Check.atLeast(
            "last hidden layer: bits of I(X; T) given up after the peak",
            mean(runs, Run::drop),
            setting.full() ? 1.5 : 0));
    if (!setting.full()) {
      return;
    }
    checks.add(
        Check.atMost(
            "last hidden layer: share of the epochs until the peak",
            mean(runs, Run::peakEpoch) / tracking.epochs(),
            0.2));
    checks.add(
        Check.atLeast(
            "last hidden layer: I(T; Y) at the end over I(X; Y)",
            mean(runs, Run::label) / joint.information(),
            0.75));
    checks.add(
        Check.atLeast(
            "seeds of 5 with drift to diffusion within a factor 4 of the peak",
            runs.stream().filter(Run::near).count() * 5.0 / runs.size(),
            3));
    checks.add(
        Check.atMost(
            "last two hidden layers: bits below the bottleneck, at the end over epoch 10",
            mean(runs, Run::late) / mean(runs, Run::early),
            0.5));
  }

  private static double mean(List<Run> runs, ToDoubleFunction<Run> what) {
    return Estimate.of(runs.stream().mapToDouble(what).toArray()).mean();
  }

  // ---- controls ----

  private static void controls(
      Setting setting, Tracking tracking, Joint joint, List<Check> checks, List<Figure> figures) {
    long first = setting.seeds().getFirst();
    Tracking still =
        new Tracking(
            Math.min(20, tracking.epochs()),
            tracking.batch(),
            0,
            tracking.share(),
            5,
            tracking.binning());
    checks.add(
        Check.equal(
            "untrained: bits of I(X; T) given up, last hidden layer",
            track(still, Nonlinearity.TANH, WIDTHS, joint, first).phases(LAST_HIDDEN).drop(),
            0));
    if (!setting.full()) {
      return;
    }
    List<List<Object>> rows = new ArrayList<>();
    int[] shallow = new int[setting.seeds().size()];
    int[] deep = new int[shallow.length];
    for (int s = 0; s < shallow.length; s++) {
      long seed = setting.seeds().get(s);
      Tracking half = tracking(tracking.epochs() / 2);
      InformationPlane one = track(half, Nonlinearity.TANH, SHALLOW, joint, seed);
      InformationPlane four = track(half, Nonlinearity.TANH, DEEP, joint, seed);
      double wanted = 0.95 * Math.max(one.best(), four.best());
      shallow[s] = one.learned(wanted);
      deep[s] = four.learned(wanted);
      rows.add(List.of(seed, one.best(), shallow[s], four.best(), deep[s]));
    }
    checks.add(
        Check.less(
            "epochs to 95% of the best I(T; Y) of the output: 4 hidden layers over 1, medians",
            median(deep) / median(shallow), 1));
    figures.add(
        new Figure.Table(
            "Depth: the output's I(T; Y) and the epoch at which it has 95% of the better",
            List.of("seed", "1 layer, best", "epoch", "4 layers, best", "epoch"), rows));
    Tracking ranged =
        new Tracking(
            tracking.epochs() / 2,
            tracking.batch(),
            tracking.rate(),
            tracking.share(),
            tracking.looks(),
            new Binning(30, Binning.Edges.RANGE));
    checks.add(
        Check.reported(
            "ReLU units, bins over their range: bits of I(X; T) given up, last hidden layer",
            track(ranged, Nonlinearity.RELU, WIDTHS, joint, first).phases(LAST_HIDDEN).drop()));
  }

  private static double median(int[] values) {
    int[] sorted = values.clone();
    Arrays.sort(sorted);
    int n = sorted.length;
    return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2.0;
  }
}
