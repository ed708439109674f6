package org.lapidary.interpret.obsprop;

import java.util.Arrays;
import org.lapidary.evidence.Progress;
import org.lapidary.evidence.Roc;
import org.lapidary.interpret.probe.LogisticProbe;
import org.lapidary.interpret.tasks.NameAttributes;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Intervention;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.AdamW;
import org.lapidary.train.Fixtures;
import org.lapidary.train.LanguageModeling;
import org.lapidary.train.Schedule;
import org.lapidary.train.Trainer;

/**
 * A two-layer transformer (4 heads, dModel 64) that answers whether the only name of a prompt has
 * an attribute, of 40 names of which it saw 30 in training. With one attribute the streams would
 * hold nothing else, and any direction would tell the classes apart; there are several, and the
 * first is looked into. Of the answers in training 15% are wrong: a model that may be certain
 * writes little but the answer into its last stream, and there the final norm turns the answer's
 * direction by 45 degrees (cosine 0.7), which the theorem on random directions does not foresee.
 *
 * @param observable the logit of yes less that of no, for the first attribute
 */
record NameQuestions(NameAttributes language, Model model, Observable observable) {
  private static final int ATTRIBUTES = 12;
  private static final int NAMES = 40;
  private static final int SEEN = 30;
  private static final int BATCH = 64;
  private static final double DECAY = 0.1;
  private static final double WRONG = 0.15;
  private static final double RIDGE = 1e-2;

  static NameQuestions train(long seed, long steps) {
    NameAttributes language = NameAttributes.draw(ATTRIBUTES, NAMES, 30, 12, new Rng(seed));
    DecoderConfig config = DecoderConfig.gpt(language.vocab(), 64, 2, 4, language.length(), "gelu");
    Model model = Model.random(config, new Rng(seed));
    String key =
        "%s, names below %d, %s, AdamW 1e-3 with decay %s, %s wrong, %d steps of %d, seed %d"
            .formatted(language, SEEN, config, DECAY, WRONG, steps, BATCH, seed);
    Fixtures.train(
        model.layer(),
        key,
        layer -> {
          try (AdamW adam =
              new AdamW(Trainer.parameters(layer), new AdamW.Settings(0.9, 0.999, 1e-8, DECAY))) {
            new Trainer(
                    layer,
                    adam,
                    (step, rng) -> {
                      NameAttributes.Prompts p = language.prompts(BATCH, 0, SEEN, rng);
                      return last(model, p.tokens())
                          .crossEntropy(Tensor.of(language.mistaken(p, WRONG, rng), BATCH));
                    },
                    Trainer.Settings.of(steps, Schedule.cosine(1e-3, 50, steps, 0), seed))
                .run(Progress.silent());
          }
        });
    model.layer().requiresGrad(false);
    return new NameQuestions(
        language,
        model,
        Observable.difference(
            "yes − no", language.vocab(), language.answer(0, true), language.answer(0, false)));
  }

  private static Tensor last(Model model, int[][] tokens) {
    return model.forward(LanguageModeling.tensor(tokens)).select(1, -1);
  }

  /** Prompts with names of the training. */
  NameAttributes.Prompts prompts(int count, Rng rng) {
    return language.prompts(count, 0, 0, SEEN, rng);
  }

  /** Prompts with names that were in no prompt of the training. */
  NameAttributes.Prompts unseen(int count, Rng rng) {
    return language.prompts(count, 0, SEEN, NAMES, rng);
  }

  /** The share of prompts whose right answer has the larger logit of the two. */
  double accuracy(NameAttributes.Prompts prompts) {
    double[] differences = differences(prompts);
    int right = 0;
    for (int i = 0; i < differences.length; i++) {
      right += differences[i] > 0 == prompts.yes()[i] ? 1 : 0;
    }
    return (double) right / differences.length;
  }

  /** The observable after each prompt. */
  double[] differences(NameAttributes.Prompts prompts, Intervention... changed) {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Tensor logits =
          model.with(changed).forward(LanguageModeling.tensor(prompts.tokens())).select(1, -1);
      return logits
          .to(DType.FLOAT64)
          .matmul(Tensor.of(observable.weights()).unsqueeze(1))
          .reshape(prompts.at().length)
          .toDoubles();
    }
  }

  /** The activations at the names, [prompt, dModel], owned by the caller's scope. */
  Tensor atNames(NameAttributes.Prompts prompts, String site) {
    return at(prompts, site, prompts.at());
  }

  /** The activations at one token of each prompt. */
  Tensor at(NameAttributes.Prompts prompts, String site, int[] positions) {
    try (Scope scope = Scope.open()) {
      Tensor all = model.capture(LanguageModeling.tensor(prompts.tokens()), site).at(site);
      long[] index = Arrays.stream(positions).mapToLong(i -> i).toArray();
      int width = (int) all.size(2);
      Tensor gather = Tensor.of(index, index.length, 1, 1).expand(index.length, 1, width);
      return scope.keep(all.gather(1, gather).squeeze(1));
    }
  }

  /** What is left of the mean |observable| when a direction is taken out at the names. */
  double kept(NameAttributes.Prompts prompts, FeatureVector feature) {
    try (Scope scope = Scope.open()) {
      Tensor unit = feature.direction().div(feature.norm()).to(DType.FLOAT32);
      Intervention without =
          new Intervention(
              feature.site(),
              (path, x) -> {
                Tensor along = x.mul(unit).sum(true, -1).mul(unit);
                return Tensor.where(mask(prompts, x), x.sub(along), x);
              });
      return magnitude(differences(prompts, without)) / magnitude(differences(prompts));
    }
  }

  private static Tensor mask(NameAttributes.Prompts prompts, Tensor x) {
    int length = (int) x.size(1);
    boolean[] at = new boolean[prompts.at().length * length];
    for (int i = 0; i < prompts.at().length; i++) {
      at[i * length + prompts.at()[i]] = true;
    }
    return Tensor.of(at, prompts.at().length, length, 1).expand(x.shape().toArray());
  }

  private static double magnitude(double[] values) {
    return Arrays.stream(values).map(Math::abs).average().orElse(Double.NaN);
  }

  /**
   * The areas of a logistic probe and of the difference of the class means, each fitted to m
   * activations, half of either class; means over draws.
   */
  Probed probed(String site, int m, int draws, NameAttributes.Prompts test, Rng rng) {
    double logistic = 0;
    double means = 0;
    try (Scope scope = Scope.open()) {
      Tensor activations = atNames(test, site);
      for (int draw = 0; draw < draws; draw++) {
        try (Scope one = Scope.open()) {
          NameAttributes.Prompts labelled = balanced(m, rng);
          Tensor x = atNames(labelled, site).to(DType.FLOAT64);
          LogisticProbe probe = LogisticProbe.fit(x, labelled.yes(), RIDGE);
          logistic += Roc.area(probe.scores(activations), test.yes()) / draws;
          Tensor sign = Tensor.of(labelled.yes()).to(DType.FLOAT64).mul(2).sub(1).unsqueeze(1);
          FeatureVector difference = // halves are equal, so a sum will do
              new FeatureVector("difference of means", x.mul(sign).sum(false, 0), 0, false);
          means += Roc.area(difference.scores(activations), test.yes()) / draws;
        }
      }
    }
    return new Probed(logistic, means);
  }

  /** Mean areas of two probes. */
  record Probed(double logistic, double means) {}

  /** Prompts, as many of either class. */
  private NameAttributes.Prompts balanced(int m, Rng rng) {
    NameAttributes.Prompts drawn = prompts(16 * m, rng);
    int[] chosen = new int[m];
    int a = 0;
    int b = 0;
    for (int i = 0; i < drawn.at().length && a + b < m; i++) {
      if (drawn.yes()[i] ? a < m / 2 : b < m - m / 2) {
        chosen[a + b] = i;
        a += drawn.yes()[i] ? 1 : 0;
        b += drawn.yes()[i] ? 0 : 1;
      }
    }
    boolean[] yes = new boolean[m];
    int[] answers = new int[m];
    for (int i = 0; i < m; i++) {
      yes[i] = drawn.yes()[chosen[i]];
      answers[i] = drawn.answers()[chosen[i]];
    }
    return new NameAttributes.Prompts(
        Arrays.stream(chosen).mapToObj(i -> drawn.tokens()[i]).toArray(int[][]::new),
        Arrays.stream(chosen).map(i -> drawn.at()[i]).toArray(),
        yes,
        answers);
  }
}
