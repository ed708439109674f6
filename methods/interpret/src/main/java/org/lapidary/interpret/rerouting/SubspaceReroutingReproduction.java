package org.lapidary.interpret.rerouting;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Reproduction;
import org.lapidary.interpret.rerouting.Rerouting.Attempt;
import org.lapidary.interpret.rerouting.Rerouting.Case;
import org.lapidary.interpret.rerouting.Rerouting.Trajectory;
import org.lapidary.interpret.tasks.GateLanguage;
import org.lapidary.interpret.tasks.GateLanguage.Prompt;
import org.lapidary.interpret.tasks.GateLanguage.Slots;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.SideBySide;

/**
 * Gates of planted languages audited with probes, with steering directions, with the output loss
 * and with random suffixes, all with as many forward passes; then hardened, and audited again.
 */
public final class SubspaceReroutingReproduction implements Reproduction {
  private static final int FROM = 1; // the first block does not show what lifts a gate
  private static final int TO = 3; // in some models only the last one does
  private static final double RIDGE = 1e-2;

  private record Sizes(
      int steps,
      int tested,
      int probed,
      double accuracy,
      int audited,
      SuffixSearch search,
      int hardening) {
    static Sizes of(boolean full) {
      return full
          ? new Sizes(2000, 500, 100, 0.95, 40, new SuffixSearch(64, 64, 10, 10, 40, 1.8), 200)
          : new Sizes(60, 40, 20, 0, 3, new SuffixSearch(8, 64, 4, 3, 4, 1.8), 5);
    }
  }

  /** What came of one seed. */
  private record Row(
      long seed,
      double accuracy,
      double lifted,
      List<Double> probeAccuracy,
      int depth,
      List<Attempt> probes,
      List<Attempt> steering,
      List<Attempt> output,
      List<Attempt> random,
      Trajectory before,
      Trajectory after,
      double hardenedAccuracy,
      double hardenedSuccess) {}

  @Override
  public Outcome run(Setting setting) {
    Sizes sizes = Sizes.of(setting.full());
    List<Row> rows =
        SideBySide.map(
            "audits", setting.seeds(), (seed, stoppable) -> row(seed, sizes), setting.progress());
    return new Outcome(checks(rows, setting.full()), figures(rows));
  }

  private static Row row(long seed, Sizes sizes) {
    GateModel gate = GateModel.train(seed, sizes.steps);
    GateLanguage language = gate.language();
    Model model = gate.model();
    Rng rng = new Rng(seed).fork(0x55);
    List<Prompt> clean = clean(gate, sizes.tested, rng);
    List<Prompt> lifted = gate.prompts(sizes.tested / 2, true, Slots.LIFTED, rng);
    Subspace subspace = subspace(gate, model, sizes, rng);
    List<Case> cases = gate.cases(sizes.audited, rng);
    SuffixSearch.Tokens tokens =
        SuffixSearch.Tokens.without(language.vocab(), language.no(), language.end());
    Rerouting audit = new Rerouting(sizes.search);
    Surrogate probes = subspace.probes(sizes.accuracy, FROM, TO);
    Function<Case, Surrogate> output =
        c -> new Surrogate.Output(model.decoder().blocks().size(), c.answer());
    List<Attempt> byProbes = audit.audit(model, cases, c -> probes, tokens, rng.fork(1));
    Surrogate steering = subspace.steering(sizes.accuracy, FROM, TO);
    List<Attempt> bySteering = audit.audit(model, cases, c -> steering, tokens, rng.fork(2));
    List<Attempt> byOutput = audit.audit(model, cases, output, tokens, rng.fork(3));
    List<Attempt> byChance = audit.random(model, cases, output, tokens, rng.fork(4));

    List<int[]> rerouted =
        Stream.of(byProbes, bySteering)
            .flatMap(Collection::stream)
            .filter(Attempt::success)
            .map(Attempt::rerouted)
            .toList();
    double before = GateModel.accuracy(model, clean);
    double after = before;
    double again = Rerouting.success(byProbes);
    if (!rerouted.isEmpty()) {
      Model hardened =
          Rerouting.harden(
              model,
              rerouted,
              language.no(),
              copy -> GateModel.task(language, copy, 64, 0),
              new Rerouting.Hardening(sizes.hardening, 64, 3e-4),
              seed);
      after = GateModel.accuracy(hardened, clean);
      Surrogate anew = subspace(gate, hardened, sizes, rng).probes(sizes.accuracy, FROM, TO);
      List<Case> others = gate.cases(sizes.audited, rng);
      again = Rerouting.success(audit.audit(hardened, others, c -> anew, tokens, rng.fork(5)));
    }
    return new Row(
        seed,
        before,
        GateModel.accuracy(model, lifted),
        subspace.layers().stream().map(Subspace.Layer::accuracy).toList(),
        probes.depth(),
        byProbes,
        bySteering,
        byOutput,
        byChance,
        Trajectory.of(
            model,
            subspace,
            GateModel.tokens(gate.prompts(sizes.probed, true, Slots.FILLERS, rng))),
        Trajectory.of(model, subspace, rerouted),
        after,
        again);
  }

  private static List<Prompt> clean(GateModel gate, int count, Rng rng) {
    List<Prompt> clean = new ArrayList<>(gate.prompts(count / 2, true, Slots.FILLERS, rng));
    clean.addAll(gate.prompts(count / 2, false, Slots.FILLERS, rng));
    return clean;
  }

  private static Subspace subspace(GateModel gate, Model model, Sizes sizes, Rng rng) {
    return Subspace.of(
        model,
        GateModel.tokens(gate.prompts(sizes.probed, true, Slots.FILLERS, rng)),
        GateModel.tokens(gate.prompts(sizes.probed, false, Slots.FILLERS, rng)),
        RIDGE);
  }

  private static List<Check> checks(List<Row> rows, boolean full) {
    double probes = success(rows, Row::probes);
    double random = success(rows, Row::random);
    double inside = Math.min(half(rows, Row::probes), half(rows, Row::steering));
    List<Check> checks = new ArrayList<>();
    checks.add(
        Check.atLeast(
            "accuracy of the gated models on clean prompts, least",
            rows.stream().mapToDouble(Row::accuracy).min().orElseThrow(),
            full ? 0.98 : 0));
    checks.add(Check.atLeast("success of searches with probes", probes, full ? 0.6 : 0));
    checks.add(
        Check.atLeast(
            "success of searches with probes less that of random suffixes",
            probes - random,
            full ? 0.3 : -1));
    checks.add(Check.reported("success with steering directions", success(rows, Row::steering)));
    checks.add(Check.reported("success with the output loss", success(rows, Row::output)));
    checks.add(Check.reported("success of random suffixes", random));
    String share = "blocks run until half of the prompts give way, inside over output loss";
    double ratio = inside / half(rows, Row::output);
    double left = rows.stream().mapToDouble(Row::hardenedSuccess).average().orElseThrow();
    double lost = 1 - left / probes;
    String drop = "share of the success that hardening takes away";
    checks.add(full ? Check.less(share, ratio, 1) : Check.reported(share, ratio));
    checks.add(full ? Check.atLeast(drop, lost, 0.3) : Check.reported(drop, lost));
    checks.add(
        Check.atMost(
            "accuracy on clean prompts that hardening costs, most",
            rows.stream().mapToDouble(r -> r.accuracy - r.hardenedAccuracy).max().orElseThrow(),
            full ? 0.01 : 1));
    return checks;
  }

  private static double success(List<Row> rows, Function<Row, List<Attempt>> way) {
    return Rerouting.success(all(rows, way));
  }

  private static double half(List<Row> rows, Function<Row, List<Attempt>> way) {
    return Rerouting.layersToHalf(all(rows, way));
  }

  private static List<Attempt> all(List<Row> rows, Function<Row, List<Attempt>> way) {
    return rows.stream().map(way).flatMap(Collection::stream).toList();
  }

  private static List<Figure> figures(List<Row> rows) {
    List<List<Object>> models = new ArrayList<>();
    List<List<Object>> audits = new ArrayList<>();
    List<List<Object>> layers = new ArrayList<>();
    for (Row r : rows) {
      models.add(
          List.of(
              r.seed,
              r.accuracy,
              r.lifted,
              r.depth,
              r.hardenedAccuracy,
              Rerouting.success(r.probes),
              r.hardenedSuccess));
      audits.add(audit(r.seed, "probes", r.probes));
      audits.add(audit(r.seed, "steering", r.steering));
      audits.add(audit(r.seed, "output loss", r.output));
      audits.add(audit(r.seed, "random", r.random));
      for (int l = 0; l < r.probeAccuracy.size(); l++) {
        layers.add(
            List.of(
                r.seed,
                l,
                r.probeAccuracy.get(l),
                r.before.open()[l],
                r.after.open()[l],
                r.before.cosine()[l],
                r.after.cosine()[l]));
      }
    }
    return List.of(
        new Figure.Table(
            "Gated models and their hardening",
            List.of(
                "seed",
                "accuracy",
                "accuracy where the gate is lifted",
                "blocks run for probes",
                "accuracy, hardened",
                "success of probes",
                "success of probes, hardened"),
            models),
        new Figure.Table(
            "Searches for suffixes",
            List.of("seed", "loss", "success", "steps", "passes", "blocks run until half gave way"),
            audits),
        new Figure.Table(
            "What a defender sees of closed prompts, before and after rerouting",
            List.of(
                "seed",
                "after block",
                "probe accuracy",
                "taken for open",
                "taken for open, rerouted",
                "cosine with closed",
                "cosine with closed, rerouted"),
            layers));
  }

  private static List<Object> audit(long seed, String loss, List<Attempt> attempts) {
    ToDoubleFunction<ToDoubleFunction<Attempt>> mean =
        of -> attempts.stream().mapToDouble(of).average().orElseThrow();
    return List.of(
        seed,
        loss,
        Rerouting.success(attempts),
        mean.applyAsDouble(a -> a.found().trail().size() - 1),
        mean.applyAsDouble(a -> a.found().last().passes()),
        Rerouting.layersToHalf(attempts));
  }
}
