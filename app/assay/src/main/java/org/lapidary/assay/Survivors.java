package org.lapidary.assay;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Progress;
import org.lapidary.interpret.dictionary.ActivationBuffer;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.interpret.dictionary.Pairs;
import org.lapidary.interpret.transcoder.Transcoder;
import org.lapidary.nn.Model;
import org.lapidary.report.Block;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Which features of a model are still there in its slimmed form. For each block a transcoder of the
 * slimmed model is trained in the same way, and every feature is matched with the one of it whose
 * activations on the same tokens correlate most. Two trainings never find quite the same features,
 * so a second transcoder of the original, from another seed, says how many to expect at best.
 */
final class Survivors {
  private Survivors() {}

  /** A feature survives if its match correlates at least so much. */
  private static final double SURVIVES = 0.7;

  private static final int TEXTS = 32;

  static List<Block> blocks(
      Model model, Model slimmed, Corpus corpus, FeaturesStage.Found found, Progress progress) {
    int[][] texts = Arrays.copyOf(corpus.heldOut(), Math.min(TEXTS, corpus.heldOut().length));
    List<List<Object>> rows = new ArrayList<>();
    int alive = 0;
    int kept = 0;
    int possible = 0;
    progress.begin("surviving features", found.transcoders().size());
    for (Map.Entry<Integer, Dictionary> e : found.transcoders().entrySet()) {
      if (progress.stopped()) {
        break;
      }
      int layer = e.getKey();
      Transcoder trainer = reseeded(found.trainer());
      Dictionary again =
          trainer.train(slimmed, layer, corpus.training(), Progress.silent()).dictionary();
      Dictionary control =
          trainer.train(model, layer, corpus.training(), Progress.silent()).dictionary();
      try (Scope scope = Scope.open();
          var ignored = Autograd.noGrad()) {
        Tensor before = activations(model, e.getValue(), texts);
        double[] same = diagonal(before, activations(slimmed, e.getValue(), texts));
        double[] matched = best(before, activations(slimmed, again, texts));
        double[] atBest = best(before, activations(model, control, texts));
        int living = (int) Arrays.stream(same).filter(c -> !Double.isNaN(c)).count();
        int survivors = over(matched);
        rows.add(
            List.of(
                layer,
                living,
                survivors,
                Reports.round(mean(matched)),
                over(atBest),
                over(same),
                Reports.round(mean(same))));
        alive += living;
        kept += survivors;
        possible += over(atBest);
      }
      progress.step(rows.size(), "block " + layer);
    }
    progress.end();
    if (rows.isEmpty()) {
      return List.of();
    }
    return List.of(
        new Block.Text(
            "%d of %d features survive: a transcoder trained anew on the slimmed model has a feature whose activations on the same tokens correlate with theirs at %s or more. Trained anew on the original model, with another seed, it finds %d: so %.0f %% of what could be found again is there."
                .formatted(kept, alive, SURVIVES, possible, 100.0 * kept / Math.max(1, possible))),
        new Block.FigureBlock(
            new Figure.Table(
                "Features in the slimmed model",
                List.of(
                    "block",
                    "features that fire",
                    "found again",
                    "mean correlation",
                    "found again in the original",
                    "same direction fires alike",
                    "its mean correlation"),
                rows),
            "Found again: matched with a feature of a transcoder trained anew. Same direction: the original's own feature read in the slimmed model."));
  }

  private static Transcoder reseeded(Transcoder trainer) {
    return trainer.withTraining(trainer.training().withSeed(trainer.training().seed() + 1));
  }

  private static int over(double[] correlations) {
    return (int) Arrays.stream(correlations).filter(c -> c >= SURVIVES).count();
  }

  private static double mean(double[] correlations) {
    return Arrays.stream(correlations).filter(c -> !Double.isNaN(c)).average().orElse(0);
  }

  /** Columns centred and scaled to unit norm; a column of zeros stays one. */
  private static Tensor standard(Tensor x) {
    Tensor centred = x.sub(x.mean(true, 0));
    return centred.div(centred.norm(true, 0).maximum(1e-12));
  }

  /**
   * The correlation of each feature with its counterpart; NaN where it never fires in the first.
   */
  static double[] diagonal(Tensor before, Tensor after) {
    return living(before, standard(before).mul(standard(after)).sum(false, 0).toDoubles());
  }

  /** The highest correlation of each feature with any of the second; NaN where it never fires. */
  static double[] best(Tensor before, Tensor after) {
    Tensor all = standard(before).t().matmul(standard(after));
    return living(before, all.topk(1, 1).values().squeeze(1).toDoubles());
  }

  private static double[] living(Tensor before, double[] correlations) {
    double[] sums = before.abs().sum(false, 0).toDoubles();
    for (int f = 0; f < sums.length; f++) {
      if (sums[f] == 0) {
        correlations[f] = Double.NaN;
      }
    }
    return correlations;
  }

  private static Tensor activations(Model model, Dictionary dictionary, int[][] texts) {
    List<Tensor> parts = new ArrayList<>();
    for (int from = 0; from < texts.length; from += 16) {
      int[][] part = Arrays.copyOfRange(texts, from, Math.min(texts.length, from + 16));
      Pairs pairs =
          ActivationBuffer.harvest(model, dictionary.inputSite(), dictionary.outputSite(), part);
      parts.add(dictionary.encode(pairs.input()).to(DType.FLOAT64));
    }
    return Tensor.concat(0, parts);
  }
}
