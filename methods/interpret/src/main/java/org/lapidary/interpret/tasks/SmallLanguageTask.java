package org.lapidary.interpret.tasks;

import java.util.List;
import java.util.Locale;
import org.lapidary.data.generate.SmallLanguage;
import org.lapidary.data.generate.Task;
import org.lapidary.tensor.Rng;

/** A task inside the {@link SmallLanguage}, with its words as ids. */
public record SmallLanguageTask(Task task) implements PromptTask {
  @Override
  public String name() {
    return task.name().toLowerCase(Locale.ROOT).replace('_', ' ') + " of the small language";
  }

  @Override
  public Metric metric() {
    return task == Task.GREATER_THAN ? Metric.MASS_DIFFERENCE : Metric.LOGIT_DIFFERENCE;
  }

  @Override
  public List<PromptPair> pairs(int count, Rng rng) {
    Counts.positive(count, name());
    return SmallLanguage.prompts(task, count, rng.nextLong()).stream().map(PromptPair::of).toList();
  }
}
