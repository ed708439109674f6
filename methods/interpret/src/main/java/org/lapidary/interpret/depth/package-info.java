/**
 * Effective depth. In a pre-norm residual model h_{l+1} = h_l + a_l + m_l (attention and MLP), with
 * h [batch, position, dModel]:
 *
 * <ul>
 *   <li>contributions: |a_l| / |h_l|, |m_l| / |h_l + a_l| and cosines with the stream;
 *   <li>local skip effect: with layer s skipped (h'_{s+1} = h_s), E(s, l) = max over prompts and
 *       tokens of |(h_{l+1} - h_l) - (h'_{l+1} - h'_l)| / |h_{l+1} - h_l|, and the change of the
 *       output probabilities;
 *   <li>future effect: the same at positions after t when s is skipped up to t only;
 *   <li>logit lens: KL(p_final || softmax(W_U LN_f(h_l)));
 *   <li>depth score: integrated gradients of the answer's log-probability along the path that turns
 *       each layer's contribution on, sum_l l w_l / sum_l w_l;
 *   <li>cross-model maps: ridge regression from the streams of one model to those of another.
 * </ul>
 *
 * Costs one pass for the contributions and two passes a layer for the effects.
 */
@NullMarked
@Paper(
    id = "depth-efficiency",
    title = "Do Language Models Use Their Depth Efficiently?",
    arxiv = "2505.13898",
    claim =
        "Second-half layers contribute less to later tokens than first-half layers, and linear maps from a shallow to a deeper model are best at equal relative depth",
    reproduction = DepthEfficiencyReproduction.class)
package org.lapidary.interpret.depth;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
