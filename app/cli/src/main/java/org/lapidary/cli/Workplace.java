package org.lapidary.cli;

import java.util.function.Supplier;
import org.lapidary.catalog.Catalog;
import org.lapidary.catalog.House;

/**
 * What commands work with; each part is made when first asked for.
 *
 * @param catalog of methods
 * @param house the source tree with ledger and METHODS.md
 * @param terminal where output goes
 */
record Workplace(Supplier<Catalog> catalog, Supplier<House> house, Terminal terminal) {
  static Workplace find() {
    return new Workplace(Catalog::load, House::find, Terminal.find());
  }
}
