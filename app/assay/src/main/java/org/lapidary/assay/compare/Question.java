package org.lapidary.assay.compare;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.lapidary.nn.Model;
import org.lapidary.nn.Nearest;

/**
 * What is to be compared.
 *
 * @param model that the methods work on; null for a task that makes its own
 * @param text UTF-8; null lets the model write its own
 * @param methods of the task, in the order of the rows
 * @param budgets in the unit of the task
 * @param seeds how many, counted from 0
 * @param settings all settings of the task
 */
public record Question(
    @Nullable Model model,
    @Nullable Path text,
    List<String> methods,
    List<Double> budgets,
    int seeds,
    Map<String, String> settings) {

  public Question {
    methods = List.copyOf(methods);
    budgets = List.copyOf(budgets);
    settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
  }

  /**
   * A question about a task; what is left empty is as the task has it.
   *
   * @param changed settings that differ from the task's own
   * @throws IllegalArgumentException for a method or setting that the task does not know, a budget
   *     that is not above 0, or no seed
   */
  public static Question about(
      ComparisonTask task,
      @Nullable Model model,
      @Nullable Path text,
      List<String> methods,
      List<Double> budgets,
      int seeds,
      Map<String, String> changed) {
    if (task.needsModel() != (model != null)) {
      throw new IllegalArgumentException(
          task.needsModel()
              ? "the task %s works on a model; give one".formatted(task.id())
              : "the task %s trains models of its own; give a text alone".formatted(task.id()));
    }
    for (String method : methods) {
      if (!task.methods().containsKey(method)) {
        throw new IllegalArgumentException(
            Nearest.sentence("method of the task " + task.id(), method, task.methods().keySet()));
      }
    }
    for (double budget : budgets) {
      if (!(budget > 0) || Double.isInfinite(budget)) {
        throw new IllegalArgumentException(
            "a budget (%s) is above 0, not %s".formatted(task.axes().budget(), budget));
      }
    }
    if (seeds < 1) {
      throw new IllegalArgumentException("there is 1 seed or more, not " + seeds);
    }
    SortedMap<String, String> settings = new TreeMap<>(task.settings());
    for (Map.Entry<String, String> each : changed.entrySet()) {
      if (!settings.containsKey(each.getKey())) {
        throw new IllegalArgumentException(
            Nearest.sentence("setting of the task " + task.id(), each.getKey(), settings.keySet()));
      }
      settings.put(each.getKey(), each.getValue());
    }
    return new Question(
        model,
        text,
        (methods.isEmpty() ? task.usual() : methods).stream().distinct().toList(),
        (budgets.isEmpty() ? task.budgets() : budgets).stream().distinct().toList(),
        seeds,
        settings);
  }

  /** The model of a task that works on one. */
  Model given() {
    return Objects.requireNonNull(model, "the task works on a model");
  }
}
