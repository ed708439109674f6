package org.lapidary.interpret.moex;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Correlation;
import org.lapidary.evidence.Estimate;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Reproduction;
import org.lapidary.interpret.dictionary.ExpertRouting;
import org.lapidary.interpret.tasks.Othello;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.SideBySide;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * Five models of random Othello games, with as many units active for a token: dense ones with GELU
 * and ReLU, mixtures with a learned router with GELU and ReLU, and MoE-X; what single units of each
 * tell of the board, and where tokens go.
 */
public final class MoeXReproduction implements Reproduction {

  private enum Kind {
    DENSE_GELU("dense, GELU", "mlp", "gelu"),
    DENSE_RELU("dense, ReLU", "mlp", "relu"),
    SWITCH_GELU("learned router, GELU", "moe:8", "gelu"),
    SWITCH_RELU("learned router, ReLU", "moe:8", "relu"),
    MOE_X("MoE-X", "moe-x:8", "relu");

    private final String words;
    private final String mixer;
    private final String activation;

    Kind(String words, String mixer, String activation) {
      this.words = words;
      this.mixer = mixer;
      this.activation = activation;
    }
  }

  /**
   * How much is trained and measured.
   *
   * @param judged games on which the units are judged
   */
  private record Sizes(int games, int moves, int steps, int batch, int heldOut, int judged) {
    static Sizes of(boolean full) {
      return full ? new Sizes(8000, 32, 1000, 32, 512, 160) : new Sizes(64, 12, 4, 8, 16, 8);
    }
  }

  /** What one trained model showed. */
  private record Measured(double loss, PropertyUnits units, List<RoutingReport> routing) {
    double found() {
      return mean(routing, RoutingReport::sparsityFound);
    }

    double active() {
      return mean(routing, RoutingReport::active);
    }

    double leastLoad() {
      return routing.stream()
          .flatMapToDouble(r -> Arrays.stream(r.load()))
          .min()
          .orElse(Double.NaN);
    }
  }

  @Override
  public Outcome run(Setting setting) {
    List<Check> checks = new ArrayList<>();
    random(setting, checks);
    Sizes sizes = Sizes.of(setting.full());
    List<Long> seeds = setting.seeds();
    List<Job> jobs = new ArrayList<>();
    for (long seed : seeds) {
      for (Kind kind : Kind.values()) {
        jobs.add(new Job(kind, seed));
      }
    }
    List<Measured> measured =
        SideBySide.map(
            "models of Othello", jobs, (job, quiet) -> measure(job, sizes), setting.progress());
    Map<Kind, List<Measured>> byKind = new EnumMap<>(Kind.class);
    for (int i = 0; i < jobs.size(); i++) {
      byKind.computeIfAbsent(jobs.get(i).kind, k -> new ArrayList<>()).add(measured.get(i));
    }
    if (setting.full()) {
      checks(byKind, checks);
    } else {
      checks.add(
          Check.less(
              "loss of MoE-X after a few steps, nats",
              mean(byKind.getOrDefault(Kind.MOE_X, List.of()), Measured::loss),
              5));
    }
    return new Outcome(checks, List.of(table(byKind), routing(byKind)));
  }

  private record Job(Kind kind, long seed) {}

  private static Measured measure(Job job, Sizes sizes) {
    Kind kind = job.kind;
    OthelloModel fixture =
        new OthelloModel(
            job.seed,
            kind.mixer,
            kind.activation,
            sizes.games,
            sizes.moves,
            sizes.steps,
            sizes.batch);
    Model model = fixture.model(OthelloModel.transcripts(job.seed, sizes.games, sizes.moves));
    Rng unseen = new Rng(job.seed).fork(0x0DD);
    int[][] heldOut = labelled(sizes.heldOut, sizes, unseen).tokens();
    PropertyUnits.Labelled chosen = labelled(sizes.judged, sizes, unseen);
    PropertyUnits.Labelled judged = labelled(sizes.judged, sizes, unseen);
    double loss = Arrays.stream(LanguageModeling.losses(model, heldOut)).average().orElseThrow();
    return new Measured(
        loss,
        PropertyUnits.of(model, "blocks.*.mlp.hook_post", chosen, judged),
        RoutingReport.of(model, Arrays.copyOf(heldOut, Math.min(heldOut.length, 64))));
  }

  private static PropertyUnits.Labelled labelled(int games, Sizes sizes, Rng rng) {
    Othello.Game[] played = OthelloModel.BOARD.games(games, sizes.moves, rng);
    int[][] tokens = new int[games][];
    boolean[][][] properties = new boolean[games][][];
    for (int i = 0; i < games; i++) {
      tokens[i] = played[i].tokens();
      properties[i] = played[i].properties();
    }
    return new PropertyUnits.Labelled(tokens, properties);
  }

  // ---- experts drawn at random ----

  private static void random(Setting setting, List<Check> checks) {
    int d = 64;
    int width = setting.full() ? 4096 : 512;
    ExpertRouting routing = new ExpertRouting(8, 2);
    double worst = 0;
    double correlation = -1;
    for (long seed : setting.seeds()) {
      try (Scope scope = Scope.open();
          var ignored = Autograd.noGrad()) {
        Rng rng = new Rng(seed).fork(5);
        List<Tensor> experts = new ArrayList<>();
        for (int j = 0; j < routing.experts(); j++) {
          Tensor mean = rng.normal(0.3, 1, d);
          Tensor spread = rng.normal(1, 1, d).abs().mul(0.5).add(0.5);
          experts.add(rng.normal(1, width, d).mul(spread).add(mean));
        }
        Tensor encoder = Tensor.concat(0, experts);
        Tensor x = rng.normal(1, 64, d);
        Tensor fired =
            x.linear(encoder, null)
                .gt(0)
                .to(DType.FLOAT32)
                .reshape(64, routing.experts(), width)
                .mean(false, 2);
        Tensor expected = routing.firing(x, encoder);
        worst = Math.max(worst, expected.sub(fired).abs().max().item());
        correlation =
            Math.max(
                correlation,
                Correlation.spearman(routing.scores(x, encoder).toDoubles(), fired.toDoubles()));
      }
    }
    checks.add(
        Check.atMost(
            "random experts: expected share of units firing against the measured, most",
            worst,
            setting.full() ? 0.02 : 0.1));
    checks.add(
        Check.atMost(
            "random experts: rank correlation of score and units firing, most",
            correlation,
            -0.95));
  }

  // ---- the claims ----

  private static void checks(Map<Kind, List<Measured>> all, List<Check> checks) {
    List<Measured> own = all.getOrDefault(Kind.MOE_X, List.of());
    List<Measured> dense = all.getOrDefault(Kind.DENSE_GELU, List.of());
    List<Measured> learned = all.getOrDefault(Kind.SWITCH_GELU, List.of());
    List<Measured> ablation = all.getOrDefault(Kind.SWITCH_RELU, List.of());
    checks.add(
        Check.atMost(
            "held-out loss: MoE-X minus dense GELU, nats",
            mean(own, Measured::loss) - mean(dense, Measured::loss),
            0.02));
    checks.add(
        Check.atLeast(
            "coverage: MoE-X minus dense GELU",
            mean(own, m -> m.units.coverage()) - mean(dense, m -> m.units.coverage()),
            0.01));
    checks.add(
        Check.atLeast(
            "coverage: MoE-X minus learned router, GELU",
            mean(own, m -> m.units.coverage()) - mean(learned, m -> m.units.coverage()),
            0.01));
    checks.add(
        Check.less(
            "units active for a token: MoE-X against learned router, ReLU",
            mean(own, Measured::active),
            mean(ablation, Measured::active)));
    checks.add(
        Check.atMost(
            "rank correlation over experts of score and units firing: MoE-X, mean",
            mean(own, Measured::found),
            -0.5));
    checks.add(
        Check.greater(
            "rank correlation over experts of score and units firing: learned router, ReLU, mean",
            mean(ablation, Measured::found),
            -0.3));
    checks.add(
        Check.atLeast(
            "share of tokens of the expert that gets fewest in MoE-X, least",
            own.stream().mapToDouble(Measured::leastLoad).min().orElseThrow(),
            0.02));
    checks.add(
        Check.reported("coverage of a unit that always fires", mean(own, m -> m.units.always())));
    checks.add(
        Check.reported(
            "reconstruction of the board: MoE-X minus dense GELU",
            mean(own, m -> m.units.reconstruction()) - mean(dense, m -> m.units.reconstruction())));
  }

  private static Figure table(Map<Kind, List<Measured>> all) {
    List<List<Object>> rows = new ArrayList<>();
    all.forEach((kind, runs) -> {
      Estimate loss = estimate(runs, Measured::loss);
      Estimate coverage = estimate(runs, m -> m.units.coverage());
      Estimate board = estimate(runs, m -> m.units.reconstruction());
      rows.add(
          List.of(
              kind.words,
              runs.getFirst().units.units(),
              loss.mean(),
              loss.deviation(),
              coverage.mean(),
              coverage.deviation(),
              board.mean(),
              board.deviation()));
    });
    return new Figure.Table(
        "Games of Othello: held-out loss, and what single units tell of the board",
        List.of("model", "units", "loss", "+-", "coverage", "+-", "reconstruction", "+-"),
        rows);
  }

  private static Figure routing(Map<Kind, List<Measured>> all) {
    List<List<Object>> rows = new ArrayList<>();
    all.forEach((kind, runs) -> {
      for (Measured run : runs) {
        for (RoutingReport r : run.routing) {
          rows.add(
              List.of(
                  kind.words,
                  r.layer(),
                  r.sparsityFound(),
                  r.active(),
                  Arrays.stream(r.load()).min().orElseThrow(),
                  Arrays.stream(r.load()).max().orElseThrow()));
        }
      }
    });
    return new Figure.Table(
        "Mixtures: rank correlation of score and units firing, units active for a token, load of an expert",
        List.of("model", "layer", "correlation", "active", "least load", "most load"),
        rows);
  }

  private static <T> double mean(List<T> of, ToDoubleFunction<T> value) {
    return of.stream().mapToDouble(value).average().orElse(Double.NaN);
  }

  private static Estimate estimate(List<Measured> of, ToDoubleFunction<Measured> value) {
    return Estimate.of(of.stream().mapToDouble(value).toArray());
  }
}
