/**
 * What a layer of an in-context regressor is worth in steps of an algorithm.
 *
 * <p>A model reads x_1, y_1, ..., x_n, y_n with y = w x, w ~ N(0, I), x ~ N(0, S), and predicts
 * each y_i from the points before it. With X [t, d] and Y [t] the points so far and S_t = X^T X:
 *
 * <ul>
 *   <li>Newton's iteration (Schulz): M_0 = S_t / lambda_max^2, M_{k+1} = 2 M_k - M_k S_t M_k, w_k =
 *       M_k X^T Y. The error of M squares in every step: log2(steps) behind gradient descent.
 *   <li>Gradient descent: w_{k+1} = w_k - (S_t w_k - X^T Y) / lambda_max.
 *   <li>Readout: for every layer l a ridge map from its stream at the tokens of x to y ({@link
 *       org.lapidary.interpret.iclnewton.LayerReadouts}).
 *   <li>Similarity of errors: SimE(A, B) = E cos((A(i) - y_i)_i, (B(i) - y_i)_i), best match k*(l)
 *       = argmax_k SimE(layer l, algorithm after k steps) ({@link
 *       org.lapidary.interpret.iclnewton.AlgorithmMatch}).
 * </ul>
 *
 * {@link org.lapidary.interpret.iclnewton.NewtonTransformer} takes the steps by construction, two
 * layers of linear attention each. Readouts cost one pass and a solve of width^3 a layer; a match
 * O(sequences n d^3) a step of the algorithm.
 *
 * <p>The measured models are smaller than the paper's (d = 20, 40 examples, 12 layers of width
 * 256), so that they train in minutes: d = 4 with 8 examples, the same 2 d, 6 layers of width 32.
 * The model of condition number 30 goes on from the isotropic one; from new weights the same number
 * of steps is not enough to be more exact than 20 steps of gradient descent.
 */
@NullMarked
@Paper(
    id = "icl-newton",
    title =
        "Transformers Learn Higher-Order Optimization Methods for In-Context Learning: A Study with Linear Models",
    arxiv = "2310.17086",
    claim =
        "The layers of an in-context regressor follow the iterates of Newton's method at a linear rate, where gradient descent needs many times more steps; LSTMs are like online gradient descent",
    reproduction = IclNewtonReproduction.class)
package org.lapidary.interpret.iclnewton;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
