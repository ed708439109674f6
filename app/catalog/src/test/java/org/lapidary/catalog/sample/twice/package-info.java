/** A method that the catalog does not agree with. */
@NullMarked
@Paper(
    id = "good",
    title = "A Better Paper",
    claim = " ",
    reproduction = org.lapidary.catalog.sample.good.CountingReproduction.class)
package org.lapidary.catalog.sample.twice;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
