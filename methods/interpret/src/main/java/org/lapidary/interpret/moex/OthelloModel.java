package org.lapidary.interpret.moex;

import org.lapidary.evidence.Progress;
import org.lapidary.interpret.tasks.Othello;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Model;
import org.lapidary.nn.Parameter;
import org.lapidary.tensor.Rng;
import org.lapidary.train.AdamW;
import org.lapidary.train.Fixtures;
import org.lapidary.train.Schedule;
import org.lapidary.train.Trainer;

/**
 * A decoder of two layers, a stream of 64 and 4 heads that learns random games of {@link Othello},
 * with 256 hidden units active for a token. Matrices are drawn by their fan in.
 *
 * @param seed of the parameters, the games and the batches
 * @param mixer see {@link org.lapidary.nn.Slots#channelMixers}
 * @param activation of the hidden units
 * @param games there are to learn from
 * @param moves of a game
 * @param steps of Adam
 * @param batch games a step
 */
record OthelloModel(
    long seed, String mixer, String activation, int games, int moves, int steps, int batch) {
  private static final double RATE = 3e-3;
  private static final double BALANCE = 0.03;
  private static final int ACTIVE = 256;

  static final Othello BOARD = new Othello(6);

  /** The games it learns from. */
  static int[][] transcripts(long seed, int games, int moves) {
    Othello.Game[] played = BOARD.games(games, moves, new Rng(seed).fork(0x07E1));
    int[][] tokens = new int[games][];
    for (int i = 0; i < games; i++) {
      tokens[i] = played[i].tokens();
    }
    return tokens;
  }

  Model untrained() {
    DecoderConfig config =
        DecoderConfig.gpt(BOARD.vocab(), 64, 2, 4, moves, activation)
            .withMlp(ACTIVE)
            .withSlots("layernorm", "pre", "attention", mixer);
    Rng rng = new Rng(seed);
    Model model = Model.random(config, rng);
    for (Linear linear : model.layer().all(Linear.class).values()) {
      linear.weight().set(rng.normal(1 / Math.sqrt(linear.in()), linear.out(), linear.in()));
    }
    model
        .layer()
        .all(ExpertMlp.class)
        .forEach((path, experts) -> {
          draw(model.layer().parameterAt(path + ".encoder"), 64, rng);
          draw(model.layer().parameterAt(path + ".decoder"), ACTIVE, rng);
        });
    return model;
  }

  private static void draw(Parameter matrix, int fanIn, Rng rng) {
    matrix.set(rng.normal(1 / Math.sqrt(fanIn), matrix.tensor().shape().toArray()));
  }

  /** Trained on {@link #transcripts} of its seed. */
  Model model(int[][] transcripts) {
    Model model = untrained();
    Fixtures.train(
        model.layer(),
        "%s, rate %s, balance %s".formatted(this, RATE, BALANCE),
        layer -> train(model, layer, transcripts));
    return model;
  }

  private void train(Model model, Layer layer, int[][] transcripts) {
    try (AdamW adam = new AdamW(Trainer.parameters(layer), AdamW.Settings.adam())) {
      Schedule schedule = Schedule.cosine(RATE, Math.max(1, steps / 20), steps, 0);
      new Trainer(
              layer,
              adam,
              ExpertTraining.task(model, transcripts, batch, BALANCE),
              Trainer.Settings.of(steps, schedule, seed))
          .run(Progress.silent());
    }
    layer.requiresGrad(false);
  }
}
