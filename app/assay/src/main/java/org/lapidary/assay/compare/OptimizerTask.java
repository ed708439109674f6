package org.lapidary.assay.compare;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import org.lapidary.evidence.Estimate;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.Model;
import org.lapidary.tensor.Tensor;
import org.lapidary.train.AdamW;
import org.lapidary.train.LanguageModeling;
import org.lapidary.train.Optimizer;
import org.lapidary.train.Sgd;

/**
 * Steps for loss: the same small decoder, trained by one optimizer or another on the same text. The
 * learning rate makes more of a difference than the optimizer, so each gets the best of four, by
 * the loss on texts that are not those of the measure.
 */
final class OptimizerTask implements ComparisonTask {
  private static final Map<String, double[]> RATES =
      new TreeMap<>(
          Map.of(
              "adamw", new double[] {1e-3, 3e-3, 1e-2, 3e-2},
              "sgd", new double[] {0.1, 0.3, 1, 3},
              "sgd-momentum", new double[] {0.03, 0.1, 0.3, 1},
              "sgd-nesterov", new double[] {0.03, 0.1, 0.3, 1}));

  @Override
  public String id() {
    return "optimizers";
  }

  @Override
  public String description() {
    return "steps for loss: which optimizer learns most from this text in few steps";
  }

  @Override
  public boolean needsModel() {
    return false;
  }

  @Override
  public Axes axes() {
    return new Axes("steps", "steps", "nats a token", "");
  }

  @Override
  public SortedMap<String, String> methods() {
    TreeMap<String, String> methods = new TreeMap<>();
    methods.put("adamw", "Adam with decoupled decay (arXiv 1711.05101)");
    methods.put("sgd", "the gradient alone");
    methods.put("sgd-momentum", "with momentum 0.9");
    methods.put("sgd-nesterov", "with Nesterov's momentum 0.9");
    return methods;
  }

  @Override
  public List<String> usual() {
    return List.copyOf(methods().keySet());
  }

  @Override
  public List<Double> budgets() {
    return List.of(50.0, 100.0, 200.0);
  }

  @Override
  public SortedMap<String, String> settings() {
    SortedMap<String, String> settings = SmallTraining.defaults();
    settings.remove("steps");
    settings.remove("rate");
    return settings;
  }

  @Override
  public Bench open(Question question, Progress progress) {
    for (double budget : question.budgets()) {
      if (budget != Math.rint(budget) || budget < 2) {
        throw new IllegalArgumentException(
            "a budget is a whole number of steps from 2, not " + budget);
      }
    }
    return new Ruler(SmallTraining.of(question.text(), question.settings()));
  }

  private static Function<List<Tensor>, Optimizer> maker(String method) {
    return switch (method) {
      case "adamw" -> p -> new AdamW(p, new AdamW.Settings(0.9, 0.99, 1e-8, 0.01));
      case "sgd" -> p -> new Sgd(p, new Sgd.Settings(0, 0, false));
      case "sgd-momentum" -> p -> new Sgd(p, new Sgd.Settings(0.9, 0, false));
      case "sgd-nesterov" -> p -> new Sgd(p, new Sgd.Settings(0.9, 0, true));
      default -> throw new IllegalStateException(method);
    };
  }

  private record Ruler(SmallTraining small) implements Bench {
    @Override
    public String source() {
      return small.source();
    }

    @Override
    public Trial.Measured reference() {
      return small.reference();
    }

    @Override
    public boolean seedless(String method) {
      return false;
    }

    @Override
    public Trial trial(String method, double budget, long seed, Progress progress) {
      double least = Double.POSITIVE_INFINITY;
      double[] losses = {};
      double chosen = Double.NaN;
      double seconds = 0;
      double[] rates = RATES.getOrDefault(method, new double[0]);
      for (double rate : rates) {
        long start = System.nanoTime();
        Model model =
            small.train(
                small.config(),
                maker(method),
                Math.toIntExact(Math.round(budget)),
                rate,
                seed,
                progress);
        double took = (System.nanoTime() - start) / 1e9;
        if (model == null) {
          continue;
        }
        double loss = Estimate.of(LanguageModeling.losses(model, small.validation())).mean();
        if (loss < least) {
          least = loss;
          chosen = rate;
          seconds = took;
          losses = LanguageModeling.losses(model, small.heldOut());
        }
      }
      if (losses.length == 0) {
        return new Trial.Refused("the training diverged at every learning rate");
      }
      return new Trial.Measured(
          budget,
          losses,
          Trial.UNMEASURED,
          Map.of("seconds", seconds),
          true,
          String.format(Locale.ROOT, "learning rate %.2g, the best of %d", chosen, rates.length));
    }
  }
}
