/**
 * Which learning algorithm an in-context learner runs: it is compared with textbook estimators by
 * what it predicts, built by hand, and probed for what the estimators compute on the way.
 *
 * <p>Data: w ~ N(0, I_d), x_i ~ N(0, I_d), y_i = w x_i + eps, eps ~ N(0, sigma^2); tokens (x_i, 0)
 * and (0, y_i) in turn, every y_i predicted at x_i. With A(D) what a learner has made of points D:
 *
 * <ul>
 *   <li>squared prediction difference: SPD(A, B) = E_D E_x (A(D)(x) - B(D)(x))^2;
 *   <li>difference of induced weights: A(D) is fitted by w_A x at fresh x; ILWD = E ||w_A -
 *       w_B||^2, and R^2 of the fit says whether A(D) is linear at all ({@link
 *       org.lapidary.interpret.incontext.Agreement});
 *   <li>{@link org.lapidary.interpret.icllinear.Construction}: transformers set by hand out of
 *       moves between positions (attention), linear maps, products (GeLU units) and quotients
 *       (layer norm). One step w' = w - 2 a (x (w x - y) + lambda w) takes a stream of O(d), ridge
 *       regression by Sherman and Morrison's formula, B' = B - B x x^T B / (1 + x^T B x), one of
 *       O(d^2). GeLU products are taken at the scale 0.004: at 0.01 their error of order s^2
 *       reaches 0.002 of w where the residual is large;
 *   <li>{@link org.lapidary.interpret.icllinear.StateProbe}: v = f(sum_i softmax(s)_i h_i) for v =
 *       X^T Y or the least-squares w, layer by layer; the control is a model that was trained with
 *       one w for all prompts.
 * </ul>
 *
 * The measured models are smaller than in the paper (16 layers of width 512), so that all of them
 * train in minutes: d = 4, up to 8 examples, 6 layers of width 32 without noise (the model that
 * icl-newton reads as well), 4 layers with noise, 1 layer. A comparison costs one pass of the model
 * and O(sequences n d^3) for the estimators.
 *
 * <p>The trained model's predictions are linear and those of least squares, and w can be read from
 * its late layers better than from its embeddings or from the model of one w, but not as well as
 * asked for: the best probe leaves about 0.5 of the variance (0.44 with twice the units, three
 * times the prompts and four times the steps), the embeddings 0.8, so that two checks of the probes
 * fail.
 */
@NullMarked
@Paper(
    id = "icl-linear-algorithms",
    title = "What learning algorithm is in-context learning? Investigations with linear models",
    arxiv = "2211.15661",
    claim =
        "Transformers can implement gradient descent and ridge regression in their weights; trained ones agree with one gradient step, ridge regression or least squares by depth and noise, and their late layers hold the weight vector",
    reproduction = IclLinearReproduction.class)
package org.lapidary.interpret.icllinear;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
