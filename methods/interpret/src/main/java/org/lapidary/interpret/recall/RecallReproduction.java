package org.lapidary.interpret.recall;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.IntStream;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Reproduction;
import org.lapidary.interpret.circuit.Faithfulness.Unit;
import org.lapidary.interpret.circuit.PathPatching;
import org.lapidary.interpret.compiled.FinderBenchmark;
import org.lapidary.interpret.compiled.Program;
import org.lapidary.interpret.compiled.Programs;
import org.lapidary.interpret.fixtures.TinyFacts;
import org.lapidary.interpret.tasks.FactsLanguage;
import org.lapidary.nn.Intervention;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.SideBySide;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * A planted MLP whose gains are known; and small transformers that learnt facts by heart: what
 * their task heads, task vectors and last MLPs do, beside random heads and random vectors.
 */
public final class RecallReproduction implements Reproduction {
  private static final int RANDOM = 10;

  /** Times the base mass, on the prompts of the fit; the claim on the others is 5. */
  private static final double ENOUGH = 7;

  private static final int END = FactsLanguage.LENGTH - 1;

  @Override
  public List<Long> defaultSeeds(Size size) {
    return size == Size.FULL ? List.of(0L, 1L) : List.of(0L);
  }

  @Override
  public Outcome run(Setting setting) {
    List<Check> checks = new ArrayList<>();
    List<Figure> figures = new ArrayList<>();
    setting.progress().begin("factual recall", 1L + setting.seeds().size());
    planted(setting, checks);
    setting.progress().step(1, "planted gains");
    List<Trained> trained =
        SideBySide.map(
            setting.seeds(), seed -> Trained.of(seed, setting.full() ? TinyFacts.STEPS : 300));
    Tally tally = new Tally();
    for (int s = 0; s < trained.size(); s++) {
      trained.get(s).measure(tally, s == 0 ? figures : new ArrayList<>());
      setting.progress().step(2 + s, "seed " + setting.seeds().get(s));
    }
    tally.judge(setting.full(), checks);
    figures.addFirst(tally.table());
    if (setting.full()) {
      figures.add(FinderBenchmark.table(compiled(checks, setting.seeds().getFirst())));
    }
    setting.progress().end();
    return new Outcome(checks, figures);
  }

  // ---- compiled ----

  /** The finder that the task heads come from, beside others, where the circuit is known. */
  private static List<FinderBenchmark.Row> compiled(List<Check> checks, long seed) {
    List<String> alphabet = List.of("a", "b", "c", "d");
    int length = 5;
    List<FinderBenchmark.Row> rows = new ArrayList<>();
    for (Program program :
        List.of(
            Programs.induction(alphabet, length),
            Programs.histogram(alphabet, length),
            Programs.pairSum(alphabet, length),
            Programs.fractionOf("c", alphabet, length),
            Programs.reverse(alphabet, length))) {
      rows.addAll(FinderBenchmark.defaults().run(program, new Rng(seed)));
    }
    for (FinderBenchmark.Finder finder : FinderBenchmark.Finder.values()) {
      List<FinderBenchmark.Row> own = rows.stream().filter(r -> r.finder() == finder).toList();
      String name =
          "compiled programs, " + finder.name().toLowerCase(Locale.ROOT).replace('_', ' ');
      checks.add(
          Check.reported(
              name + ": precision of parts, mean",
              own.stream()
                  .mapToDouble(r -> r.agreement().parts().precision())
                  .average()
                  .orElseThrow()));
      checks.add(
          Check.reported(
              name + ": recall of parts, mean",
              own.stream()
                  .mapToDouble(r -> r.agreement().parts().recall())
                  .average()
                  .orElseThrow()));
    }
    return rows;
  }

  // ---- planted ----

  private static void planted(Setting setting, List<Check> checks) {
    double[] beta = {0.8, -0.5, 0.1, -1.3};
    double off = 0;
    double cosine = 1;
    double shuffled = 0;
    for (long seed : setting.seeds()) {
      Rng rng = new Rng(seed).fork(0xB);
      try (Scope scope = Scope.open()) {
        List<Tensor> heads =
            IntStream.range(0, beta.length).mapToObj(h -> rng.normal(1, 60, 64)).toList();
        Tensor b = rng.normal(1, 64);
        Tensor m = b.add(rng.normal(0.01, 60, 64));
        for (int h = 0; h < beta.length; h++) {
          m = m.add(heads.get(h).mul(beta[h]));
        }
        MlpDecomposition found = MlpDecomposition.fit(heads, m);
        for (int h = 0; h < beta.length; h++) {
          off = Math.max(off, Math.abs(found.beta()[h] - beta[h]));
        }
        Tensor intercept = Tensor.of(found.intercept());
        Tensor truth = b.to(DType.FLOAT64);
        cosine =
            Math.min(
                cosine,
                intercept.mul(truth).sum().item()
                    / intercept.norm(false, 0).item()
                    / truth.norm(false, 0).item());
        Tensor mixed = m.flip(0);
        shuffled = Math.max(shuffled, MlpDecomposition.fit(heads, mixed).r2(heads, mixed));
      }
    }
    checks.add(Check.atMost("planted gains, largest error", off, 0.02));
    checks.add(Check.atLeast("planted task vector, least cosine", cosine, 0.99));
    checks.add(Check.atMost("planted, R2 of shuffled pairs", shuffled, 0.1));
  }

  // ---- trained ----

  /** A model that learnt facts, and its questions by relation. */
  private record Trained(long seed, FactsLanguage language, Model model, List<RecallTask> tasks) {

    static Trained of(long seed, int steps) {
      TinyFacts facts = new TinyFacts(seed, steps);
      FactsLanguage language = facts.language();
      Rng rng = new Rng(seed).fork(0xFA);
      List<RecallTask> tasks = new ArrayList<>();
      for (int r = 0; r < language.relations(); r++) {
        List<RecallPrompt> prompts = new ArrayList<>();
        for (FactsLanguage.Fact fact : language.all(r)) {
          prompts.add(
              new RecallPrompt(
                  language.pair(fact, language.counterfactual(fact, rng)), FactsLanguage.TOPIC_AT));
        }
        tasks.add(RecallTask.split("relation " + r, prompts, rng));
      }
      return new Trained(seed, language, facts.model(), tasks);
    }

    void measure(Tally tally, List<Figure> figures) {
      Rng rng = new Rng(seed).fork(0x5EE);
      List<RecallReport> reports = new ArrayList<>();
      for (RecallTask task : tasks) {
        RecallReport report = FactualRecall.defaults().report(model, task, rng);
        reports.add(report);
        tally.add("accuracy", accuracy(task));
        tally.add("share", report.share());
        for (TaskHeads.Head head : report.heads().heads()) {
          tally.add("attention", head.attention());
        }
        tally.add("swapped", TaskHeads.swapped(model, task.held(), report.heads().units(END)));
        tally.add("random", randomSwapped(task, report.heads(), rng));
        tally.add("r2", report.afterHeads().r2());
        tally.add("permuted", report.afterHeads().permuted());
        tally.add("chance", report.afterHeads().chance());
        suppression(tally, task, report.suppression());
        ablation(tally, task);
      }
      Push whole = farthest(reports);
      Push part = gentlest(reports, whole);
      tally.add("task vector, layer", whole.layer);
      tally.add("task vector, part added", part.strength);
      for (int to = 0; to < tasks.size(); to++) {
        for (int from = 0; from < tasks.size(); from++) {
          if (to != from) {
            steer(tally, Tally.PART, reports, to, from, part, rng);
            steer(tally, Tally.WHOLE, reports, to, from, whole, rng);
          }
        }
      }
      figures.addAll(reports.getFirst().figures());
      RecallTask first = tasks.getFirst();
      try (Scope scope = Scope.open()) {
        figures.add(
            PathPatching.of(
                    model,
                    RecallPrompt.clean(first.fit()),
                    RecallPrompt.corrupted(first.fit()),
                    false)
                .circuit(PathPatching.heads(model, END), TaskHeads.metric(first.fit()), 4, END)
                .diagram(
                    "Heads that bring the topic to the last token",
                    List.of("BOS", "word", "word", "word", "topic", "relation")));
      }
    }

    private double accuracy(RecallTask task) {
      int right = 0;
      List<RecallPrompt> prompts = new ArrayList<>(task.fit());
      prompts.addAll(task.held());
      try (Scope scope = Scope.open();
          var ignored = Autograd.noGrad()) {
        int[] said =
            model
                .forward(LanguageModeling.tensor(RecallPrompt.clean(prompts)))
                .select(1, -1)
                .argmax(-1)
                .toInts();
        for (int i = 0; i < said.length; i++) {
          right += said[i] == prompts.get(i).answer() ? 1 : 0;
        }
      }
      return (double) right / prompts.size();
    }

    /** As many heads, drawn among the others. */
    private double randomSwapped(RecallTask task, TaskHeads heads, Rng rng) {
      List<Unit> others = new ArrayList<>(PathPatching.heads(model, END));
      others.removeAll(heads.units(END));
      double sum = 0;
      for (int i = 0; i < RANDOM; i++) {
        int[] order = rng.permutation(others.size());
        Set<Unit> drawn = new HashSet<>();
        for (int h = 0; h < heads.heads().size(); h++) {
          drawn.add(others.get(order[h]));
        }
        sum += TaskHeads.swapped(model, task.held(), drawn) / RANDOM;
      }
      return sum;
    }

    private void suppression(Tally tally, RecallTask task, Suppression suppression) {
      for (Suppression.Part part : suppression.parts()) {
        tally.add(part.unit().index() < 0 ? "last MLP" : "last heads", part.attribution());
      }
      double whole = suppression.parts().stream().mapToDouble(Suppression.Part::attribution).sum();
      tally.add("last block", whole);
      double plain = Suppression.probability(model.with(), task.held());
      tally.add(
          "gamma 1",
          Math.abs(Suppression.probability(suppression.mitigate(model, 1), task.held()) - plain));
      double raised =
          Suppression.probability(suppression.mitigate(model, 0.5), task.held()) - plain;
      tally.add("gamma half", raised);
    }

    /** Without what the last two MLPs write at the end. */
    private void ablation(Tally tally, RecallTask task) {
      int layers = model.decoder().blocks().size();
      Intervention without =
          Intervention.ablate("blocks.{%d,%d}.hook_mlp_out".formatted(layers - 2, layers - 1), END);
      try (Scope scope = Scope.open();
          var ignored = Autograd.noGrad()) {
        Tensor tokens = LanguageModeling.tensor(RecallPrompt.clean(task.held()));
        Tensor before = model.forward(tokens).select(1, -1);
        Tensor after = model.with(without).forward(tokens).select(1, -1);
        int[] answers = RecallPrompt.answers(task.held());
        int[] topics = RecallPrompt.topics(task.held());
        tally.add(
            "answer logit",
            RecallPrompt.pick(after, answers).mean().item()
                - RecallPrompt.pick(before, answers).mean().item());
        tally.add("topic rank", Ranks.mean(after, topics) - Ranks.mean(before, topics));
      }
    }

    /** A task vector of an MLP, as much of it as is added. */
    private record Push(int layer, double strength) {}

    /** All of the task vector of the MLP whose moves most. */
    private Push farthest(List<RecallReport> reports) {
      Push best = new Push(0, 1);
      double most = Double.NEGATIVE_INFINITY;
      for (int l = 0; l < model.decoder().blocks().size(); l++) {
        double moved = times(reports, new Push(l, 1));
        if (moved > most) {
          most = moved;
          best = new Push(l, 1);
        }
      }
      return best;
    }

    /** As little of that as multiplies the mass enough on the prompts that were fitted. */
    private Push gentlest(List<RecallReport> reports, Push whole) {
      for (int tenths = 1; tenths < 10; tenths++) {
        Push push = new Push(whole.layer, tenths / 10.0);
        if (times(reports, push) >= ENOUGH) {
          return push;
        }
      }
      return whole;
    }

    /** By how much it multiplies the mass on the other relations' answers, fitted prompts. */
    private double times(List<RecallReport> reports, Push push) {
      double base = 0;
      double moved = 0;
      for (int to = 0; to < tasks.size(); to++) {
        for (int from = 0; from < tasks.size(); from++) {
          if (to != from) {
            try (Scope scope = Scope.open();
                var ignored = Autograd.noGrad()) {
              int[] ids = language.answerClass(to);
              List<RecallPrompt> prompts = tasks.get(from).fit();
              base += mass(model.with(), prompts, ids);
              moved += mass(model.with(added(push, vector(reports, to, from, push))), prompts, ids);
            }
          }
        }
      }
      return moved / base;
    }

    /** What leads from one relation to another. */
    private static Tensor vector(List<RecallReport> reports, int to, int from, Push push) {
      double[] a = reports.get(to).layers().get(push.layer).gains().intercept();
      double[] b = reports.get(from).layers().get(push.layer).gains().intercept();
      return Tensor.of(a).sub(Tensor.of(b)).mul(push.strength).to(DType.FLOAT32);
    }

    private void steer(
        Tally tally, String how, List<RecallReport> reports, int to, int from, Push push, Rng rng) {
      int[] ids = language.answerClass(to);
      try (Scope scope = Scope.open();
          var ignored = Autograd.noGrad()) {
        Tensor vector = vector(reports, to, from, push);
        List<RecallPrompt> prompts = tasks.get(from).held();
        tally.add(how + ", base", mass(model.with(), prompts, ids));
        tally.add(how, mass(model.with(added(push, vector)), prompts, ids));
        double random = 0;
        double norm = vector.norm(false, 0).item();
        for (int i = 0; i < RANDOM; i++) {
          try (Scope one = Scope.open()) {
            Tensor drawn = rng.normal(1, vector.size(0));
            Tensor same = drawn.mul(norm / drawn.norm(false, 0).item());
            random += mass(model.with(added(push, same)), prompts, ids) / RANDOM;
          }
        }
        tally.add(how + ", at random", random);
      }
    }

    private static Intervention added(Push push, Tensor vector) {
      return atEnd("blocks." + push.layer + ".hook_mlp_out", vector);
    }

    private static Intervention atEnd(String site, Tensor vector) {
      return new Intervention(
          site,
          (path, x) -> Tensor.concat(1, x.slice(1, 0, END), x.slice(1, END, END + 1).add(vector)));
    }

    private static double mass(Model.Intervened model, List<RecallPrompt> prompts, int[] ids) {
      try (Scope scope = Scope.open()) {
        long[] index = java.util.Arrays.stream(ids).asLongStream().toArray();
        return model
            .forward(LanguageModeling.tensor(RecallPrompt.clean(prompts)))
            .select(1, -1)
            .softmax(-1)
            .indexSelect(1, Tensor.of(index, index.length))
            .sum(false, 1)
            .mean()
            .item();
      }
    }
  }
}
