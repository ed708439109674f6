/**
 * Transformers whose circuit is known because it was written: small programs over sequences,
 * compiled into the weights of an ordinary decoder as Tracr does (Lindner et al., 2023, arXiv
 * 2301.05062; the language is RASP of Weiss et al., 2021, arXiv 2106.06981).
 *
 * <p>A {@link org.lapidary.interpret.compiled.Program} names a {@link
 * org.lapidary.interpret.compiled.Variable}, made of others by selecting and aggregating over
 * positions and by maps at one position. {@link org.lapidary.interpret.compiled.Compiled} gives
 * every variable a subspace of the residual stream of its own: a categorical one a dimension for
 * each value (one-hot), a numerical one a single dimension. Selectors become heads, maps become
 * ReLU neurons. Beginning-of-sequence is attended to where nothing is selected; it holds no value,
 * so that the outcome is none, or 0. There are no norms.
 *
 * <p>{@link org.lapidary.interpret.compiled.GroundTruth} knows which heads and MLPs the output
 * depends on, and says how well a circuit that was found agrees.
 */
@NullMarked
package org.lapidary.interpret.compiled;

import org.jspecify.annotations.NullMarked;
