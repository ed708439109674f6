package org.lapidary.train;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;
import org.lapidary.evidence.Progress;
import org.lapidary.nn.Dropout;
import org.lapidary.nn.Layer;
import org.lapidary.nn.Parameter;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Trains a layer tree in place. A run that is killed at any step and resumed from its last
 * checkpoint ends with the same bits as one that was not, shuffling and dropout included: all that
 * is random follows from the seed and the step.
 */
public final class Trainer {

  /**
   * How to train.
   *
   * @param steps how many optimizer steps
   * @param schedule the learning rate
   * @param clip gradients are scaled so that their joint 2-norm is at most this; 0 leaves them
   * @param seed of everything random
   * @param evaluateEvery steps between evaluations; 0 for none
   * @param patience evaluations without improvement after which training stops early; 0 for never
   * @param checkpoint where the state is kept, or null
   * @param checkpointEvery steps between checkpoints
   */
  public record Settings(
      long steps,
      Schedule schedule,
      double clip,
      long seed,
      long evaluateEvery,
      int patience,
      @Nullable Path checkpoint,
      long checkpointEvery) {

    public static Settings of(long steps, Schedule schedule, long seed) {
      return new Settings(steps, schedule, 0, seed, 0, 0, null, 0);
    }

    public Settings withClip(double norm) {
      return new Settings(
          steps, schedule, norm, seed, evaluateEvery, patience, checkpoint, checkpointEvery);
    }

    public Settings withEvaluation(long every, int patienceLeft) {
      return new Settings(
          steps, schedule, clip, seed, every, patienceLeft, checkpoint, checkpointEvery);
    }

    public Settings withCheckpoint(Path path, long every) {
      return new Settings(steps, schedule, clip, seed, evaluateEvery, patience, path, every);
    }
  }

  /** Called after every step, for schedules of the caller's own such as pruning. */
  @FunctionalInterface
  public interface Callback {
    void after(long step, double loss);
  }

  /**
   * What a run did.
   *
   * @param steps taken in all, those before a resume included
   * @param losses of the steps of this run
   * @param evaluations of the whole run, in order
   * @param stoppedEarly whether patience ran out
   */
  public record Result(
      long steps, double[] losses, List<Evaluation> evaluations, boolean stoppedEarly) {}

  /** A held-out loss after so many steps. */
  public record Evaluation(long step, double loss) {}

  private final Layer layer;
  private final Optimizer optimizer;
  private final Task task;
  private final Settings settings;
  private @Nullable DoubleSupplier evaluation;
  private Callback callback = (step, loss) -> {};

  public Trainer(Layer layer, Optimizer optimizer, Task task, Settings settings) {
    this.layer = layer;
    this.optimizer = optimizer;
    this.task = task;
    this.settings = settings;
  }

  /** Evaluates with this, without gradients and not in training mode. */
  public Trainer evaluateWith(DoubleSupplier heldOutLoss) {
    this.evaluation = heldOutLoss;
    return this;
  }

  public Trainer after(Callback each) {
    this.callback = each;
    return this;
  }

  /** The parameters of a layer tree, in order, marked as wanting gradients. */
  public static List<Tensor> parameters(Layer layer) {
    layer.requiresGrad(true);
    return layer.parameters().values().stream().map(Parameter::tensor).toList();
  }

  /**
   * Trains from the last checkpoint if there is one, else from the beginning. When the progress
   * says stop, a checkpoint is written and what is done is returned.
   *
   * @throws DivergedException if the loss is not finite; the last checkpoint stays as it was
   */
  public Result run(Progress progress) {
    Checkpoint.State state = new Checkpoint.State(0, new ArrayList<>(), Double.MAX_VALUE, 0);
    Path path = settings.checkpoint();
    if (path != null && Files.exists(path)) {
      state = Checkpoint.load(path, layer, optimizer, settings.seed());
    }
    Rng root = new Rng(settings.seed());
    List<Double> losses = new ArrayList<>();
    long step = state.step();
    double best = state.best();
    int worse = state.worse();
    List<Evaluation> evaluations = new ArrayList<>(state.evaluations());
    boolean early = false;
    progress.begin("training", settings.steps());
    layer.training(true);
    try {
      while (step < settings.steps() && !early && !progress.stopped()) {
        double loss = step(step, root.fork(step));
        losses.add(loss);
        callback.after(step, loss);
        step++;
        progress.step(step, String.format(Locale.ROOT, "loss %.4f", loss));
        DoubleSupplier evaluate = evaluation;
        if (evaluate != null
            && settings.evaluateEvery() > 0
            && (step % settings.evaluateEvery() == 0 || step == settings.steps())) {
          double heldOut = evaluate(evaluate);
          evaluations.add(new Evaluation(step, heldOut));
          worse = heldOut < best ? 0 : worse + 1;
          best = Math.min(best, heldOut);
          early = settings.patience() > 0 && worse >= settings.patience();
        }
        if (path != null
            && settings.checkpointEvery() > 0
            && step % settings.checkpointEvery() == 0) {
          Checkpoint.save(
              path,
              layer,
              optimizer,
              settings.seed(),
              new Checkpoint.State(step, evaluations, best, worse));
        }
      }
    } finally {
      layer.training(false);
      progress.end();
    }
    if (path != null) {
      Checkpoint.save(
          path,
          layer,
          optimizer,
          settings.seed(),
          new Checkpoint.State(step, evaluations, best, worse));
    }
    return new Result(
        step, losses.stream().mapToDouble(Double::doubleValue).toArray(), evaluations, early);
  }

  private double step(long step, Rng rng) {
    try (Scope scope = Scope.open()) {
      Tensor loss = Dropout.drawing(rng.fork(1), () -> task.loss(step, rng));
      double value = loss.item();
      if (!Double.isFinite(value)) {
        throw new DivergedException(step, value);
      }
      List<Tensor> gradients = Autograd.grad(loss, optimizer.parameters());
      optimizer.step(
          settings.clip() > 0 ? clipped(gradients) : gradients, settings.schedule().at(step));
      return value;
    }
  }

  private List<Tensor> clipped(List<Tensor> gradients) {
    double square = 0;
    for (Tensor g : gradients) {
      square += g.square().sum().item();
    }
    double norm = Math.sqrt(square);
    if (norm <= settings.clip()) {
      return gradients;
    }
    double scale = settings.clip() / (norm + 1e-6);
    return gradients.stream().map(g -> g.mul(scale)).toList();
  }

  private double evaluate(DoubleSupplier heldOutLoss) {
    layer.training(false);
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      return heldOutLoss.getAsDouble();
    } finally {
      layer.training(true);
    }
  }
}
