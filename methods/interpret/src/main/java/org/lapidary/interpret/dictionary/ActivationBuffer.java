package org.lapidary.interpret.dictionary;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lapidary.data.Texts;
import org.lapidary.nn.Activations;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Shape;
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
  private final Texts texts;
  private final int capacity;
  private Rng order;
  private int[] waiting = new int[0];
  private int left;
  private @Nullable Tensor inputs;
  private @Nullable Tensor outputs;
  private int held;
  private long drawn;

  /** Over texts that are in memory. */
  public ActivationBuffer(
      Model model,
      String inputSite,
      String outputSite,
      int[][] sequences,
      int capacity,
      long seed) {
    this(model, inputSite, outputSite, Texts.of(sequences), capacity, seed);
  }

  /**
   * Over texts wherever they are.
   *
   * @param capacity the most tokens held at once; memory is capacity * (dIn + dOut) * 4 bytes, 4
   *     bytes for each text, and what a pass over 16 texts takes
   * @param seed of the order of the texts
   * @throws IllegalArgumentException if there are no texts
   */
  public ActivationBuffer(
      Model model, String inputSite, String outputSite, Texts texts, int capacity, long seed) {
    requireTexts(texts.count(), texts.length());
    if (capacity < 1) {
      throw new IllegalArgumentException("capacity must be at least 1 token, was " + capacity);
    }
    this.model = model;
    this.inputSite = inputSite;
    this.outputSite = outputSite;
    this.texts = texts;
    this.capacity = capacity;
    this.order = new Rng(seed).fork(0xB0FFE2);
  }

  @Override
  public Pairs next(int tokens, Rng rng) {
    if (inputs == null) {
      fill(capacity, 0);
    } else if (!holdsAll() && drawn >= held / 2) {
      fill(held / 2, held / 2);
      drawn = 0;
    }
    Tensor x = Objects.requireNonNull(inputs);
    Tensor y = Objects.requireNonNull(outputs);
    drawn += tokens;
    long[] rows = new long[tokens];
    for (int i = 0; i < tokens; i++) {
      rows[i] = rng.nextInt(held);
    }
    Tensor at = Tensor.of(rows, tokens);
    return new Pairs(x.indexSelect(0, at), y == x ? x.indexSelect(0, at) : y.indexSelect(0, at));
  }

  private boolean holdsAll() {
    return (long) texts.count() * texts.length() <= capacity;
  }

  /** Keeps the younger {@code kept} tokens and adds as many texts as {@code wanted} tokens hold. */
  private void fill(int wanted, int kept) {
    int length = texts.length();
    int more = Math.max(1, holdsAll() ? texts.count() : wanted / length);
    if (kept > 0) {
      shift(Objects.requireNonNull(inputs), kept);
      if (outputs != inputs) {
        shift(Objects.requireNonNull(outputs), kept);
      }
    }
    held = kept;
    while (more > 0) {
      int[][] part = take(Math.min(TOGETHER, more));
      try (Scope scope = Scope.open()) {
        Pairs pairs = harvest(model, inputSite, outputSite, part);
        if (inputs == null || outputs == null) {
          // whole texts take the place of half the pool, and at least one does
          long room = Math.max((long) more * length, holdsAll() ? 0 : 2L * length);
          inputs = room(room, pairs.input());
          outputs = inputSite.equals(outputSite) ? inputs : room(room, pairs.output());
        }
        put(pairs.input(), inputs);
        if (outputs != inputs) {
          put(pairs.output(), outputs);
        }
      }
      held += part.length * length;
      more -= part.length;
    }
  }

  private static Tensor room(long rows, Tensor like) {
    return Tensor.zeros(like.dtype(), Shape.of(rows, like.size(1))).unscoped();
  }

  /** Moves the last {@code kept} tokens to the front. */
  private void shift(Tensor pool, int kept) {
    long row = pool.size(1) * pool.dtype().bytes();
    MemorySegment memory = pool.segment();
    MemorySegment.copy(memory, (held - kept) * row, memory, 0, kept * row);
  }

  /** Writes tokens after those that are held. */
  private void put(Tensor rows, Tensor pool) {
    long row = pool.size(1) * pool.dtype().bytes();
    MemorySegment.copy(rows.segment(), 0, pool.segment(), held * row, rows.size(0) * row);
  }

  private int[][] take(int count) {
    int[][] part = new int[count][];
    for (int i = 0; i < count; i++) {
      if (left == 0) {
        waiting = order.permutation(texts.count());
        left = waiting.length;
        order.nextLong();
      }
      part[i] = texts.at(waiting[--left]);
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
    requireTexts(sequences.length, sequences.length == 0 ? 0 : sequences[0].length);
  }

  private static void requireTexts(int count, int length) {
    if (count == 0 || length == 0) {
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
    memory.put("inputs", x.slice(0, 0, held));
    if (y != x) {
      memory.put("outputs", y.slice(0, 0, held));
    }
    memory.put(
        "waiting", Tensor.of(Arrays.stream(waiting).limit(left).asLongStream().toArray(), left));
    memory.put("order", Tensor.of(new long[] {order.state(), drawn}, 2));
    return memory;
  }

  @Override
  public void restore(Map<String, Tensor> memory) {
    close();
    Tensor x = memory.get("inputs");
    Tensor next = memory.get("waiting");
    Tensor place = memory.get("order");
    if (x == null || next == null || place == null) {
      return;
    }
    Tensor y = memory.get("outputs");
    long room =
        holdsAll() ? x.size(0) : Math.max(Math.max(x.size(0), capacity), 2L * texts.length());
    held = 0;
    inputs = room(room, x);
    put(x, inputs);
    outputs = inputs;
    if (y != null) {
      outputs = room(room, y);
      put(y, outputs);
    }
    held = (int) x.size(0);
    waiting =
        Arrays.stream(next.toLongs())
            .mapToInt(text -> Objects.checkIndex((int) text, texts.count()))
            .toArray();
    left = waiting.length;
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
