/** A method to run from the command line. */
@NullMarked
@Paper(
    id = "counting",
    title = "On Counting",
    arxiv = "2401.00001",
    claim = "Two is more than one.",
    reproduction = CountingReproduction.class)
package org.lapidary.cli.sample;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
