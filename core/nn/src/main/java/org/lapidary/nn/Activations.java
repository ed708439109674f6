package org.lapidary.nn;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.lapidary.tensor.Tensor;

/** Activations by site, in the order in which they were computed. */
public final class Activations {
  private final Map<String, Tensor> bySite;
  private final Tensor output;

  Activations(Map<String, Tensor> bySite, Tensor output) {
    this.bySite = Collections.unmodifiableMap(new LinkedHashMap<>(bySite));
    this.output = output;
  }

  /**
   * The activation at a site.
   *
   * @throws IllegalArgumentException naming the captured sites, if it is not among them
   */
  public Tensor at(String site) {
    Tensor found = bySite.get(site);
    if (found == null) {
      throw new IllegalArgumentException(
          "the site '%s' was not captured; captured are %s".formatted(site, bySite.keySet()));
    }
    return found;
  }

  public Set<String> sites() {
    return bySite.keySet();
  }

  public Map<String, Tensor> map() {
    return bySite;
  }

  /** What the model gave in that pass: its logits. */
  public Tensor output() {
    return output;
  }
}
