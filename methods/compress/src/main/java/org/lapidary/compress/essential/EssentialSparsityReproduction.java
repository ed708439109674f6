package org.lapidary.compress.essential;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Reproduction;

/**
 * One-shot magnitude pruning of stories260K as it is (A), of masked-character encoders tuned for a
 * task (B) and of vision transformers pre-trained in two ways (C).
 */
public final class EssentialSparsityReproduction implements Reproduction {

  @Override
  public List<String> data() {
    return List.of("stories260K", "tinyshakespeare", "mnist");
  }

  @Override
  public Outcome run(Setting setting) {
    List<Check> checks = new ArrayList<>();
    List<Figure> figures = new ArrayList<>();
    StoriesStudy stories = new StoriesStudy(setting.full(), setting.progress());
    checks.addAll(stories.checks());
    figures.addAll(stories.figures());
    TextStudy text = new TextStudy(setting.full(), setting.seeds(), setting.progress());
    // after 200 steps there is nothing yet to compare
    if (setting.full()) {
      checks.addAll(text.checks());
    }
    figures.addAll(text.figures());
    ImageStudy images = new ImageStudy(setting.full(), setting.seeds(), setting.progress());
    checks.addAll(images.checks());
    figures.addAll(images.figures());
    return new Outcome(checks, figures);
  }
}
