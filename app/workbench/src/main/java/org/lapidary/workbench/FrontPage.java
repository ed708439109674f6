package org.lapidary.workbench;

import java.util.List;
import org.lapidary.catalog.Ledger;
import org.lapidary.catalog.Status;

/**
 * What the first page says.
 *
 * @param methods rows of the catalog
 * @param working of them
 * @param models in the folders
 * @param reports in the folders
 */
public record FrontPage(
    int methods, long working, List<ModelPages.Listed> models, List<String> reports) {
  private static final int SHOWN = 8;

  static FrontPage of(Bench bench) {
    Ledger ledger = bench.house().ledger();
    return new FrontPage(
        bench.catalog().rows().size(),
        bench.catalog().rows().stream()
            .filter(r -> bench.catalog().status(r, ledger) == Status.WORKING)
            .count(),
        ModelPages.listed(bench).stream().limit(SHOWN).toList(),
        bench.folders().reports().stream().limit(SHOWN).map(bench.folders()::name).toList());
  }
}
