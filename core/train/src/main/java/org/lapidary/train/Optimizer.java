package org.lapidary.train;

import java.util.List;
import java.util.Map;
import org.lapidary.tensor.Tensor;

/**
 * Changes parameters in place, given their gradients. Its state is a set of tensors, so that a
 * checkpoint can hold it.
 */
public interface Optimizer extends AutoCloseable {

  /**
   * One step.
   *
   * @param gradients one for each parameter, in their order, of their shapes
   * @param learningRate the rate at this step, from the schedule
   */
  void step(List<Tensor> gradients, double learningRate);

  /** The parameters it changes. */
  List<Tensor> parameters();

  /** Its tensors by name; restoring copies into them. */
  Map<String, Tensor> state();

  /** Steps taken, which bias correction needs. */
  long steps();

  /** Continues as after so many steps; the tensors of {@link #state} are restored by the caller. */
  void restore(long steps);

  @Override
  void close();
}
