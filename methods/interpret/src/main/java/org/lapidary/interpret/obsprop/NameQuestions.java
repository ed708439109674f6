package org.lapidary.interpret.obsprop;

import java.util.Arrays;
import org.lapidary.evidence.Progress;
import org.lapidary.evidence.Roc;
import org.lapidary.interpret.probe.LogisticProbe;
import org.lapidary.interpret.tasks.NameClasses;
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
 * A two-layer transformer (4 heads, dModel 64) that answers of which class the only name of a
 * prompt is, of 40 names of which it saw 30 in training.
 *
 * @param observable the logit of answer A less that of B
 */
record NameQuestions(NameClasses language, Model model, Observable observable) {
  private static final int SEEN = 15; // names of each class
  private static final int BATCH = 64;
  private static final double RIDGE = 1e-2;

  static NameQuestions train(long seed, long steps) {
    NameClasses language = new NameClasses(40, 30, 12);
    DecoderConfig config = DecoderConfig.gpt(language.vocab(), 64, 2, 4, language.length(), "gelu");
    Model model = Model.random(config, new Rng(seed));
    String key =
        "%s, names below %d, %s, Adam 1e-3, %d steps of %d, seed %d"
            .formatted(language, SEEN, config, steps, BATCH, seed);
    Fixtures.train(
        model.layer(),
        key,
        layer -> {
          try (AdamW adam = new AdamW(Trainer.parameters(layer), AdamW.Settings.adam())) {
            new Trainer(
                    layer,
                    adam,
                    (step, rng) -> {
                      NameClasses.Prompts p = language.draw(BATCH, 0, SEEN, rng);
                      int[] answers = p.answers(language);
                      return last(model, p.tokens()).crossEntropy(Tensor.of(answers, BATCH));
                    },
                    Trainer.Settings.of(steps, Schedule.cosine(1e-3, 50, steps, 0), seed))
                .run(Progress.silent());
          }
        });
    model.layer().requiresGrad(false);
    return new NameQuestions(
        language,
        model,
        Observable.difference("A − B", language.vocab(), language.answerA(), language.answerB()));
  }

  private static Tensor last(Model model, int[][] tokens) {
    return model.forward(LanguageModeling.tensor(tokens)).select(1, -1);
  }

  /** Prompts with names of the training. */
  NameClasses.Prompts prompts(int count, Rng rng) {
    return language.draw(count, 0, SEEN, rng);
  }

  /** Prompts with names that were in no prompt of the training. */
  NameClasses.Prompts unseen(int count, Rng rng) {
    return language.draw(count, SEEN, language.names() / 2, rng);
  }

  /** The share of prompts whose right answer has the larger logit of the two. */
  double accuracy(NameClasses.Prompts prompts) {
    double[] differences = differences(prompts);
    int right = 0;
    for (int i = 0; i < differences.length; i++) {
      right += differences[i] > 0 == prompts.ofA()[i] ? 1 : 0;
    }
    return (double) right / differences.length;
  }

  /** The observable after each prompt. */
  double[] differences(NameClasses.Prompts prompts, Intervention... changed) {
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
  Tensor atNames(NameClasses.Prompts prompts, String site) {
    return at(prompts, site, prompts.at());
  }

  /** The activations at one token of each prompt. */
  Tensor at(NameClasses.Prompts prompts, String site, int[] positions) {
    try (Scope scope = Scope.open()) {
      Tensor all = model.capture(LanguageModeling.tensor(prompts.tokens()), site).at(site);
      long[] index = Arrays.stream(positions).mapToLong(i -> i).toArray();
      int width = (int) all.size(2);
      Tensor gather = Tensor.of(index, index.length, 1, 1).expand(index.length, 1, width);
      return scope.keep(all.gather(1, gather).squeeze(1));
    }
  }

  /** What is left of the mean |observable| when a direction is taken out at the names. */
  double kept(NameClasses.Prompts prompts, FeatureVector feature) {
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

  private static Tensor mask(NameClasses.Prompts prompts, Tensor x) {
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
  Probed probed(String site, int m, int draws, NameClasses.Prompts test, Rng rng) {
    double logistic = 0;
    double means = 0;
    try (Scope scope = Scope.open()) {
      Tensor activations = atNames(test, site);
      for (int draw = 0; draw < draws; draw++) {
        try (Scope one = Scope.open()) {
          NameClasses.Prompts labelled = balanced(m, rng);
          Tensor x = atNames(labelled, site).to(DType.FLOAT64);
          LogisticProbe probe = LogisticProbe.fit(x, labelled.ofA(), RIDGE);
          logistic += Roc.area(probe.scores(activations), test.ofA()) / draws;
          Tensor sign = Tensor.of(labelled.ofA()).to(DType.FLOAT64).mul(2).sub(1).unsqueeze(1);
          FeatureVector difference = // halves are equal, so a sum will do
              new FeatureVector("difference of means", x.mul(sign).sum(false, 0), 0, false);
          means += Roc.area(difference.scores(activations), test.ofA()) / draws;
        }
      }
    }
    return new Probed(logistic, means);
  }

  /** Mean areas of two probes. */
  record Probed(double logistic, double means) {}

  /** Prompts, as many of class A as of B. */
  private NameClasses.Prompts balanced(int m, Rng rng) {
    NameClasses.Prompts drawn = prompts(16 * m, rng);
    int[] chosen = new int[m];
    int a = 0;
    int b = 0;
    for (int i = 0; i < drawn.at().length && a + b < m; i++) {
      if (drawn.ofA()[i] ? a < m / 2 : b < m - m / 2) {
        chosen[a + b] = i;
        a += drawn.ofA()[i] ? 1 : 0;
        b += drawn.ofA()[i] ? 0 : 1;
      }
    }
    boolean[] ofA = new boolean[m];
    for (int i = 0; i < m; i++) {
      ofA[i] = drawn.ofA()[chosen[i]];
    }
    return new NameClasses.Prompts(
        Arrays.stream(chosen).mapToObj(i -> drawn.tokens()[i]).toArray(int[][]::new),
        Arrays.stream(chosen).map(i -> drawn.at()[i]).toArray(),
        ofA);
  }
}
