/** Cutting down. */
@NullMarked
package org.lapidary.compress;

import org.jspecify.annotations.NullMarked;
