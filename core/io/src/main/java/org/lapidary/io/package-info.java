/** Checkpoints and model formats. */
@NullMarked
package org.lapidary.io;

import org.jspecify.annotations.NullMarked;
