package org.lapidary.compress;

import org.lapidary.nn.Model;

/**
 * A method that makes a model smaller. Implementations are records of settings; the budget is among
 * them.
 */
public interface Compressor {

  /**
   * A smaller model; the argument stays as it is.
   *
   * @param calibration token sequences of one length, such as the model meets in use
   */
  Model compress(Model model, int[][] calibration);
}
