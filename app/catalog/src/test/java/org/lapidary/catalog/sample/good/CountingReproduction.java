package org.lapidary.catalog.sample.good;

import java.util.List;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Reproduction;

/** Counts to the number of its seeds. */
public final class CountingReproduction implements Reproduction {
  @Override
  public Outcome run(Setting setting) {
    setting.progress().begin("counting", setting.seeds().size());
    return new Outcome(
        List.of(
            Check.atLeast("seeds", setting.seeds().size(), 2),
            Check.reported("full", setting.full() ? 1 : 0)),
        List.of());
  }
}
