package org.lapidary.cli.sample;

import java.util.List;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Figure;
import org.lapidary.evidence.Reproduction;

/** Holds from two seeds on. */
public final class CountingReproduction implements Reproduction {
  @Override
  public Outcome run(Setting setting) {
    setting.progress().begin("counting", setting.seeds().size());
    setting.progress().end();
    return new Outcome(
        List.of(
            Check.atLeast("seeds", setting.seeds().size(), 2),
            Check.reported("full", setting.full() ? 1 : 0)),
        List.of(new Figure.Table("A table", List.of("a"), List.of(List.of(1)))));
  }
}
