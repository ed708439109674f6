package org.lapidary.workbench.features;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.lapidary.evidence.Figure;
import org.lapidary.interpret.features.FeatureIndex;
import org.lapidary.interpret.features.FeatureIndex.Strength;
import org.lapidary.interpret.features.IndexSummary;
import org.lapidary.report.Block;
import org.lapidary.report.Report;
import org.lapidary.report.Section;

/** One feature as a report, which can be kept as one file. */
final class FeatureReport {
  private FeatureReport() {}

  /** All that is known of a feature. */
  static Report of(FeatureIndex index, int feature) {
    IndexSummary s = index.summary();
    List<Block> effects = new ArrayList<>();
    if (index.hasEffects()) {
      effects.add(new Block.FigureBlock(effects(index, feature), LOGITS));
    }
    List<Block> nearest = new ArrayList<>();
    if (!index.nearest(feature).isEmpty()) {
      nearest.add(new Block.FigureBlock(nearest(index, feature)));
    }
    List<Section> sections = new ArrayList<>();
    sections.add(new Section("firing", "When it fires", firing(index, feature)));
    if (!effects.isEmpty()) {
      sections.add(new Section("effects", "What it does", effects));
    }
    if (!nearest.isEmpty()) {
      sections.add(new Section("nearest", "What is close to it", nearest));
    }
    return new Report(
        "Feature " + feature,
        "%s to %s of %s, over %s".formatted(s.inputSite(), s.outputSite(), s.model(), corpus(s)),
        sections);
  }

  static final String LOGITS =
      "The feature's direction times the unembedding, the last norm's gain folded in and its scale left out: effects compare with each other, up to one positive factor that depends on the input.";

  /** The corpus of an index in words. */
  static String corpus(IndexSummary s) {
    return String.format(
        Locale.ROOT,
        "%,d tokens%s: %s",
        s.tokens(),
        s.complete() ? "" : String.format(Locale.ROOT, " of %,d", (long) s.texts() * s.length()),
        s.corpus());
  }

  /** Numbers, contexts and histogram. */
  static List<Block> firing(FeatureIndex index, int feature) {
    FeatureIndex.Row row = index.row(feature);
    List<Block> blocks = new ArrayList<>();
    blocks.add(
        new Block.KeyValues(
            List.of(
                new Block.Entry("fires on", percent(row.share()), "of the tokens", row.share()),
                new Block.Entry("mean", number(row.mean()), "where it fires", row.mean()),
                new Block.Entry("largest", number(row.max()), "activation", row.max()))));
    if (row.share() == 0) {
      blocks.add(new Block.Text("It never fires on these tokens."));
      return blocks;
    }
    blocks.add(
        new Block.FigureBlock(
            index.contextsFigure(feature),
            "At most one place of a text, the strongest first; a token is shaded by the feature's activation on it."));
    blocks.add(new Block.FigureBlock(index.histogram(feature)));
    return blocks;
  }

  private static Figure.Table effects(FeatureIndex index, int feature) {
    List<Strength> up = index.raised(feature);
    List<Strength> down = index.lowered(feature);
    List<List<Object>> rows = new ArrayList<>();
    for (int i = 0; i < Math.min(up.size(), down.size()); i++) {
      rows.add(
          List.of(
              index.vocabulary().text(up.get(i).index()),
              up.get(i).value(),
              index.vocabulary().text(down.get(i).index()),
              down.get(i).value()));
    }
    return new Figure.Table(
        "Direct effect on the logits", List.of("raises", "by", "lowers", "by "), rows);
  }

  private static Figure.Table nearest(FeatureIndex index, int feature) {
    return new Figure.Table(
        "Features that write in the same direction",
        List.of("feature", "cosine", "peaks on"),
        index.nearest(feature).stream()
            .map(s ->
                List.<Object>of(
                    s.index(), s.value(), String.join(" ", index.row(s.index()).peaks())))
            .toList());
  }

  /** A share as people read it. */
  static String percent(double share) {
    return String.format(Locale.ROOT, share < 0.001 ? "%.4f %%" : "%.2f %%", 100 * share);
  }

  /** Three figures. */
  static String number(double value) {
    return String.format(Locale.ROOT, "%.3g", value);
  }
}
