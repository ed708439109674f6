package org.lapidary.interpret.navigation;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.lapidary.evidence.Progress;
import org.lapidary.interpret.tasks.ListedAnswers;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Model;
import org.lapidary.nn.Parameter;
import org.lapidary.nn.Rope;
import org.lapidary.tensor.Linalg;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.AdamW;
import org.lapidary.train.Fixtures;
import org.lapidary.train.LanguageModeling;
import org.lapidary.train.Schedule;
import org.lapidary.train.Trainer;

/**
 * A decoder of 3 layers, 48 wide with 4 heads and keys of 16, that learns {@link ListedAnswers}. Of
 * a third of the questions it sees no list of answers to leave out, and these it sees less often,
 * so that it knows them less well. Contexts come before questions, so that a question is found
 * wherever it stands. Its positions are rotary: with learned ones the place of the colon would tell
 * it by heart whether there is a list.
 *
 * @param language the questions
 * @param model its unembedding is a {@link KeyBottleneck}
 */
record AnswerLists(ListedAnswers language, Model model) {
  private static final int LISTED = 40;
  private static final int MLP = 48;
  private static final int LONGEST = 6;
  private static final int LENGTH = 4 + LONGEST + 3;
  private static final Rope ROPE = new Rope(10000, 12, null);
  private static final String KEYS = "unembed.keys.weight";

  /**
   * How it is trained.
   *
   * @param plain questions without a list a step
   * @param rare the share of them that is of those which never have one
   * @param listing questions with a list
   * @param stray how likely a listed entity is any at all rather than an answer
   * @param key width of keys
   * @param dropout of the stream before the keys: it must hedge between entities, so that leaving
   *     out answers moves it between categories
   * @param decay of weights
   */
  record Training(
      int steps,
      int plain,
      double rare,
      int listing,
      double stray,
      int key,
      double dropout,
      double decay,
      double rate) {}

  static AnswerLists train(long seed, Training training, boolean fixedKeys) {
    ListedAnswers language = ListedAnswers.standard(new Rng(seed));
    DecoderConfig config = config(language.vocab());
    Rng rng = new Rng(seed).fork(1);
    Model model = Model.random(config, rng);
    model
        .layer()
        .replace(
            "unembed",
            new KeyBottleneck(config.dModel(), training.key, config.vocab(), training.dropout));
    for (Linear linear : model.layer().all(Linear.class).values()) {
      linear.weight().set(rng.normal(1 / Math.sqrt(linear.in()), linear.out(), linear.in()));
    }
    model.layer().parameterAt("embed").set(embeddings(language, config.dModel(), rng));
    if (fixedKeys) {
      keys(model).set(orthogonal(config.vocab(), training.key, rng));
    }
    Fixtures.train(
        model.layer(),
        "distributions of answers after contexts, %s questions with lists, %s, %s, %s keys, seed %d"
            .formatted(LISTED, config, training, fixedKeys ? "fixed" : "trained", seed),
        layer -> train(language, model, layer, training, fixedKeys, seed));
    model.layer().requiresGrad(false);
    return new AnswerLists(language, model);
  }

  /** [vocab, dModel]: those of questions have a part in common. */
  private static Tensor embeddings(ListedAnswers language, int dModel, Rng rng) {
    int from = language.entities();
    int rest = language.vocab() - from - language.questions();
    return Tensor.concat(
        0,
        rng.normal(0.3, from, dModel),
        rng.normal(0.3, language.questions(), dModel).add(rng.normal(0.3, 1, dModel)),
        rng.normal(0.3, rest, dModel));
  }

  private static DecoderConfig config(int vocab) {
    DecoderConfig c = DecoderConfig.gpt(vocab, 48, 3, 4, LENGTH, "gelu").withMlp(MLP);
    return new DecoderConfig(
        c.family(),
        c.vocab(),
        c.dModel(),
        c.layers(),
        c.heads(),
        c.kvHeads(),
        c.dHead(),
        c.dMlp(),
        c.context(),
        c.norm(),
        c.epsilon(),
        c.placement(),
        c.mixer(),
        c.mlp(),
        c.activation(),
        "rope",
        ROPE,
        c.biases(),
        c.extras(),
        c.tied(),
        c.ends());
  }

  private static Parameter keys(Model model) {
    return model.layer().parameterAt(KEYS);
  }

  /** Rows of norm about 1, of a matrix [rows, columns] with orthogonal columns. */
  private static Tensor orthogonal(int rows, int columns, Rng rng) {
    return Linalg.qr(rng.normal(1, rows, columns))
        .q()
        .mul(Math.sqrt((double) rows / columns))
        .contiguous();
  }

  private static void train(
      ListedAnswers language,
      Model model,
      Layer layer,
      Training training,
      boolean fixedKeys,
      long seed) {
    layer.requiresGrad(true);
    List<Tensor> parameters =
        layer.parameters().entrySet().stream()
            .filter(e -> !fixedKeys || !e.getKey().equals(KEYS))
            .map(e -> e.getValue().tensor())
            .toList();
    try (AdamW adam = new AdamW(parameters, new AdamW.Settings(0.9, 0.999, 1e-8, training.decay))) {
      new Trainer(
              layer,
              adam,
              (step, rng) -> loss(language, model, training, rng),
              Trainer.Settings.of(
                      training.steps, Schedule.cosine(training.rate, 50, training.steps, 0), seed)
                  .withClip(1))
          .run(Progress.silent());
    }
  }

  /** Mean nats of the next entity, over all that may come next. */
  private static Tensor loss(ListedAnswers language, Model model, Training training, Rng rng) {
    int rows = training.plain + training.listing;
    int[][] tokens = new int[rows][LENGTH];
    float[] next = new float[rows * LENGTH * language.vocab()];
    int predicted = 0;
    for (int i = 0; i < rows; i++) {
      boolean test = i < training.plain && rng.nextDouble() < training.rare;
      int q = test ? LISTED + rng.nextInt(language.questions() - LISTED) : rng.nextInt(LISTED);
      int length = i < training.plain ? 0 : 1 + rng.nextInt(LONGEST);
      int[] list = list(language, q, length, training.stray, rng);
      int[] prompt = language.prompt(q, list);
      int contexts = rng.nextInt((LENGTH - prompt.length) / 3 + 1);
      for (int k = 0; k < contexts; k++) {
        int first = rng.nextInt(language.categories()) * language.perCategory();
        System.arraycopy(language.context(language.category(first), rng), 0, tokens[i], 3 * k, 2);
        tokens[i][3 * k + 2] = first + rng.nextInt(language.perCategory());
        int at = (i * LENGTH + 3 * k + 1) * language.vocab() + first;
        Arrays.fill(next, at, at + language.perCategory(), 1f / language.perCategory());
      }
      System.arraycopy(prompt, 0, tokens[i], 3 * contexts, prompt.length);
      others(language, q, list, next, i * LENGTH + 3 * contexts + prompt.length - 1);
      predicted += contexts + 1;
    }
    return model
        .forward(LanguageModeling.tensor(tokens))
        .logSoftmax(-1)
        .mul(Tensor.of(next, rows, LENGTH, language.vocab()))
        .sum()
        .div(-predicted);
  }

  /** Writes the probabilities of a question's answers that are not in a list. */
  private static void others(
      ListedAnswers language, int question, int[] list, float[] next, int position) {
    int[] answers = language.answers()[question];
    double[] p = language.probabilities(question);
    double left = 0;
    for (int i = 0; i < answers.length; i++) {
      int answer = answers[i];
      if (Arrays.stream(list).anyMatch(a -> a == answer)) {
        p[i] = 0;
      }
      left += p[i];
    }
    for (int i = 0; i < answers.length; i++) {
      next[position * language.vocab() + answers[i]] = (float) (p[i] / left);
    }
  }

  /** Different entities in any order, answers of a question but for strays. */
  private static int[] list(
      ListedAnswers language, int question, int length, double stray, Rng rng) {
    int[] right = language.draw(question, length, rng);
    int[] any = rng.permutation(language.entities());
    int[] order = rng.permutation(length);
    int[] list = new int[length];
    for (int i = 0; i < length; i++) {
      int a = any[i];
      boolean strays = rng.nextDouble() < stray && Arrays.stream(right).noneMatch(r -> r == a);
      list[i] = strays ? a : right[order[i]];
    }
    return list;
  }

  /** The questions of which no list was shown. */
  List<Integer> test() {
    return IntStream.range(LISTED, language.questions()).boxed().toList();
  }

  /** All entities. */
  List<Integer> entities() {
    return IntStream.range(0, language.entities()).boxed().toList();
  }
}
