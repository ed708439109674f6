package org.lapidary.compress;

import org.lapidary.data.Datasets;
import org.lapidary.io.model.Models;
import org.lapidary.nn.Model;
import org.lapidary.nn.Sampler;
import org.lapidary.tensor.Rng;

/** The small trained language model stories260K and texts it writes: what several rows work on. */
public final class Stories {
  private Stories() {}

  /** The model, from the data set {@code stories260K}. */
  public static Model model() {
    return Models.load(Datasets.get("stories260K").resolve("stories260K.bin"));
  }

  /** Texts sampled from a model at temperature 1, each from the beginning token. */
  public static int[][] texts(Model model, int count, int length, long seed) {
    return new Sampler(1).texts(model.decoder(), 1, count, length, new Rng(seed));
  }
}
