/** Rows, reproductions, the ledger. */
@NullMarked
package org.lapidary.catalog;

import org.jspecify.annotations.NullMarked;
