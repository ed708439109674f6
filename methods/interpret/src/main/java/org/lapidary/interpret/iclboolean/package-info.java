/**
 * Learning Boolean functions in context: which classes a sequence model learns to learn, beside the
 * learners that are optimal or natural for each class.
 *
 * <p>Sequences show x_1, y_1, x_2, y_2, ... with x_i in {-1, 1}^n and y_i = f(x_i), f drawn anew
 * for every sequence ({@link org.lapidary.interpret.tasks.BooleanPrompts}); the model reads the
 * tokens (x_i, 0), (0, y_i) and is trained on the logistic loss of every y_i. Literals w_j in {-1,
 * 0, 1}:
 *
 * <ul>
 *   <li>conjunction: y = 1 iff w x = |w|_1; learner: the literals that held at all positive points;
 *   <li>parity: y = the sum of a subset of bits mod 2; learner: Gaussian elimination over GF(2);
 *   <li>nearest neighbour: the first k labels are random, later ones copy that of the nearest;
 *   <li>disjunction, sparse disjunction, DNF, CNF, majority, threshold, halfspace, sparse parity;
 *   <li>teaching ({@link org.lapidary.interpret.iclboolean.Teaching}): t + 2 points after which one
 *       conjunction of t literals is left.
 * </ul>
 *
 * {@link org.lapidary.interpret.iclboolean.BooleanIcl} trains a transformer, an LSTM, or a
 * transformer with any other token mixer of the house, and gives its accuracy after every number of
 * examples. A training step costs O(batch m (layers width^2 + m width)).
 *
 * <p>The measured transformers are narrower (32 instead of the paper's 256) and see 1,000 to 2,000
 * batches of 64 sequences, n = 8, m = 24, at a rate ten times that of the paper, so that eleven
 * models train in minutes.
 */
@NullMarked
@Paper(
    id = "icl-boolean",
    title =
        "Understanding In-Context Learning in Transformers and LLMs by Learning to Learn Discrete Functions",
    arxiv = "2310.03016",
    claim =
        "Transformers learn conjunctions in context nearly optimally and fail on parities; attention beats an LSTM where points must be looked up; after a teaching sequence they know the function, and a model of both kinds of input picks the right algorithm",
    reproduction = IclBooleanReproduction.class)
package org.lapidary.interpret.iclboolean;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
