package org.lapidary.compress.essential;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;
import org.lapidary.compress.BlockMatrices;
import org.lapidary.data.CharCorpus;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Model;
import org.lapidary.tensor.SideBySide;
import org.lapidary.train.Classification;
import org.lapidary.train.Fixtures;

/**
 * Encoders of characters, tuned under masks of one shot beside iterative ones, beside encoders that
 * were never pre-trained; their sparsity during pre-training; and pre-training on less text.
 */
final class TextStudy {
  private static final long EVERY = 100;
  private static final MaskedText.Tuning PRETRAINED = new MaskedText.Tuning(16, 1e-4, 5);
  // with the settings of the other it learns nothing at all
  private static final MaskedText.Tuning FRESH = new MaskedText.Tuning(16, 1e-3, 1);
  private static final double[] SHARES = {0.1};
  // 0.01 of the deviation with which weights are drawn
  private static final double SMALL = 0.01 * 0.02;

  /**
   * One seed.
   *
   * @param shares of the text and what they gave, the last is the whole text; only of the first
   *     seed
   * @param trace only of the first seed
   */
  private record One(
      long seed,
      SparsityCurve pretrained,
      SparsityCurve fresh,
      List<EssentialSparsity.Comparison> comparisons,
      List<Share> shares,
      @Nullable Trace trace) {

    double essential() {
      return pretrained.tolerated(TOLERANCE);
    }

    /** Tickets below the essential sparsity, the dense one left out. */
    DoubleStream below(ToDoubleFunction<EssentialSparsity.Comparison> what) {
      return comparisons.stream()
          .filter(c -> c.sparsity() > 0 && c.sparsity() <= essential())
          .mapToDouble(what);
    }
  }

  /** After pre-training on a share of the text, without tuning. */
  private record Share(double share, double filling, double essential, double small) {}

  private record Trace(SparsityTrace small, SparsityTrace essential) {}

  private static final double TOLERANCE = EssentialSparsity.defaults().tolerance();

  private final List<One> seeds = new ArrayList<>();
  private final MaskedText text;
  private final LotteryTickets tickets;
  private final double[] levels;
  private final double[] zeroShotLevels;
  private final Classification heldOut;

  TextStudy(boolean full, List<Long> chosen, Progress progress) {
    CharCorpus corpus = CharCorpus.tinyShakespeare();
    text = full ? MaskedText.of(corpus, 2000, 300) : MaskedText.of(corpus, 200, 20);
    tickets = full ? new LotteryTickets(0.1, 3) : new LotteryTickets(0.1, 2);
    heldOut = text.heldOut();
    long n = BlockMatrices.weights(text.fresh(0));
    double[] beyond = full ? new double[] {0.35, 0.5} : new double[] {0.6};
    levels =
        DoubleStream.concat(DoubleStream.of(tickets.levels(n)), DoubleStream.of(beyond)).toArray();
    zeroShotLevels = full ? steps(0.1, 10) : steps(0.2, 3);
    long first = chosen.getFirst();
    List<Checkpoints> runs = new ArrayList<>();
    chosen.forEach(seed -> runs.add(new Checkpoints(text, seed)));
    List<Function<Progress, Model>> trainings = new ArrayList<>();
    runs.forEach(run -> trainings.add(quiet -> pretrained(run, quiet)));
    if (full) {
      for (double share : SHARES) {
        trainings.add(quiet -> onShare(share, first, quiet));
      }
    }
    List<Model> trained =
        SideBySide.map("pre-training encoders", trainings, Function::apply, progress);
    List<Model> less = trained.subList(chosen.size(), trained.size());
    List<Share> shares = new ArrayList<>();
    for (int i = 0; i < less.size(); i++) {
      shares.add(share(SHARES[i], less.get(i)));
    }
    shares.add(share(1, runs.getFirst().last()));
    List<Function<Progress, Tuned>> tunings = new ArrayList<>();
    for (int i = 0; i < chosen.size(); i++) {
      long seed = chosen.get(i);
      Model pretrained = runs.get(i).last();
      tunings.add(quiet -> tuned(pretrained, seed, quiet));
      tunings.add(quiet -> control(seed, quiet));
    }
    List<Tuned> tuned = SideBySide.map("tuning under masks", tunings, Function::apply, progress);
    for (int i = 0; i < chosen.size(); i++) {
      seeds.add(
          new One(
              chosen.get(i),
              tuned.get(2 * i).curve(),
              tuned.get(2 * i + 1).curve(),
              tuned.get(2 * i).comparisons(),
              i == 0 ? shares : List.of(),
              i == 0 ? trace(runs.getFirst()) : null));
    }
  }

  private record Tuned(SparsityCurve curve, List<EssentialSparsity.Comparison> comparisons) {}

  private Tuned tuned(Model pretrained, long seed, Progress quiet) {
    Downstream task = new Remembered(text.task(heldOut, PRETRAINED, seed));
    EssentialSparsity method = EssentialSparsity.defaults().withLevels(levels);
    return new Tuned(
        method.curve(pretrained, task, quiet), method.compare(pretrained, task, tickets));
  }

  private Tuned control(long seed, Progress quiet) {
    return new Tuned(
        EssentialSparsity.defaults()
            .withLevels(Arrays.copyOf(levels, tickets.rounds() + 1))
            .curve(text.fresh(seed), text.task(heldOut, FRESH, seed), quiet),
        List.of());
  }

  private static double[] steps(double step, int n) {
    double[] levels = new double[n];
    Arrays.setAll(levels, i -> i * step);
    return levels;
  }

  private Share share(double share, Model model) {
    SparsityCurve curve = zeroShot(model);
    return new Share(
        share,
        curve.quality()[0],
        curve.tolerated(TOLERANCE),
        SparsityTrace.smallShare(model, SMALL));
  }

  private SparsityCurve zeroShot(Model model) {
    return EssentialSparsity.defaults()
        .withLevels(zeroShotLevels)
        .curve(model, Downstream.zeroShot(text::filling), Progress.silent());
  }

  private Trace trace(Checkpoints run) {
    int n = run.models.size();
    long[] steps = new long[n];
    double[] small = new double[n];
    double[] essential = new double[n];
    for (int i = 0; i < n; i++) {
      steps[i] = i * EVERY;
      small[i] = SparsityTrace.smallShare(run.models.get(i), SMALL);
      essential[i] = zeroShot(run.models.get(i)).tolerated(TOLERANCE);
    }
    return new Trace(new SparsityTrace(steps, small), new SparsityTrace(steps, essential));
  }

  private Model onShare(double share, long seed, Progress progress) {
    Model model = text.fresh(seed);
    Fixtures.train(
        model.layer(),
        key(seed) + " on the first " + share,
        ignored -> text.pretrain(model, share, seed, (step, loss) -> {}, progress));
    return model;
  }

  private String key(long seed) {
    return "masked characters of tinyshakespeare, %s, %d steps, seed %d"
        .formatted(text.config(), text.steps(), seed);
  }

  /** The encoder at step 0, 100, ... of pre-training. */
  private static final class Checkpoints extends Layer {
    private final transient List<Model> models = new ArrayList<>();
    private final MaskedText text;
    private final long seed;

    Checkpoints(MaskedText text, long seed) {
      this.text = text;
      this.seed = seed;
      for (long step = 0; step <= text.steps(); step += EVERY) {
        Model model = text.fresh(seed);
        child("step" + step, model.layer());
        models.add(model);
      }
    }

    Model last() {
      return models.getLast();
    }

    @Override
    protected Layer blank() {
      return new Checkpoints(text, seed);
    }
  }

  /** Fills in the checkpoints; the last of them. */
  private Model pretrained(Checkpoints run, Progress progress) {
    long seed = run.seed;
    Fixtures.train(
        run,
        key(seed) + ", every " + EVERY,
        ignored -> {
          Model model = text.fresh(seed);
          text.pretrain(
              model,
              1,
              seed,
              (step, loss) -> {
                if ((step + 1) % EVERY == 0) {
                  Model kept = run.models.get((int) ((step + 1) / EVERY));
                  kept.layer()
                      .parameters()
                      .forEach((path, p) ->
                          p.set(model.layer().parameterAt(path).tensor().detach().copy()));
                }
              },
              progress);
        });
    // models without the layer tree around them, so that their paths begin at themselves
    run.models.replaceAll(Model::copy);
    return run.last();
  }

  List<Check> checks() {
    List<Check> checks = new ArrayList<>();
    checks.add(
        Check.atLeast(
            "B: accuracy of one shot - iterative below s*, least of all seeds",
            least(One::below, c -> c.oneShot() - c.iterative()),
            -0.01));
    checks.add(
        Check.atLeast(
            "B: cosine of their masks below s*, least of all seeds",
            least(One::below, EssentialSparsity.Comparison::cosine),
            0.95));
    checks.add(
        Check.greater(
            "B: s* of the pre-trained encoder - of a random one, mean",
            mean(o -> o.essential() - o.fresh().tolerated(TOLERANCE)),
            0));
    checks.add(Check.reported("B: s* of the pre-trained encoder, mean", mean(One::essential)));
    seeds.forEach(o -> {
      if (o.trace() != null) {
        SparsityTrace.Jump small = o.trace().small().largestRise();
        checks.add(
            Check.reported(
                "B: largest rise of the small weights, deviations above the others",
                small.deviations()));
        checks.add(Check.reported("B: at step", small.step()));
        SparsityTrace.Jump essential = o.trace().essential().largestRise();
        checks.add(
            Check.reported(
                "B: largest rise of s*, deviations above the others", essential.deviations()));
        checks.add(Check.reported("B: at step of s*", essential.step()));
      }
      if (o.shares().size() > 1) {
        Share least = o.shares().getFirst();
        Share whole = o.shares().getLast();
        checks.add(
            Check.reported(
                "B: s* on the whole text - on a tenth (positive in the paper)",
                whole.essential() - least.essential()));
        checks.add(
            Check.reported(
                "B: small weights on the whole text - on a tenth", whole.small() - least.small()));
      }
    });
    return checks;
  }

  private interface Selecting {
    DoubleStream of(One one, ToDoubleFunction<EssentialSparsity.Comparison> what);
  }

  /** NaN, which no check accepts, if a seed has no ticket below its essential sparsity. */
  private double least(Selecting selecting, ToDoubleFunction<EssentialSparsity.Comparison> what) {
    return seeds.stream()
        .mapToDouble(o -> selecting.of(o, what).min().orElse(Double.NaN))
        .reduce(Double.POSITIVE_INFINITY, Math::min);
  }

  private double mean(ToDoubleFunction<One> what) {
    return seeds.stream().mapToDouble(what).average().orElse(Double.NaN);
  }

  List<Figure> figures() {
    List<List<Object>> curves = new ArrayList<>();
    List<List<Object>> masks = new ArrayList<>();
    List<List<Object>> shares = new ArrayList<>();
    List<List<Object>> trace = new ArrayList<>();
    for (One o : seeds) {
      for (int i = 0; i < o.pretrained().levels().length; i++) {
        double[] fresh = o.fresh().quality();
        curves.add(
            List.of(
                o.seed(),
                o.pretrained().levels()[i],
                o.pretrained().quality()[i],
                i < fresh.length ? fresh[i] : Double.NaN));
      }
      o.comparisons()
          .forEach(c ->
              masks.add(List.of(o.seed(), c.sparsity(), c.cosine(), c.oneShot(), c.iterative())));
      o.shares()
          .forEach(s ->
              shares.add(List.of(o.seed(), s.share(), -s.filling(), s.essential(), s.small())));
      Trace t = o.trace();
      if (t != null) {
        for (int i = 0; i < t.small().steps().length; i++) {
          trace.add(
              List.of(t.small().steps()[i], t.small().values()[i], t.essential().values()[i]));
        }
      }
    }
    return List.of(
        new Figure.Table(
            "B: accuracy of the next character's class after one-shot pruning and tuning",
            List.of("seed", "sparsity", "pre-trained", "random start"),
            curves),
        new Figure.Table(
            "B: masks of one shot and iterative ones",
            List.of("seed", "sparsity", "cosine", "one shot", "iterative"),
            masks),
        new Figure.Table(
            "B: pre-training on less text, without tuning",
            List.of("seed", "share", "nats per masked character", "s*", "small weights"),
            shares),
        new Figure.Table(
            "B: sparsity during pre-training, without tuning",
            List.of("step", "small weights", "s*"),
            trace));
  }
}
