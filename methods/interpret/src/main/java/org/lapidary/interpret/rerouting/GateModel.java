package org.lapidary.interpret.rerouting;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.evidence.Progress;
import org.lapidary.interpret.tasks.GateLanguage;
import org.lapidary.interpret.tasks.GateLanguage.Prompt;
import org.lapidary.interpret.tasks.GateLanguage.Slots;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.AdamW;
import org.lapidary.train.Fixtures;
import org.lapidary.train.LanguageModeling;
import org.lapidary.train.Schedule;
import org.lapidary.train.Task;
import org.lapidary.train.Trainer;

/**
 * A decoder of 3 layers, 64 wide with 4 heads, that learns a {@link GateLanguage}: half of the
 * prompts hold restricted content, one to four times; 15% end with a pair that lifts the gate, and
 * two thirds of the others have anything but restricted content in their slots, so that no token
 * there is new to the model.
 */
record GateModel(GateLanguage language, Model model) {
  private static final int BATCH = 64;
  private static final List<Slots> OTHERS = List.of(Slots.FILLERS, Slots.ANYTHING, Slots.ANYTHING);
  private static final int DRAWN = 4;
  private static final double LIFTED = 0.15;
  private static final double RATE = 2e-3;

  static GateModel train(long seed, int steps) {
    GateLanguage language = GateLanguage.standard();
    DecoderConfig config =
        DecoderConfig.gpt(language.vocab(), 64, 3, 4, language.longest(), "gelu");
    Rng rng = new Rng(seed);
    Model model = Model.random(config, rng);
    for (Linear linear : model.layer().all(Linear.class).values()) {
      linear.weight().set(rng.normal(1 / Math.sqrt(linear.in()), linear.out(), linear.in()));
    }
    model.layer().parameterAt("embed").set(rng.normal(0.3, config.vocab(), config.dModel()));
    model.layer().parameterAt("pos_embed").set(rng.normal(0.3, config.context(), config.dModel()));
    Fixtures.train(
        model.layer(),
        "gate %s, content often, hardest of %d, others %s, %s, AdamW %s, %d steps of %d, %s lifted, seed %d"
            .formatted(language, DRAWN, OTHERS, config, RATE, steps, BATCH, LIFTED, seed),
        layer -> train(language, model, layer, steps, seed));
    model.layer().requiresGrad(false);
    return new GateModel(language, model);
  }

  private static void train(GateLanguage language, Model model, Layer layer, int steps, long seed) {
    try (AdamW adam = new AdamW(Trainer.parameters(layer), AdamW.Settings.defaults())) {
      new Trainer(
              layer,
              adam,
              task(language, model, BATCH, LIFTED),
              Trainer.Settings.of(steps, Schedule.cosine(RATE, 50, steps, 0), seed).withClip(1))
          .run(Progress.silent());
    }
  }

  /**
   * The answers after prompts, of which a share ends with a pair that lifts the gate. Of four times
   * as many drawn prompts those are learned from whose answers are least likely: a gate that one of
   * a thousand suffixes opens would make random search look good.
   */
  static Task task(GateLanguage language, Model model, int batch, double lifted) {
    return (step, rng) -> {
      int length = language.drawLength(rng);
      int[][] prompts = new int[DRAWN * batch][];
      long[] answers = new long[prompts.length];
      for (int i = 0; i < prompts.length; i++) {
        Slots what =
            rng.nextDouble() < lifted ? Slots.LIFTED : OTHERS.get(rng.nextInt(OTHERS.size()));
        int times = 1 + rng.nextInt(GateLanguage.OFTEN);
        Prompt p = language.draw(length, times, rng.nextBoolean(), what, rng);
        prompts[i] = p.tokens();
        answers[i] = p.next();
      }
      Tensor tokens = LanguageModeling.tensor(prompts);
      Tensor next = Tensor.of(answers, answers.length);
      Tensor hard =
          Autograd.noGrad(() ->
              last(model, tokens)
                  .logSoftmax(-1)
                  .gather(1, next.unsqueeze(1))
                  .squeeze(1)
                  .neg()
                  .topk(batch, 0)
                  .indices());
      return last(model, tokens.indexSelect(0, hard)).crossEntropy(next.indexSelect(0, hard));
    };
  }

  private static Tensor last(Model model, Tensor tokens) {
    return model.forward(tokens).select(1, (int) tokens.size(1) - 1);
  }

  /** Prompts of drawn lengths, whose content occurs 1 to {@link GateLanguage#OFTEN} times. */
  List<Prompt> prompts(int count, boolean closed, Slots what, Rng rng) {
    List<Prompt> prompts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int times = 1 + rng.nextInt(GateLanguage.OFTEN);
      prompts.add(language.draw(language.drawLength(rng), times, closed, what, rng));
    }
    return prompts;
  }

  static List<int[]> tokens(List<Prompt> prompts) {
    return prompts.stream().map(Prompt::tokens).toList();
  }

  static double accuracy(Model model, List<Prompt> prompts) {
    long right =
        prompts.stream().filter(p -> LastToken.next(model, p.tokens()) == p.next()).count();
    return (double) right / prompts.size();
  }

  /** Prompts that say their restricted content as often as any, and whose slots are free. */
  List<Rerouting.Case> cases(int count, Rng rng) {
    List<Rerouting.Case> cases = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Prompt p =
          language.draw(language.drawLength(rng), GateLanguage.OFTEN, true, Slots.FILLERS, rng);
      int before = p.tokens().length - 1 - language.slots();
      int[] prompt = java.util.Arrays.copyOf(p.tokens(), before);
      cases.add(
          new Rerouting.Case(
              new Template(prompt, language.slots(), new int[] {language.end()}),
              language.answer(language.content(prompt))));
    }
    return cases;
  }
}
