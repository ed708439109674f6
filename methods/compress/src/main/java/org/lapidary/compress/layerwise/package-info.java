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
