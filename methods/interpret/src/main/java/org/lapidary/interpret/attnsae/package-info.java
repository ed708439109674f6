/**
 * Sparse dictionaries of what attention heads put together, and where each feature comes from.
 *
 * <p>z [heads * dHead] is the concatenation of the outputs z_h = sum_s A_h(t, s) v_h(s) of a
 * layer's heads, before W_O. A dictionary of it reads f = activation(W_enc z + b_enc) and writes z^
 * = W_dec^T f + b_dec with unit rows in W_dec. Because z is linear in heads and sources, so is what
 * a feature reads:
 *
 * <ul>
 *   <li>pre-activation of i at t = sum over h, s of A_h(t, s) W_enc[i, head h] . v_h(s) + b_enc[i]
 *       ({@link org.lapidary.interpret.attnsae.Attribution#terms}), and with the norm's scale held
 *       fixed the sources split once more, into the embedding and the features of earlier layers
 *       ({@link org.lapidary.interpret.attnsae.Attribution#recursive});
 *   <li>share of head h in feature i: |W_dec[i, head h]| over its sum over heads;
 *   <li>direct effect on the logits: W_dec W_O W_U;
 *   <li>edits keep what the dictionary does not explain: z + (f' - f) W_dec.
 * </ul>
 *
 * Training costs what {@link org.lapidary.interpret.dictionary.DictionaryTrainer} says, the terms
 * of all features at a token O(features heads tokens dHead).
 *
 * <p>The reproduction trains top-k dictionaries (k = 6). ReLU with an L1 penalty, which the paper
 * has, shrinks what it reads: steered to the same L0 it recovers about half of the loss here, and
 * at an L0 of 15 four fifths; it is reported beside. A feature here fires for one target token, so
 * whether it tells the second copy of a prefix from the first is measured on the tokens on which it
 * fires in either, and where its attribution comes from, on those tokens of the second copy that
 * stand once in the prefix: a token that stands there twice has two predecessors to copy from, and
 * heads attend to both. The fixture has rotary positions, and repeated sequences alone in the first
 * quarter of its training, since induction does not form in 2000 steps without.
 */
@NullMarked
@Paper(
    id = "attn-sae",
    title = "Interpreting Attention Layer Outputs with Sparse Autoencoders",
    arxiv = "2406.17759",
    claim =
        "Sparse dictionaries find interpretable features in the outputs of attention layers; each splits exactly by head and source token, most heads write features of several kinds, and one induction feature, set as with another target, moves the prediction to it",
    reproduction = AttentionSaeReproduction.class)
package org.lapidary.interpret.attnsae;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
