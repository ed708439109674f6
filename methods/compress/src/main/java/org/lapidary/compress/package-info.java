/**
 * Cutting models down: what the methods of this room share. {@link
 * org.lapidary.compress.BlockMatrices} names the matrices, {@link
 * org.lapidary.compress.InputStatistics} what they read, {@link org.lapidary.compress.Scores} and
 * {@link org.lapidary.compress.Masks} choose weights, {@link org.lapidary.compress.Quantized} and
 * {@link org.lapidary.compress.Gptq} round them.
 */
@NullMarked
package org.lapidary.compress;

import org.jspecify.annotations.NullMarked;
