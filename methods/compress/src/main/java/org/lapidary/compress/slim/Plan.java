package org.lapidary.compress.slim;

import com.google.ortools.Loader;
import com.google.ortools.linearsolver.MPConstraint;
import com.google.ortools.linearsolver.MPObjective;
import com.google.ortools.linearsolver.MPSolver;
import com.google.ortools.linearsolver.MPVariable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which option every matrix takes.
 *
 * @param choices by path
 * @param bytes of all matrices together
 * @param divergence the sum of what each choice costs alone, in nats per token
 */
public record Plan(Map<String, Option> choices, long bytes, double divergence) {

  /**
   * What an option costs.
   *
   * @param bytes as packed
   * @param divergence KL in nats per token when only this matrix is replaced
   */
  public record Price(Option option, long bytes, double divergence) {}

  /**
   * The cheapest choice in divergence among those that fit: a multiple-choice knapsack, solved
   * exactly as an integer program.
   *
   * @param prices of every matrix, by path
   * @param budget bytes
   * @throws IllegalArgumentException if even the smallest options do not fit, with what would
   */
  public static Plan solve(Map<String, List<Price>> prices, long budget) {
    long least =
        prices.values().stream()
            .mapToLong(l -> l.stream().mapToLong(Price::bytes).min().orElseThrow())
            .sum();
    if (least > budget) {
      throw new IllegalArgumentException(
          "the budget allows %d bytes, the smallest options together need %d; ask for more"
              .formatted(budget, least));
    }
    Loader.loadNativeLibraries();
    MPSolver solver = MPSolver.createSolver("SCIP");
    if (solver == null) {
      throw new IllegalStateException("OR-Tools has no integer solver on this platform");
    }
    MPConstraint size = solver.makeConstraint(0, budget, "bytes");
    MPObjective objective = solver.objective();
    objective.setMinimization();
    Map<String, MPVariable[]> variables = new LinkedHashMap<>();
    prices.forEach((path, options) -> {
      MPConstraint one = solver.makeConstraint(1, 1, path);
      MPVariable[] chosen = new MPVariable[options.size()];
      for (int i = 0; i < chosen.length; i++) {
        chosen[i] = solver.makeBoolVar(path + "#" + i);
        one.setCoefficient(chosen[i], 1);
        size.setCoefficient(chosen[i], options.get(i).bytes());
        objective.setCoefficient(chosen[i], Math.max(0, options.get(i).divergence()));
      }
      variables.put(path, chosen);
    });
    solver.setTimeLimit(30_000);
    MPSolver.ResultStatus status = solver.solve();
    if (status != MPSolver.ResultStatus.OPTIMAL && status != MPSolver.ResultStatus.FEASIBLE) {
      throw new IllegalStateException("the integer program ended as " + status);
    }
    Map<String, Option> choices = new LinkedHashMap<>();
    long bytes = 0;
    double divergence = 0;
    for (var e : variables.entrySet()) {
      List<Price> options = java.util.Objects.requireNonNull(prices.get(e.getKey()));
      for (int i = 0; i < options.size(); i++) {
        if (e.getValue()[i].solutionValue() > 0.5) {
          Price price = options.get(i);
          choices.put(e.getKey(), price.option());
          bytes += price.bytes();
          divergence += price.divergence();
        }
      }
    }
    return new Plan(choices, bytes, divergence);
  }
}
