package org.lapidary.assay.compare;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** A method asked for one budget with one seed. */
public sealed interface Trial {
  /**
   * It did.
   *
   * @param cost what it came to, in the unit of the task
   * @param quality the loss on each text, in the order of the texts
   * @param speed what is gained, or NaN where it is not measured
   * @param extras further figures by name, for the table
   * @param within whether it kept to the budget; else it does not compete for it
   * @param note what a reader must know of it, or empty
   */
  record Measured(
      double cost,
      double[] quality,
      double speed,
      Map<String, Double> extras,
      boolean within,
      String note)
      implements Trial {
    public Measured {
      extras = Collections.unmodifiableMap(new LinkedHashMap<>(extras));
    }
  }

  /** It cannot meet the budget, or not with this model. */
  record Refused(String why) implements Trial {}
}
