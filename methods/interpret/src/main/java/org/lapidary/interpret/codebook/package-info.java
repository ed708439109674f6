/**
 * Codebooks as bottlenecks of a transformer: every hidden state becomes the mean of the k codes
 * most similar to it, so that what a token carries is a list of k discrete ids that can be searched
 * and set.
 *
 * <p>{@link org.lapidary.interpret.codebook.Codebook}: C [codes, width], a [..., width], T = the k
 * codes of largest cosine with a, q = mean of T. The derivative of q goes on to a as it is, and
 * codes learn from the task and from the mean over tokens of |q - a|^2 with a held fixed. {@link
 * org.lapidary.interpret.codebook.CodebookModel} puts one on the output of every attention head
 * (before W_O) and of every MLP, trains model and codes together, lists the ids of texts and forces
 * codes at a position. A codebook is also a {@link org.lapidary.interpret.dictionary.Dictionary}
 * whose activation gives the k chosen codes 1 / k each. A token costs O(codes width).
 *
 * <p>The reproduction trains a model of walks over 36 states (1000 batches of 32 at 3e-3), then the
 * same with codebooks (1500 more). Codes are chosen by distance and inputs are pulled to them
 * ({@link org.lapidary.interpret.codebook.Codebook.Learning#VQVAE}): with the cosine and inputs
 * that learn from the task alone, which is the default, so short a training does not get there
 * (transition accuracy 0.4), the paper's is a hundred times as long.
 *
 * <p>Forcing the codes of another state at one token moves the next digit (99% of the mass on the
 * first digits of its successors) but not the one after: there, two tokens on, the heads of the
 * first layer read the digits of the old state once more from their embeddings, which no bottleneck
 * covers. As in the paper ("state" and "state-plus-digit" codes) both are forced: at the state's
 * last digit the codes of the other state, at the digit that follows those of that state with that
 * digit.
 */
@NullMarked
@Paper(
    id = "codebook-features",
    title = "Codebook Features: Sparse and Discrete Interpretability for Neural Networks",
    arxiv = "2310.17230",
    claim =
        "A transformer whose every hidden state is one code of a codebook learns walks over more states than it has neurons; single codes stand for states far better than neurons do, and forcing a state's codes makes the model go on from that state",
    reproduction = CodebookReproduction.class)
package org.lapidary.interpret.codebook;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
