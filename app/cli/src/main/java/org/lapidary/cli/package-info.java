/** The command line. */
@NullMarked
package org.lapidary.cli;

import org.jspecify.annotations.NullMarked;
