/**
 * Transcoders. A transcoder imitates an MLP of a transformer, x (after the norm) to y (before the
 * residual sum), by a wide and sparse layer
 *
 * <p>z = ReLU(W_enc x + b_enc), TC(x) = W_dec^T z + b_dec,
 *
 * <p>trained on mean ||MLP(x) - TC(x)||^2 + lambda mean ||z||_1. With attention patterns and norm
 * scales held fixed, features of different layers are connected by plain products: feature i of
 * layer l adds
 *
 * <p>z_{l,i} (f_dec_{l,i} . f_enc_{l',j})
 *
 * <p>to the pre-activation of feature j of a later layer l' at the same token, and A_h(t, s)
 * z_{l,i}(s) (f_dec_{l,i} . (W_OV^h)^T f_enc_{l',j}) through head h from token s. The first factors
 * depend on the input, the last never does. {@link org.lapidary.interpret.transcoder.FrozenPass}
 * lists all such terms of one prompt; they sum to the pre-activation. {@link
 * org.lapidary.interpret.transcoder.CircuitSearch} follows the largest back to the embeddings;
 * {@link org.lapidary.interpret.transcoder.InvariantView} shows the factors that depend on no
 * input.
 *
 * <p>A step of training costs one product [tokens, d] by [d, features] for the encoder and four
 * that go with the number of features that fire, see {@link
 * org.lapidary.interpret.dictionary.DictionaryTrainer}; listing the terms of one feature costs one
 * product with every earlier decoder and value matrix.
 *
 * <p>Greater-than models differ much in how few neurons do their work: over nine of them ten
 * neurons keep a probability difference from 0.74 to 0.96 and ten features 0.86 to 0.98, so each
 * seed trains three models. The features must not be too sparse: at lambda 3, where 3 fire per
 * prompt, ten of them lose to as many neurons on some models.
 *
 * <p>The comparison with an autoencoder takes one trained language model and dictionaries of three
 * seeds. It depends on how long both are trained. At 24 of 768 features per token the transcoder
 * costs 1.9 times as many nats as the autoencoder after 2000 batches of 1024 at the rate 5e-3, 1.1
 * times after 24000 batches of 256 at 1e-2; the more features fire, the better it stands, since the
 * MLP itself is a transcoder of 384 features.
 */
@NullMarked
@Paper(
    id = "transcoder",
    title = "Transcoders Find Interpretable LLM Feature Circuits",
    arxiv = "2406.11944",
    claim =
        "Transcoders keep at least as much of a language model's loss as sparse autoencoders of the MLP output at the same sparsity, and few transcoder features explain a greater-than circuit better than as many neurons",
    reproduction = TranscoderReproduction.class)
package org.lapidary.interpret.transcoder;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
