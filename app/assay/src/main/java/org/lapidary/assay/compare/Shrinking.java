package org.lapidary.assay.compare;

import static java.util.Objects.requireNonNull;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.lapidary.assay.Corpus;
import org.lapidary.compress.BlockMatrices;
import org.lapidary.compress.Gptq;
import org.lapidary.compress.InputStatistics;
import org.lapidary.compress.Masks;
import org.lapidary.compress.Quantized;
import org.lapidary.compress.Scores;
import org.lapidary.compress.dsnot.Dsnot;
import org.lapidary.compress.gradual.GradualPruning;
import org.lapidary.compress.layerwise.BlockDrop;
import org.lapidary.compress.layerwise.BlockPlan;
import org.lapidary.compress.layerwise.Importance;
import org.lapidary.compress.layerwise.LayerwiseQuant;
import org.lapidary.compress.layerwise.Rounding;
import org.lapidary.compress.slim.Plan;
import org.lapidary.compress.slim.Slimmer;
import org.lapidary.evidence.Progress;
import org.lapidary.kernels.PackedMatrix;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Model;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.AdamW;
import org.lapidary.train.LanguageModeling;
import org.lapidary.train.Optimizer;
import org.lapidary.train.Schedule;
import org.lapidary.train.Trainer;

/** Carries the methods out, each as large as the budget lets it be. */
final class Shrinking {
  /** Widths that kernels have, the widest first. */
  private static final List<Integer> WIDTHS = List.of(8, 4, 3, 2);

  /** Pairs of widths that a plan in two levels may take. */
  private static final int[][] LEVELS = {{8, 4}, {4, 2}};

  private static final int BATCH = 8;

  private final Model model;
  private final Corpus corpus;
  private final int group;
  private final int steps;
  private final double rate;

  /** Bytes of all matrices at a width, made when first asked for. */
  private final Map<Integer, Long> widths = new TreeMap<>();

  private @Nullable Map<String, List<Plan.Price>> prices;

  Shrinking(Model model, Corpus corpus, Map<String, String> settings) {
    this.model = model;
    this.corpus = corpus;
    this.group = ComparisonTask.whole(settings, "group", 1);
    this.steps = ComparisonTask.whole(settings, "gradual-steps", 10);
    this.rate = ComparisonTask.number(settings, "gradual-rate");
  }

  /**
   * A smaller model.
   *
   * @param model as libtorch runs it
   * @param matrices as the kernels run it, by path
   * @param note what a reader must know, or empty
   */
  record Shrunk(Model model, Map<String, PackedMatrix> matrices, String note) {}

  /** The matrices in float32. */
  static Map<String, PackedMatrix> dense(Model model) {
    Map<String, PackedMatrix> dense = new LinkedHashMap<>();
    BlockMatrices.of(model)
        .forEach((path, linear) ->
            dense.put(path, PackedMatrix.dense(floats(linear), rows(linear), columns(linear))));
    return dense;
  }

  static long bytes(Map<String, PackedMatrix> matrices) {
    return matrices.values().stream().mapToLong(PackedMatrix::bytes).sum();
  }

  /**
   * A smaller model.
   *
   * @param room bytes for all block matrices together
   * @throws Unmet if the method cannot be as small
   */
  Shrunk shrink(Shrinker method, long room, long seed, Progress progress) throws Unmet {
    return switch (method) {
      case FLOAT16 -> half(room);
      case MAGNITUDE -> dropped(Scores.MAGNITUDE, false, room);
      case WANDA -> dropped(Scores.WANDA, false, room);
      case SPARSEGPT -> dropped(Scores.SPARSEGPT, true, room);
      case DSNOT -> {
        double sparsity = sparsity(room);
        yield sparse(
            Dsnot.defaults().withSparsity(sparsity).compress(model, corpus.calibration()),
            share(sparsity));
      }
      case GRADUAL -> gradual(room, seed, progress);
      case NEAREST -> oneWidth(Rounding.NEAREST, room);
      case GPTQ -> oneWidth(Rounding.GPTQ, room);
      case LAYERWISE -> layerwise(room);
      case SLIM -> slim(room, progress);
      case BLOCK_DROP -> blockDrop(room);
    };
  }

  private Shrunk half(long room) throws Unmet {
    Model rounded = model.copy();
    Map<String, PackedMatrix> matrices = new LinkedHashMap<>();
    BlockMatrices.of(rounded)
        .forEach((path, linear) -> {
          try (Scope scope = Scope.open()) {
            Tensor w = linear.weight().tensor().to(DType.FLOAT16).to(DType.FLOAT32);
            linear.weight().set(scope.keep(w.contiguous()));
          }
          matrices.put(path, PackedMatrix.half(floats(linear), rows(linear), columns(linear)));
        });
    if (bytes(matrices) > room) {
      throw new Unmet("half precision takes 16 bits a weight, always");
    }
    return new Shrunk(rounded, matrices, "");
  }

  private Shrunk dropped(Scores score, boolean compensate, long room) throws Unmet {
    double sparsity = sparsity(room);
    Model pruned = model.copy();
    InputStatistics.blockwise(
        pruned,
        corpus.calibration(),
        (matrices, statistics) ->
            matrices.forEach((path, linear) -> {
              InputStatistics inputs = requireNonNull(statistics.get(path));
              try (Scope scope = Scope.open()) {
                Tensor weight = linear.weight().tensor();
                Tensor mask = Masks.perRow(score.of(weight, inputs), sparsity);
                if (compensate) {
                  linear.weight().set(scope.keep(Gptq.compensate(weight, inputs, mask)));
                } else {
                  Masks.zero(linear, mask);
                }
              }
            }));
    return sparse(pruned, share(sparsity));
  }

  private Shrunk gradual(long room, long seed, Progress progress) throws Unmet {
    // Whole matrices keep a rounded number of weights: one more may stay than the share says.
    long smallest =
        BlockMatrices.of(model).values().stream()
            .mapToLong(l -> (long) l.in() * l.out())
            .min()
            .orElseThrow();
    double sparsity = Math.min(1, sparsity(room) + 1.0 / smallest);
    Model pruned = model.copy();
    Map<String, Linear> matrices = BlockMatrices.of(pruned);
    String[] others =
        pruned.layer().parameters().keySet().stream()
            .filter(path -> matrices.keySet().stream().noneMatch(m -> path.equals(m + ".weight")))
            .toArray(String[]::new);
    int[][] texts = corpus.training();
    try (Optimizer optimizer =
        GradualPruning.over(sparsity, steps)
            .withExclude(others)
            .during(
                pruned.layer(),
                new AdamW(
                    Trainer.parameters(pruned.layer()), new AdamW.Settings(0.9, 0.99, 1e-8, 0)))) {
      new Trainer(
              pruned.layer(),
              optimizer,
              (step, rng) -> LanguageModeling.loss(pruned, batch(texts, rng)),
              Trainer.Settings.of(
                      steps, Schedule.cosine(rate, Math.max(1, steps / 20), steps, rate / 20), seed)
                  .withClip(1))
          .run(Progress.stoppable(progress::stopped));
    }
    pruned.layer().requiresGrad(false);
    return sparse(
        pruned,
        "%s; trained %d steps more on %d texts".formatted(share(sparsity), steps, texts.length));
  }

  private static Tensor batch(int[][] texts, Rng rng) {
    int[][] some = new int[Math.min(BATCH, texts.length)][];
    for (int i = 0; i < some.length; i++) {
      some[i] = texts[rng.nextInt(texts.length)];
    }
    return LanguageModeling.tensor(some);
  }

  private Shrunk oneWidth(Rounding rounding, long room) throws Unmet {
    int width = 0;
    for (int each : WIDTHS) {
      if (width == 0 && at(each) <= room) {
        width = each;
      }
    }
    if (width == 0) {
      throw new Unmet(tooNarrow(2));
    }
    int[] bits = new int[model.decoder().blocks().size()];
    Arrays.fill(bits, width);
    return rounded(rounding, new BlockPlan(bits), width + " bits");
  }

  private Shrunk layerwise(long room) throws Unmet {
    LayerwiseQuant method = LayerwiseQuant.defaults();
    int blocks = model.decoder().blocks().size();
    for (int[] levels : LEVELS) {
      int high = levels[0];
      int low = levels[1];
      for (int lowered = 0; lowered <= blocks; lowered++) {
        if (at(high) * (blocks - lowered) + at(low) * lowered > room * blocks) {
          continue;
        }
        int[] order = BlockPlan.ascending(method.importance().of(model, corpus.calibration()));
        return rounded(
            method.rounding(),
            BlockPlan.lowering(order, lowered, high, low),
            lowered == 0 || lowered == blocks
                ? "all blocks at %d bits, as gptq".formatted(lowered == 0 ? high : low)
                : "%d of %d blocks at %d bits, the others at %d"
                    .formatted(lowered, blocks, low, high));
      }
    }
    throw new Unmet(tooNarrow(2));
  }

  private String tooNarrow(int width) {
    return "even %d bits with a scale for every %d weights come to %.3f of float32"
        .formatted(width, group, (double) at(width) / bytes(dense(model)));
  }

  private Shrunk rounded(Rounding rounding, BlockPlan plan, String note) {
    Rounding.Rounded rounded = rounding.round(model, plan, group, corpus.calibration());
    Map<String, PackedMatrix> matrices = new LinkedHashMap<>();
    rounded
        .matrices()
        .forEach((path, codes) -> {
          matrices.put(path, codes.pack(PackedMatrix.Pattern.DENSE));
          codes.codes().close();
          codes.scales().close();
        });
    return new Shrunk(rounded.model(), matrices, note);
  }

  /** Bytes of all matrices at a width. */
  private long at(int width) {
    return widths.computeIfAbsent(
        width,
        bits -> {
          long sum = 0;
          for (Linear linear : BlockMatrices.of(model).values()) {
            Quantized codes = Quantized.roundToNearest(linear.weight().tensor(), bits, group);
            sum += codes.pack(PackedMatrix.Pattern.DENSE).bytes();
            codes.codes().close();
            codes.scales().close();
          }
          return sum;
        });
  }

  private Shrunk slim(long room, Progress progress) throws Unmet {
    Slimmer slimmer = new Slimmer(group);
    Map<String, List<Plan.Price>> known = prices;
    if (known == null) {
      int length = Math.min(64, corpus.calibration()[0].length);
      int[][] probe =
          Arrays.stream(corpus.calibration())
              .limit(8)
              .map(text -> Arrays.copyOf(text, length))
              .toArray(int[][]::new);
      known = slimmer.prices(model, corpus.calibration(), probe, progress);
      prices = known;
    }
    Plan plan;
    try {
      plan = Plan.solve(known, room);
    } catch (IllegalArgumentException e) {
      throw new Unmet(String.valueOf(e.getMessage()));
    }
    Slimmer.Slimmed slimmed = slimmer.apply(model, plan, corpus.calibration());
    Map<String, Integer> options = new TreeMap<>();
    plan.choices().values().forEach(option -> options.merge(option.toString(), 1, Integer::sum));
    return new Shrunk(
        slimmed.dense(),
        slimmed.matrices(),
        String.join(
            ", ", options.entrySet().stream().map(e -> e.getValue() + "× " + e.getKey()).toList()));
  }

  private Shrunk blockDrop(long room) throws Unmet {
    int blocks = model.decoder().blocks().size();
    int kept = (int) Math.min(blocks, room * blocks / bytes(dense(model)));
    if (kept < 1) {
      throw new Unmet("one of %d blocks alone is larger".formatted(blocks));
    }
    int[] order = BlockPlan.ascending(Importance.LIM.of(model, corpus.calibration()));
    Model smaller = BlockDrop.apply(model, order, blocks - kept);
    return new Shrunk(smaller, dense(smaller), "%d of %d blocks left".formatted(kept, blocks));
  }

  /** The least share to drop of every row so that the sparse matrices fit. */
  private double sparsity(long room) throws Unmet {
    Map<String, Linear> matrices = BlockMatrices.of(model);
    long fixed = 0; // what a sparse matrix takes beside its weights
    for (Linear linear : matrices.values()) {
      PackedMatrix whole = PackedMatrix.sparse(floats(linear), rows(linear), columns(linear));
      fixed += whole.bytes() - Float.BYTES * whole.nonZeros();
    }
    int finest = matrices.values().stream().mapToInt(Linear::in).max().orElseThrow();
    for (int i = 0; i <= 4 * finest; i++) {
      double sparsity = Math.min(1, i / (4.0 * finest));
      long kept = 0;
      for (Linear linear : matrices.values()) {
        kept += (long) linear.out() * (linear.in() - (long) Math.floor(sparsity * linear.in()));
      }
      if (fixed + Float.BYTES * kept <= room) {
        if (kept == 0) {
          break;
        }
        return sparsity;
      }
    }
    throw new Unmet(
        "saying which weights are kept takes %.3f of float32 alone"
            .formatted((double) fixed / bytes(dense(model))));
  }

  private static String share(double sparsity) {
    return String.format(Locale.ROOT, "%.0f%% dropped", 100 * sparsity);
  }

  private static Shrunk sparse(Model pruned, String note) {
    Map<String, PackedMatrix> matrices = new LinkedHashMap<>();
    BlockMatrices.of(pruned)
        .forEach((path, linear) ->
            matrices.put(path, PackedMatrix.sparse(floats(linear), rows(linear), columns(linear))));
    return new Shrunk(pruned, matrices, note);
  }

  private static float[] floats(Linear linear) {
    return linear.weight().tensor().toFloats();
  }

  private static int rows(Linear linear) {
    return Math.toIntExact(linear.out());
  }

  private static int columns(Linear linear) {
    return Math.toIntExact(linear.in());
  }
}
