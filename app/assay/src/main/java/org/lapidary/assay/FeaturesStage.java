package org.lapidary.assay;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.Model;
import org.lapidary.report.Block;
import org.lapidary.report.Section;

/** Sparse features of each MLP (row transcoder). */
final class FeaturesStage {
  private FeaturesStage() {}

  /** What was found; can be looked for again in another model. */
  interface Found {
    Section section();

    /** How many features are still there in a slimmed model. */
    List<Block> survivors(Model slimmed, Corpus corpus);
  }

  static @Nullable Found run(
      Model model, Corpus corpus, @Nullable String prompt, long seed, Progress progress) {
    return null;
  }
}
