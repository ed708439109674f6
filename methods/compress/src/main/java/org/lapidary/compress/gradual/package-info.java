/**
 * Pruning while training. Every dt steps the smallest weights of each parameter are dropped, so
 * that its sparsity follows a cubic ramp,
 *
 * <p>s_t = s_f + (s_i - s_f) (1 - (t - t0) / (n dt))^3, exactly round((1 - s_t) N) of N weights
 * kept,
 *
 * <p>and training goes on with what is left, between the updates and after the last. A dropped
 * weight is 0 and stays 0: its gradient is zeroed. Pruned are all weights of two or more
 * dimensions, [out, ...], embeddings and the stacked gates of an LSTM included. An update costs a
 * sort of every weight, the steps between two passes over the masks.
 *
 * <p>Also here: one threshold for all parameters, blocks of outputs, N:M groups, dropped weights
 * that may return ({@link org.lapidary.compress.gradual.GradualPruning}), bytes with bit masks or
 * relative indices ({@link org.lapidary.compress.gradual.SparseSize}), and the protocol by which
 * the paper compares large sparse with small dense networks ({@link
 * org.lapidary.compress.gradual.LargeSparseVsSmallDense}).
 *
 * <p>The reproduction trains its LSTMs on windows of 16 characters, with two seeds, to be done in
 * minutes; the dense widths are those closest to the non-zeros, biases and norms counted.
 */
@NullMarked
@Paper(
    id = "gradual-magnitude-pruning",
    title = "To prune, or not to prune: exploring the efficacy of pruning for model compression",
    arxiv = "1710.01878",
    claim =
        "A large network pruned gradually while it trains is better than a small dense network with as many parameters as it has non-zeros",
    reproduction = GradualPruningReproduction.class)
package org.lapidary.compress.gradual;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
