/**
 * The catalog of methods: its rows, the packages that declare them with {@link
 * org.lapidary.evidence.Paper}, their reproductions, and the ledger of what was measured.
 */
@NullMarked
package org.lapidary.catalog;

import org.jspecify.annotations.NullMarked;
