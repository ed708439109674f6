package org.lapidary.interpret.codebook;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.Block;
import org.lapidary.nn.Intervention;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Linear;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.AdamW;
import org.lapidary.train.LanguageModeling;
import org.lapidary.train.Schedule;
import org.lapidary.train.Trainer;

/**
 * Puts codebooks into a decoder and trains both.
 *
 * @param codes in each codebook
 * @param k codes a token
 * @param heads whether every attention head has a codebook on its output
 * @param mlps whether every MLP has one on its output
 * @param similarity by which codes are chosen
 * @param learning from what codes learn
 */
public record CodebookModel(
    int codes,
    int k,
    boolean heads,
    boolean mlps,
    Codebook.Similarity similarity,
    Codebook.Learning learning) {

  /** One of 128 codes on every head and MLP, by the cosine. */
  public static CodebookModel defaults() {
    return new CodebookModel(128, 1, true, true, Codebook.Similarity.COSINE, Codebook.Learning.AE);
  }

  /**
   * How to train.
   *
   * @param unusedFor steps after which a code that no token chose is replaced, until half of the
   *     training; 0 for never
   */
  public record Training(long steps, double rate, long unusedFor, long seed) {}

  /**
   * A copy of a model with codebooks, whose codes are drawn anew. Their bottlenecks change what it
   * computes: train it.
   */
  public Model insert(Model model, Rng rng) {
    Model copy = model.copy();
    int dModel = model.decoder().config().dModel();
    int dHead = model.decoder().config().dHead();
    int count = model.decoder().config().heads();
    for (int l = 0; l < copy.decoder().blocks().size(); l++) {
      Block block = copy.decoder().blocks().get(l);
      if (heads) {
        if (!(block.attention().children().get("o") instanceof Linear out)) {
          throw new IllegalArgumentException(
              "the output projection of layer %d is no plain matrix".formatted(l));
        }
        CodedHeads coded =
            new CodedHeads(new Codebook.Shape(codes, dHead, k, similarity, learning), count, out);
        coded.children().values().forEach(c -> drawCodes(c, rng));
        block.attention().replace("o", coded);
      }
      if (mlps && block.mlp() instanceof Layer mixer) {
        CodedMlp coded =
            new CodedMlp(new Codebook.Shape(codes, dModel, k, similarity, learning), mixer);
        coded.children().values().forEach(c -> drawCodes(c, rng));
        block.replace("mlp", coded);
      }
    }
    return copy;
  }

  private static void drawCodes(Layer layer, Rng rng) {
    if (layer instanceof Codebook codebook) {
      codebook.initialise(rng);
    }
  }

  /** The codebooks of a model, by path. */
  public static Map<String, Codebook> of(Model model) {
    return model.layer().all(Codebook.class);
  }

  /** Sequences of a step. */
  @FunctionalInterface
  public interface Batches {
    int[][] next(Rng rng);
  }

  /**
   * Trains model and codes in place: the loss of the next token and what every codebook adds. Codes
   * begin as activations of a first batch.
   */
  public static void train(Model model, Batches batches, Training training) {
    Map<String, Codebook> books = of(model);
    Rng root = new Rng(training.seed()).fork(0xC0DE);
    replace(model, books, batches.next(root), 0, root);
    try (AdamW adam = new AdamW(Trainer.parameters(model.layer()), AdamW.Settings.defaults())) {
      Schedule schedule = Schedule.cosine(training.rate(), 50, training.steps(), 0);
      new Trainer(
              model.layer(),
              adam,
              (step, rng) -> {
                int[][] batch = batches.next(rng);
                if (training.unusedFor() > 0
                    && step % training.unusedFor() == training.unusedFor() - 1
                    && step < training.steps() / 2) {
                  replace(model, books, batch, training.unusedFor(), rng);
                }
                Tensor loss = LanguageModeling.loss(model, LanguageModeling.tensor(batch));
                for (Codebook book : books.values()) {
                  loss = loss.add(book.reconstruction());
                }
                return loss;
              },
              Trainer.Settings.of(training.steps(), schedule, training.seed()))
          .run(Progress.silent());
    }
    model.layer().requiresGrad(false);
  }

  private static void replace(
      Model model, Map<String, Codebook> books, int[][] batch, long steps, Rng rng) {
    // one after another, since what later ones read follows from the codes of earlier ones
    for (var book : books.entrySet()) {
      try (Scope scope = Scope.open();
          var ignored = Autograd.noGrad()) {
        Tensor tokens = LanguageModeling.tensor(batch);
        String site = book.getKey() + ".hook_in";
        Tensor a = model.capture(tokens.slice(1, 0, tokens.size(1) - 1), site).at(site);
        book.getValue().replaceUnused(steps, a.reshape(-1, a.size(-1)), rng);
      }
    }
  }

  /** The ids that every codebook chooses on some texts: by path, [text * length + position][k]. */
  public static Map<String, int[][]> ids(Model model, int[][] texts) {
    Map<String, int[][]> all = new LinkedHashMap<>();
    try (Scope scope = Scope.open()) {
      var acts = model.capture(LanguageModeling.tensor(texts), "blocks.**.hook_in");
      for (var book : of(model).entrySet()) {
        Tensor ids = book.getValue().ids(acts.at(book.getKey() + ".hook_in"));
        int k = (int) ids.size(-1);
        long[] flat = ids.toLongs();
        int[][] rows = new int[flat.length / k][k];
        for (int i = 0; i < flat.length; i++) {
          rows[i / k][i % k] = (int) flat[i];
        }
        all.put(book.getKey(), rows);
      }
    }
    return all;
  }

  /**
   * Makes codebooks choose given codes at a position, whatever they read.
   *
   * @param codes by path of the codebook, k ids each
   */
  public static List<Intervention> force(Model model, Map<String, int[]> codes, int position) {
    Map<String, int[][]> rows = new LinkedHashMap<>();
    codes.forEach((path, ids) -> rows.put(path, new int[][] {ids}));
    return forceRows(model, rows, position);
  }

  /**
   * The same with codes of its own for each text of a batch.
   *
   * @param codes by path of the codebook, k ids for each text, or for all texts if there is one row
   */
  public static List<Intervention> forceRows(
      Model model, Map<String, int[][]> codes, int position) {
    List<Intervention> all = new ArrayList<>();
    Map<String, Codebook> books = of(model);
    codes.forEach((path, rows) -> {
      Codebook book = books.get(path);
      if (book == null || Arrays.stream(rows).anyMatch(ids -> ids.length != book.shape().k())) {
        throw new IllegalArgumentException(
            "there is no codebook '%s' of %d codes a token; there are %s"
                .formatted(path, rows[0].length, books.keySet()));
      }
      Tensor forced;
      try (Scope scope = Scope.open();
          var ignored = Autograd.noGrad()) {
        List<Tensor> means = new ArrayList<>();
        for (int[] ids : rows) {
          means.add(book.mean(Tensor.of(ids, ids.length)).reshape(-1));
        }
        forced = scope.keep(Tensor.stack(means).copy()).unscoped(); // [text or 1, width]
      }
      all.add(
          new Intervention(
              path + ".hook_code",
              (p, x) -> {
                long[] sizes = new long[x.rank()];
                Arrays.fill(sizes, 1);
                sizes[0] = forced.size(0);
                sizes[sizes.length - 1] = forced.size(1);
                Tensor everywhere = forced.reshape(sizes).expand(x.shape().toArray());
                return Intervention.patch(p, everywhere, position).change().apply(p, x);
              }));
    });
    return all;
  }
}
