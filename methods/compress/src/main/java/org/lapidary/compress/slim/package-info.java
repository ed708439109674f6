/**
 * Slimming to a budget: an integer program gives every matrix a pattern and a width, whose cost in
 * output divergence was measured matrix by matrix. Joins rows of this room: Wanda masks refined by
 * {@link org.lapidary.compress.dsnot.Dsnot}, error-compensated rounding by {@link
 * org.lapidary.compress.Gptq}.
 */
@NullMarked
package org.lapidary.compress.slim;

import org.jspecify.annotations.NullMarked;
