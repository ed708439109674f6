/** A method as the catalog expects it. */
@NullMarked
@Paper(
    id = "good",
    title = "A Good | Paper",
    arxiv = "2401.00001",
    claim = "Two is more than one.",
    reproduction = CountingReproduction.class)
package org.lapidary.catalog.sample.good;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
