package org.lapidary.interpret.dictionary;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lapidary.nn.Activations;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.LanguageModeling;

/**
 * Activations at two sites of a model that runs over texts, in a pool of bounded size from which
 * tokens are drawn at random. When half as many tokens were drawn as the pool holds, its older half
 * is replaced by the activations of further texts; where all texts fit into the pool, they are run
 * once.
 */
public final class ActivationBuffer implements PairSource, AutoCloseable {
  /** Texts run side by side; bounds the memory of a pass. */
  private static final int TOGETHER = 16;

  private final Model model;
  private final String inputSite;
  private final String outputSite;
  private final int[][] sequences;
  private final int capacity;
  private Rng order;
  private final List<Integer> waiting = new ArrayList<>();
  private @Nullable Tensor inputs;
  private @Nullable Tensor outputs;
  private long drawn;

  /**
   * @param sequences texts of one length, in tokens
   * @param capacity the most tokens held at once; memory is capacity * (dIn + dOut) * 4 bytes
   * @param seed of the order of the texts
   * @throws IllegalArgumentException if there are no texts or a site does not exist
   */
  public ActivationBuffer(
      Model model,
      String inputSite,
      String outputSite,
      int[][] sequences,
      int capacity,
      long seed) {
    requireTexts(sequences);
    if (capacity < 1) {
      throw new IllegalArgumentException("capacity must be at least 1 token, was " + capacity);
    }
    this.model = model;
    this.inputSite = inputSite;
    this.outputSite = outputSite;
    this.sequences = sequences;
    this.capacity = capacity;
    this.order = new Rng(seed).fork(0xB0FFE2);
  }

  @Override
  public Pairs next(int tokens, Rng rng) {
    Tensor x = inputs;
    Tensor y = outputs;
    if (x == null || y == null) {
      fill(capacity, 0);
    } else if (!holdsAll() && drawn >= x.size(0) / 2) {
      fill((int) x.size(0) / 2, (int) x.size(0) / 2);
      drawn = 0;
    }
    x = Objects.requireNonNull(inputs);
    y = Objects.requireNonNull(outputs);
    drawn += tokens;
    long[] rows = new long[tokens];
    int held = (int) x.size(0);
    for (int i = 0; i < tokens; i++) {
      rows[i] = rng.nextInt(held);
    }
    Tensor at = Tensor.of(rows, tokens);
    return new Pairs(x.indexSelect(0, at), y == x ? x.indexSelect(0, at) : y.indexSelect(0, at));
  }

  private boolean holdsAll() {
    return (long) sequences.length * sequences[0].length <= capacity;
  }

  /** Keeps the younger {@code kept} tokens and adds at least {@code wanted} (all, if they fit). */
  private void fill(int wanted, int kept) {
    try (Scope scope = Scope.open()) {
      List<Tensor> x = new ArrayList<>();
      List<Tensor> y = new ArrayList<>();
      Tensor oldX = inputs;
      Tensor oldY = outputs;
      if (oldX != null && oldY != null) {
        x.add(oldX.slice(0, oldX.size(0) - kept, oldX.size(0)));
        y.add(oldY.slice(0, oldY.size(0) - kept, oldY.size(0)));
      }
      int length = sequences[0].length;
      long texts =
          Math.max(1, Math.min(holdsAll() ? sequences.length : Integer.MAX_VALUE, wanted / length));
      while (texts > 0) {
        int[][] part = take((int) Math.min(TOGETHER, texts));
        texts -= part.length;
        Pairs pairs = harvest(model, inputSite, outputSite, part);
        x.add(pairs.input());
        y.add(pairs.output());
      }
      inputs = Tensor.concat(0, x).unscoped();
      outputs = inputSite.equals(outputSite) ? inputs : Tensor.concat(0, y).unscoped();
      if (oldX != null && oldY != null) {
        oldX.close();
        oldY.close();
      }
    }
  }

  private int[][] take(int count) {
    int[][] part = new int[count][];
    for (int i = 0; i < count; i++) {
      if (waiting.isEmpty()) {
        Arrays.stream(order.permutation(sequences.length)).forEach(waiting::add);
        order.nextLong();
      }
      part[i] = sequences[waiting.removeLast()];
    }
    return part;
  }

  /**
   * The pairs of some texts in order: row {@code text * length + position}. The heads of a {@code
   * hook_z} stand side by side in one row.
   *
   * @throws IllegalArgumentException if there are no texts, a site does not exist or an activation
   *     is not finite
   */
  public static Pairs harvest(Model model, String inputSite, String outputSite, int[][] sequences) {
    requireTexts(sequences);
    try (Scope scope = Scope.open()) {
      Activations acts =
          model.capture(
              LanguageModeling.tensor(sequences), "{" + inputSite + "," + outputSite + "}");
      Tensor x = rows(acts.at(inputSite), inputSite);
      Tensor y = inputSite.equals(outputSite) ? x : rows(acts.at(outputSite), outputSite);
      return new Pairs(scope.keep(x), scope.keep(y));
    }
  }

  /**
   * For all that reads texts.
   *
   * @throws IllegalArgumentException if there are none
   */
  static void requireTexts(int[][] sequences) {
    if (sequences.length == 0 || sequences[0].length == 0) {
      throw new IllegalArgumentException(
          "activations come from texts and the corpus is empty; give at least one text of one token");
    }
  }

  private static Tensor rows(Tensor activation, String site) {
    long width =
        site.endsWith("hook_z")
            ? activation.size(-1) * activation.size(-2) // the heads side by side
            : activation.size(-1);
    Tensor rows = activation.reshape(-1, width).copy();
    if (!Double.isFinite(rows.sum().item())) {
      throw new IllegalArgumentException(
          "the activations at '%s' hold values that are not finite; look for bad parameters in the model"
              .formatted(site));
    }
    return rows;
  }

  @Override
  public Map<String, Tensor> memory() {
    Tensor x = inputs;
    Tensor y = outputs;
    if (x == null || y == null) {
      return Map.of();
    }
    Map<String, Tensor> memory = new LinkedHashMap<>();
    memory.put("inputs", x);
    if (y != x) {
      memory.put("outputs", y);
    }
    memory.put("waiting", Tensor.of(waiting.stream().mapToLong(i -> i).toArray(), waiting.size()));
    memory.put("order", Tensor.of(new long[] {order.state(), drawn}, 2));
    return memory;
  }

  @Override
  public void restore(Map<String, Tensor> memory) {
    close();
    waiting.clear();
    Tensor x = memory.get("inputs");
    Tensor texts = memory.get("waiting");
    Tensor place = memory.get("order");
    if (x == null || texts == null || place == null) {
      return;
    }
    Tensor y = memory.get("outputs");
    inputs = x.copy().unscoped();
    outputs = y == null ? inputs : y.copy().unscoped();
    for (long text : texts.toLongs()) {
      waiting.add(Objects.checkIndex((int) text, sequences.length));
    }
    order = new Rng(place.toLongs()[0]);
    drawn = place.toLongs()[1];
  }

  /** Frees the pool. */
  @Override
  public void close() {
    Tensor x = inputs;
    Tensor y = outputs;
    if (x != null && y != null) {
      x.close();
      y.close();
    }
    inputs = null;
    outputs = null;
  }
}
