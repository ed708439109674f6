package org.lapidary.assay.compare;

import java.util.List;
import org.lapidary.nn.Nearest;

/** The tasks there are. A new one is one class and one line here. */
public final class ComparisonTasks {
  private static final List<ComparisonTask> ALL =
      List.of(new CompressTask(), new DictionaryTask(), new MixerTask(), new OptimizerTask());

  private ComparisonTasks() {}

  public static List<ComparisonTask> all() {
    return ALL;
  }

  /**
   * The task of this name.
   *
   * @throws IllegalArgumentException naming those there are
   */
  public static ComparisonTask of(String id) {
    return ALL.stream()
        .filter(task -> task.id().equals(id))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                Nearest.sentence("task", id, ALL.stream().map(ComparisonTask::id).toList())));
  }
}
