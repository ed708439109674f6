/** A method that the catalog does not agree with. */
@NullMarked
@Paper(
    id = "goood",
    title = "A Better Paper",
    claim = " ",
    reproduction = org.lapidary.catalog.sample.good.CountingReproduction.class)
package org.lapidary.catalog.sample.bad;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
