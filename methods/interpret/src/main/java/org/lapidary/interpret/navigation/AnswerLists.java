package org.lapidary.interpret.navigation;

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
 * a third of the questions it sees no list of answers to leave out. Its positions are rotary: with
 * learned ones the place of the colon would tell it by heart whether there is a list.
 *
 * @param language the questions
 * @param model its unembedding is a {@link KeyBottleneck}
 */
record AnswerLists(ListedAnswers language, Model model) {
  private static final int LISTED = 40;
  private static final int LONGEST = 6;
  private static final int KEY = 16;
  private static final Rope ROPE = new Rope(10000, 12, null);
  private static final String KEYS = "unembed.keys.weight";
  private static final double DECAY = 0.1;

  /**
   * How it is trained.
   *
   * @param plain questions without a list a step
   * @param listing questions with one
   * @param contexts categories a step
   */
  record Training(int steps, int plain, int listing, int contexts, double rate) {}

  static AnswerLists train(long seed, Training training, boolean fixedKeys) {
    ListedAnswers language = ListedAnswers.standard(new Rng(seed));
    DecoderConfig config = config(language.vocab());
    Rng rng = new Rng(seed).fork(1);
    Model model = Model.random(config, rng);
    model.layer().replace("unembed", new KeyBottleneck(config.dModel(), KEY, config.vocab()));
    for (Linear linear : model.layer().all(Linear.class).values()) {
      linear.weight().set(rng.normal(1 / Math.sqrt(linear.in()), linear.out(), linear.in()));
    }
    model.layer().parameterAt("embed").set(rng.normal(0.3, config.vocab(), config.dModel()));
    if (fixedKeys) {
      keys(model).set(orthogonal(config.vocab(), KEY, rng));
    }
    Fixtures.train(
        model.layer(),
        "listed answers, keys of %d, decay %s, %s questions with lists, %s, %s, %s keys, seed %d"
            .formatted(KEY, DECAY, LISTED, config, training, fixedKeys ? "fixed" : "trained", seed),
        layer -> train(language, model, layer, training, fixedKeys, seed));
    model.layer().requiresGrad(false);
    return new AnswerLists(language, model);
  }

  private static DecoderConfig config(int vocab) {
    DecoderConfig c = DecoderConfig.gpt(vocab, 48, 3, 4, 4 + 8, "gelu");
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
    try (AdamW adam = new AdamW(parameters, new AdamW.Settings(0.9, 0.999, 1e-8, DECAY))) {
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

  private static Tensor loss(ListedAnswers language, Model model, Training training, Rng rng) {
    int[][] plain = new int[training.plain][];
    long[] answers = new long[training.plain];
    for (int i = 0; i < plain.length; i++) {
      int q = rng.nextInt(language.questions());
      plain[i] = language.prompt(q);
      answers[i] = language.draw(q, 1, rng)[0];
    }
    int length = 1 + rng.nextInt(LONGEST);
    int[][] listing = new int[training.listing][];
    long[] others = new long[training.listing];
    for (int i = 0; i < listing.length; i++) {
      int q = rng.nextInt(Math.min(LISTED, language.questions()));
      int[] drawn = language.draw(q, length + 1, rng); // the last is the answer
      others[i] = drawn[length];
      listing[i] = language.prompt(q, java.util.Arrays.copyOf(drawn, length));
    }
    int[][] contexts = new int[training.contexts][];
    long[] entities = new long[training.contexts];
    for (int i = 0; i < contexts.length; i++) {
      int c = rng.nextInt(language.categories());
      contexts[i] = language.context(c, rng);
      entities[i] = (long) c * language.perCategory() + rng.nextInt(language.perCategory());
    }
    return nats(model, plain, answers)
        .add(nats(model, listing, others))
        .add(nats(model, contexts, entities));
  }

  private static Tensor nats(Model model, int[][] prompts, long[] answers) {
    Tensor logits = model.forward(LanguageModeling.tensor(prompts));
    return logits.select(1, prompts[0].length - 1).crossEntropy(Tensor.of(answers, answers.length));
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
