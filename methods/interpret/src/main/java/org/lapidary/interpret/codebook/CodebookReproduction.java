package org.lapidary.interpret.codebook;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Progress;
import org.lapidary.evidence.Reproduction;
import org.lapidary.interpret.tasks.StateWalks;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.SideBySide;
import org.lapidary.train.AdamW;
import org.lapidary.train.Fixtures;
import org.lapidary.train.LanguageModeling;
import org.lapidary.train.Schedule;
import org.lapidary.train.Trainer;

/** Small models of walks over more states than they have dimensions, with codebooks and without. */
public final class CodebookReproduction implements Reproduction {
  private static final double RATE = 3e-3;
  private static final CodebookModel CODES =
      new CodebookModel(128, 1, true, true, Codebook.Similarity.DISTANCE, Codebook.Learning.VQVAE);

  private record Measured(
      long seed,
      double accuracy,
      double plain,
      double codes,
      double neurons,
      double forced,
      double random,
      double base,
      double once,
      double firstDigit,
      double firstBase) {}

  @Override
  public Outcome run(Setting setting) {
    List<Measured> all = new ArrayList<>();
    all.addAll(
        SideBySide.map(
            "codebooks",
            setting.seeds(),
            (seed, quiet) -> measure(seed, setting.full()),
            setting.progress()));
    return new Outcome(checks(all, setting.full()), List.of(table(all)));
  }

  private static Measured measure(long seed, boolean full) {
    StateWalks data = StateWalks.small();
    int steps = full ? 1500 : 20;
    int batch = full ? 32 : 8;
    Model plain = plain(data, full ? 1000 : 20, batch, seed);
    Model coded = CODES.insert(plain, new Rng(seed).fork(1));
    Fixtures.train(
        coded.layer(),
        "codebook %s, %s, %d steps, batch %d, rate %s, seed %d"
            .formatted(CODES, data, steps, batch, RATE, seed),
        layer ->
            CodebookModel.train(
                coded,
                rng -> data.draw(batch, rng),
                new CodebookModel.Training(steps, RATE, full ? 50 : 5, seed)));
    Rng rng = new Rng(seed).fork(2);
    int[][] texts = data.draw(full ? 150 : 10, rng);
    int[][] cut = new int[texts.length][];
    for (int i = 0; i < cut.length; i++) {
      cut[i] = java.util.Arrays.copyOf(texts[i], data.length() - 1);
    }
    FiniteStates withCodes = new FiniteStates(data, coded);
    FiniteStates without = new FiniteStates(data, plain);
    FiniteStates.Steered steered = withCodes.steered(cut, full ? 150 : 4, rng);
    return new Measured(
        seed,
        withCodes.accuracy(rng.fork(3)),
        without.accuracy(rng.fork(3)),
        withCodes.codesF1(cut),
        without.neuronsF1(cut),
        steered.forced(),
        steered.random(),
        steered.base(),
        steered.once(),
        steered.firstDigit(),
        steered.firstBase());
  }

  private static Model untrained(StateWalks data, long seed) {
    DecoderConfig config =
        DecoderConfig.gpt(data.vocab(), 32, 2, 2, data.length() - 1, "gelu").withMlp(64);
    Rng rng = new Rng(seed);
    Model model = Model.random(config, rng);
    for (Linear linear : model.layer().all(Linear.class).values()) {
      linear.weight().set(rng.normal(1 / Math.sqrt(linear.in()), linear.out(), linear.in()));
    }
    model.layer().parameterAt("embed").set(rng.normal(0.3, config.vocab(), 32));
    model.layer().parameterAt("pos_embed").set(rng.normal(0.3, config.context(), 32));
    return model;
  }

  private static Model plain(StateWalks data, int steps, int batch, long seed) {
    Model model = untrained(data, seed);
    Fixtures.train(
        model.layer(),
        "states %s, %d steps, batch %d, rate %s, seed %d".formatted(data, steps, batch, RATE, seed),
        layer -> {
          try (AdamW adam = new AdamW(Trainer.parameters(layer), AdamW.Settings.defaults())) {
            new Trainer(
                    layer,
                    adam,
                    (step, rng) ->
                        LanguageModeling.loss(
                            model, LanguageModeling.tensor(data.draw(batch, rng))),
                    Trainer.Settings.of(steps, Schedule.cosine(RATE, 50, steps, 0), seed))
                .run(Progress.silent());
          }
          layer.requiresGrad(false);
        });
    return model;
  }

  private static List<Check> checks(List<Measured> all, boolean full) {
    List<Check> checks = new ArrayList<>();
    if (!full) {
      checks.add(Check.greater("transition accuracy", least(all, Measured::accuracy), 0));
      return checks;
    }
    checks.add(Check.atLeast("transition accuracy, least", least(all, Measured::accuracy), 0.95));
    checks.add(
        Check.atMost(
            "transition accuracy, without codebooks minus with, most",
            -least(all, m -> m.accuracy - m.plain),
            0.03));
    checks.add(
        Check.atLeast(
            "F1 for states: best code minus best neuron, least",
            least(all, m -> m.codes - m.neurons),
            0.2));
    checks.add(
        Check.atLeast(
            "mass on the successors of a state whose codes, and whose codes with a digit, are forced, least",
            least(all, Measured::forced),
            0.8));
    checks.add(Check.atMost("the same with random codes, most", -least(all, m -> -m.random), 0.3));
    checks.add(Check.reported("the same with none forced", least(all, Measured::base)));
    checks.add(
        Check.reported(
            "the same with the state's codes forced and not those at the next digit, least",
            least(all, Measured::once)));
    checks.add(
        Check.reported(
            "mass on the first digits of those successors, codes forced, least",
            least(all, Measured::firstDigit)));
    checks.add(Check.reported("the same with none forced, least", least(all, Measured::firstBase)));
    return checks;
  }

  private static double least(List<Measured> all, ToDoubleFunction<Measured> what) {
    return all.stream().mapToDouble(what).min().orElseThrow();
  }

  private static Figure.Table table(List<Measured> all) {
    List<List<Object>> rows = new ArrayList<>();
    for (Measured m : all) {
      rows.add(
          List.of(
              m.seed,
              m.accuracy,
              m.plain,
              m.codes,
              m.neurons,
              m.forced,
              m.random,
              m.base,
              m.once,
              m.firstDigit,
              m.firstBase));
    }
    return new Figure.Table(
        "Models of 36 states in 32 dimensions",
        List.of(
            "seed",
            "accuracy with codes",
            "without",
            "F1 of codes",
            "F1 of neurons",
            "forced",
            "random codes",
            "none forced",
            "forced at one token",
            "first digit, forced",
            "first digit, none forced"),
        rows);
  }
}
