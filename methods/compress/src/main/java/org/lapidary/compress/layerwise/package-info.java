/**
 * Bits by block. The blocks of a decoder are ranked by how much they matter, the m least important
 * ones get fewer bits than the others, and so any average width is reached:
 *
 * <p>m = round(L (b_hi - B) / (b_hi - b_lo)) of L blocks at b_lo, the others at b_hi, for an
 * average of B bits.
 *
 * <p>LIM_i = -mean_t cos(h_in, h_out), the residual stream before and after block i: a block that
 * turns the stream more matters more. ZD_i, without data: the smaller the share of weights with z =
 * (w - mean) / deviation above 1, the more the block matters. All matrices of a block are rounded;
 * embeddings and the unembedding stay. A quantiser that spreads bits inside a matrix by itself gets
 * a target for each block instead ({@link org.lapidary.compress.layerwise.ColumnRounding}). Costs
 * one forward pass over the calibration tokens, besides the quantiser underneath.
 *
 * <p>In the small models of the reproduction ZD orders the blocks the wrong way round, with every
 * seed: all matrices of a block are pooled, and the MLP matrices of the later blocks have a quarter
 * of the deviation of their attention matrices, those of the first block about the same. Values of
 * such different sizes together have a heavy tail, and few are above one common deviation. So the
 * first block, by far the most important one (2 bits there cost 0.08 nats, elsewhere 0.01 at most),
 * has the largest share and counts as the least important. Four times as many steps of training
 * change nothing about it. LIM has no such trouble.
 */
@NullMarked
@Paper(
    id = "layerwise-quant",
    title =
        "Layer-Wise Quantization: A Pragmatic and Effective Method for Quantizing LLMs Beyond Integer Bit-Levels",
    arxiv = "2406.17415",
    claim =
        "Giving the more important blocks more bits keeps quality near the original until a quarter to half of the blocks are lowered, adds to quantisers that spread bits themselves, beats dropping blocks at equal size, and deeper models tolerate more",
    reproduction = LayerwiseQuantReproduction.class)
package org.lapidary.compress.layerwise;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
