package org.lapidary.interpret.saeeval;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Progress;
import org.lapidary.evidence.Reproduction;
import org.lapidary.interpret.dictionary.Activation;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.interpret.dictionary.DictionaryTrainer;
import org.lapidary.interpret.dictionary.Pairs;
import org.lapidary.interpret.fixtures.TinyIndirectObject;
import org.lapidary.interpret.tasks.MiniIndirectObject;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.SideBySide;
import org.lapidary.tensor.Tensor;

/** Supervised dictionaries and trained ones on small models that find the indirect object. */
public final class SupervisedReproduction implements Reproduction {
  private static final int FEATURES = 512;
  private static final int ACTIVE = 6;
  private static final List<String> HEADS = List.of("blocks.1.attn.hook_z");
  private static final List<String> CUT =
      List.of("blocks.1.hook_resid_pre", "blocks.1.attn.hook_z");

  private record Measured(
      long seed,
      List<String> site,
      double accuracy,
      double ablated,
      double sufficiency,
      double necessity,
      double explained,
      double edit,
      double shuffled,
      double[] sparse,
      double weight,
      double patched,
      double labelled,
      double random,
      double supervisedF1) {}

  @Override
  public Outcome run(Setting setting) {
    List<Measured> all = new ArrayList<>();
    SideBySide.map(
            "supervised dictionaries",
            setting.seeds(),
            (seed, quiet) -> measure(seed, setting.full()),
            setting.progress())
        .forEach(all::addAll);
    List<Check> checks = new ArrayList<>();
    List<Figure> figures = new ArrayList<>(List.of(table(all)));
    attributes(all, setting.full(), checks);
    toys(setting, checks, figures);
    setting.progress().end();
    return new Outcome(checks, figures);
  }

  private static List<Measured> measure(long seed, boolean full) {
    Model model = (full ? TinyIndirectObject.of(seed) : new TinyIndirectObject(seed, 20)).model();
    return List.of(measure(model, HEADS, seed, full), measure(model, CUT, seed, full));
  }

  private static Measured measure(Model model, List<String> site, long seed, boolean full) {
    MiniIndirectObject task = MiniIndirectObject.standard();
    Rng rng = new Rng(seed).fork(0x101);
    Sample learn = Sample.draw(task, full ? 4000 : 600, rng);
    Sample test = Sample.draw(task, full ? 500 : 20, rng);
    CrossSection section = new CrossSection(model, site);
    try (Scope scope = Scope.open()) {
      Tensor a = section.activations(learn.prompts);
      SupervisedDictionary supervised =
          SupervisedDictionary.leastSquares(a, learn.values, task.sizes());
      int[][] mixed = learn.values.clone();
      int[] order = rng.permutation(mixed.length);
      for (int i = 0; i < mixed.length; i++) {
        mixed[i] = learn.values[order[i]];
      }
      SupervisedDictionary shuffled = SupervisedDictionary.leastSquares(a, mixed, task.sizes());
      Tensor here = section.activations(test.prompts);
      Tensor mean = a.mean(true, 0);
      Tensor rebuilt = supervised.reconstruct(test.values);
      double clean = section.difference(test.prompts, here, test.indirect, test.subject);
      double none =
          section.difference(
              test.prompts, mean.expand(here.shape().toArray()), test.indirect, test.subject);
      double with = section.difference(test.prompts, rebuilt, test.indirect, test.subject);
      double without =
          section.difference(
              test.prompts, here.sub(rebuilt).add(mean), test.indirect, test.subject);
      // another indirect object in the same prompt
      Tensor other = section.activations(test.counterfactual);
      long[] patch = section.predictions(test.prompts, other);
      long[] before = section.predictions(test.prompts, here);
      Dictionary sae = train(a, full ? 1500 : 20, seed);
      Tensor muRow = mean.reshape(mean.elements());
      double[] sparse = new double[3];
      double weight = 0;
      for (int i = 0; i < 3; i++) {
        SparseEdit edit = SparseEdit.of(sae, here, other, muRow, 1 << i);
        sparse[i] = CrossSection.agreement(section.predictions(test.prompts, edit.edited()), patch);
        weight = i == 1 ? edit.weight() : weight;
      }
      Tensor bySupervised = supervised.edit(here, 0, test.values, test.counterfactualValues);
      Tensor byShuffled = shuffled.edit(here, 0, test.values, test.counterfactualValues);
      boolean[][] predicates = Predicates.of(learn.values, task.sizes());
      return new Measured(
          seed,
          site,
          share(before, test.indirect),
          none / clean,
          (with - none) / (clean - none),
          (without - none) / (clean - none),
          1 - here.sub(rebuilt).square().sum().item() / here.sub(mean).square().sum().item(),
          CrossSection.agreement(section.predictions(test.prompts, bySupervised), patch),
          CrossSection.agreement(section.predictions(test.prompts, byShuffled), patch),
          sparse,
          weight,
          share(patch, test.counterfactualIndirect),
          labelled(sae, a, predicates),
          labelled(random(sae, a, rng), a, predicates),
          supervisedF1(learn.values, task.sizes(), predicates));
    }
  }

  private static double share(long[] predictions, int[] answers) {
    long[] right = java.util.Arrays.stream(answers).asLongStream().toArray();
    return CrossSection.agreement(predictions, right);
  }

  private static double labelled(Dictionary d, Tensor a, boolean[][] predicates) {
    try (Scope scope = Scope.open()) {
      float[] f = d.encode(a).toFloats();
      return Predicates.shareAbove(Predicates.label(f, d.features(), predicates), 0.8);
    }
  }

  /** The least, over features, of the F1 of a supervised dictionary's own activations. */
  private static double supervisedF1(int[][] values, int[] sizes, boolean[][] predicates) {
    boolean[][] features = Predicates.of(values, sizes);
    double least = 1;
    for (int q = 0; q < features.length; q++) {
      float[] f = new float[values.length];
      for (int p = 0; p < f.length; p++) {
        f[p] = features[q][p] ? 1 : 0;
      }
      least = Math.min(least, Predicates.bestF1(f, predicates[q]));
    }
    return least;
  }

  private static Dictionary train(Tensor a, long steps, long seed) {
    int n = (int) a.size(0);
    DictionaryTrainer.Settings settings =
        DictionaryTrainer.Settings.defaults(FEATURES)
            .withTargetL0(ACTIVE)
            .withSteps(steps)
            .withBatch(512)
            .withSeed(seed);
    return new DictionaryTrainer(settings)
        .train(
            (tokens, rng) -> {
              long[] rows = new long[tokens];
              for (int i = 0; i < tokens; i++) {
                rows[i] = rng.nextInt(n);
              }
              Tensor x = a.indexSelect(0, Tensor.of(rows, tokens));
              return new Pairs(x, x);
            },
            Progress.silent())
        .dictionary();
  }

  /**
   * Directions drawn at random that read the centred activations, as sparse as the trained ones.
   */
  private static Dictionary random(Dictionary like, Tensor a, Rng rng) {
    Tensor rows = rng.normal(1, like.features(), like.dIn());
    Tensor unit = rows.div(rows.norm(true, 1)).copy();
    Tensor mean = a.mean(false, 0);
    return new Dictionary(
        unit,
        mean.linear(unit, null).neg().copy(),
        unit,
        mean.copy(),
        new Activation.TopK(ACTIVE),
        like.inputSite(),
        like.outputSite());
  }

  private static void attributes(List<Measured> all, boolean full, List<Check> checks) {
    if (!full) {
      checks.add(Check.equal("F1 of supervised features", least(all, m -> m.supervisedF1), 1));
      return;
    }
    List<Measured> heads = all.stream().filter(m -> m.site.equals(HEADS)).toList();
    List<Measured> cut = all.stream().filter(m -> m.site.equals(CUT)).toList();
    checks.add(Check.atLeast("accuracy of the models, least", least(all, m -> m.accuracy), 0.98));
    checks.add(
        Check.atLeast(
            "logit difference recovered by the supervised reconstruction, least",
            least(cut, m -> m.sufficiency),
            0.85));
    checks.add(
        Check.atMost(
            "logit difference left without it, most", -least(cut, m -> -m.necessity), 0.35));
    checks.add(
        Check.atLeast(
            "supervised edits that agree with the patch, least", least(cut, m -> m.edit), 0.9));
    checks.add(
        Check.atMost("the same with shuffled labels, most", -least(cut, m -> -m.shuffled), 0.2));
    checks.add(
        Check.greater(
            "edit agreement, supervised minus trained with 2 features, least",
            least(cut, m -> m.edit - m.sparse[1]),
            0));
    checks.add(Check.equal("F1 of supervised features", least(all, m -> m.supervisedF1), 1));
    checks.add(
        Check.atLeast(
            "trained features with an F1 of 0.8, share minus that of random ones",
            mean(cut, m -> m.labelled - m.random),
            0.2));
    checks.add(
        Check.reported(
            "heads alone: supervised edits that agree with the patch", mean(heads, m -> m.edit)));
  }

  private static void toys(Setting setting, List<Check> checks, List<Figure> figures) {
    double[] scales = {1, 1.5, 2, 3};
    int[] sizes = {8, 32, 128};
    long steps = setting.full() ? 2000 : 30;
    double[] x = new double[scales.length];
    double[] y = new double[scales.length];
    double[] split = new double[sizes.length];
    int count = setting.seeds().size();
    for (long seed : setting.seeds()) {
      for (int i = 0; i < scales.length; i++) {
        Toys.Occlusion o = Toys.occlusion(scales[i], 32, 3, steps, seed);
        x[i] += o.x() / count;
        y[i] += o.y() / count;
      }
      for (int i = 0; i < sizes.length; i++) {
        split[i] += Toys.split(sizes[i], 0.5, steps, seed) / (double) count;
      }
    }
    if (setting.full()) {
      checks.add(
          Check.atLeast(
              "occlusion: F1 of the smaller concept, r = 1 minus r = 3", y[0] - y[3], 0.3));
      checks.add(
          Check.atLeast(
              "occlusion: F1 of the larger concept, least over r",
              java.util.Arrays.stream(x).min().orElseThrow(),
              0.9));
      checks.add(
          Check.atLeast(
              "splitting: features of one class alone, 128 over 8 features",
              split[2] / Math.max(1, split[0]),
              4));
    }
    List<List<Object>> occluded = new ArrayList<>();
    for (int i = 0; i < scales.length; i++) {
      occluded.add(List.of(scales[i], x[i], y[i]));
    }
    figures.add(
        new Figure.Table("Occlusion: mean best F1", List.of("r", "larger", "smaller"), occluded));
    List<List<Object>> splits = new ArrayList<>();
    for (int i = 0; i < sizes.length; i++) {
      splits.add(List.of(sizes[i], split[i]));
    }
    figures.add(
        new Figure.Table(
            "Splitting: features that fire on one class alone",
            List.of("dictionary", "features"),
            splits));
  }

  private static double least(List<Measured> all, ToDoubleFunction<Measured> what) {
    return all.stream().mapToDouble(what).min().orElseThrow();
  }

  private static double mean(List<Measured> all, ToDoubleFunction<Measured> what) {
    return all.stream().mapToDouble(what).average().orElse(Double.NaN);
  }

  private static Figure.Table table(List<Measured> all) {
    List<List<Object>> rows = new ArrayList<>();
    for (Measured m : all) {
      rows.add(
          List.of(
              m.seed,
              m.site.equals(CUT) ? "stream and heads" : "heads",
              m.accuracy,
              m.ablated,
              m.sufficiency,
              m.necessity,
              m.explained,
              m.patched,
              m.edit,
              m.shuffled,
              m.sparse[0],
              m.sparse[1],
              m.sparse[2],
              m.weight,
              m.labelled,
              m.random));
    }
    return new Figure.Table(
        "Supervised and trained dictionaries",
        List.of(
            "seed",
            "where",
            "accuracy",
            "mean-ablated over clean",
            "sufficiency",
            "necessity",
            "variance explained",
            "patch gives the new name",
            "supervised edit",
            "shuffled",
            "1 feature",
            "2 features",
            "4 features",
            "weight of 2",
            "F1 above 0.8",
            "random"),
        rows);
  }

  /** Prompts, what they say, and the same with another indirect object. */
  private record Sample(
      int[][] prompts,
      int[][] values,
      int[] indirect,
      int[] subject,
      int[][] counterfactual,
      int[][] counterfactualValues,
      int[] counterfactualIndirect) {

    static Sample draw(MiniIndirectObject task, int count, Rng rng) {
      Sample s =
          new Sample(
              new int[count][],
              new int[count][],
              new int[count],
              new int[count],
              new int[count][],
              new int[count][],
              new int[count]);
      for (int i = 0; i < count; i++) {
        MiniIndirectObject.Attributes a = task.draw(rng);
        MiniIndirectObject.Attributes b =
            a.withIndirect(task.other(rng, a.indirect(), a.subject()));
        s.prompts[i] = task.tokens(a);
        s.values[i] = a.values();
        s.indirect[i] = a.indirect();
        s.subject[i] = a.subject();
        s.counterfactual[i] = task.tokens(b);
        s.counterfactualValues[i] = b.values();
        s.counterfactualIndirect[i] = b.indirect();
      }
      return s;
    }
  }
}
