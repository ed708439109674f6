package org.lapidary.interpret.tasks;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.nn.Tokenizer;
import org.lapidary.tensor.Rng;

/**
 * A task of text for the tokenizer of a model. Prompts that the tokenizer does not cut to equal
 * lengths are left out, and so are answers that are not a single token after the prompt; a prompt
 * whose answers or others are all left out is left out itself. Prompts begin with the tokenizer's
 * beginning of sequence, if it has one.
 */
public record TextTask(TextPrompts prompts, Tokenizer tokenizer) implements PromptTask {
  private static final int TRIES = 100;

  @Override
  public String name() {
    return prompts.words();
  }

  @Override
  public Metric metric() {
    return prompts.metric();
  }

  /**
   * {@inheritDoc} Fewer than asked for come back where most had to be left out.
   *
   * @throws IllegalArgumentException if none is left, with the reasons and how often each held
   */
  @Override
  public List<PromptPair> pairs(int count, Rng rng) {
    Counts.positive(count, name());
    List<PromptPair> pairs = new ArrayList<>();
    Map<String, Integer> reasons = new LinkedHashMap<>();
    int tries = 0;
    for (; pairs.size() < count && tries < TRIES + 4 * count; tries++) {
      TextPrompt text = prompts.draw(rng);
      int[] clean = encode(text.clean());
      int[] corrupted = encode(text.corrupted());
      int[] answers = single(text.clean(), clean, text.answers());
      int[] others = single(text.clean(), clean, text.others());
      if (clean.length != corrupted.length) {
        reasons.merge("unequal lengths", 1, Integer::sum);
      } else if (answers.length == 0 || others.length == 0) {
        reasons.merge("answers of several tokens", 1, Integer::sum);
      } else if (Arrays.stream(answers).anyMatch(a -> contains(others, a))) {
        reasons.merge("answers that begin alike", 1, Integer::sum);
      } else {
        pairs.add(new PromptPair(clean, corrupted, answers, others));
      }
    }
    if (pairs.isEmpty()) {
      throw new IllegalArgumentException(
          "no prompt of '%s' is left with this tokenizer: of %d drawn, %s; for example \"%s\" is %s. Take a tokenizer that knows common words, or a task of ids such as MiniIndirectObject"
              .formatted(
                  name(),
                  tries,
                  reasons,
                  Words.NAMES.getFirst(),
                  tokenizer.tokens(tokenizer.encode(" " + Words.NAMES.getFirst()))));
    }
    return pairs;
  }

  private int[] encode(String text) {
    int[] ids = tokenizer.encode(text);
    Integer bos = tokenizer.bos();
    if (bos == null || (ids.length > 0 && ids[0] == bos)) {
      return ids;
    }
    int[] all = new int[ids.length + 1];
    all[0] = bos;
    System.arraycopy(ids, 0, all, 1, ids.length);
    return all;
  }

  /** The ids of continuations that add one token and change none before it. */
  private int[] single(String text, int[] ids, List<String> continuations) {
    return continuations.stream()
        .map(c -> encode(text + c))
        .filter(all ->
            all.length == ids.length + 1 && Arrays.equals(all, 0, ids.length, ids, 0, ids.length))
        .mapToInt(all -> all[ids.length])
        .distinct()
        .toArray();
  }

  private static boolean contains(int[] ids, int id) {
    return Arrays.stream(ids).anyMatch(i -> i == id);
  }
}
