/**
 * What one layer of linear self-attention learns when it is trained to regress in context: exactly
 * one step of gradient descent.
 *
 * <p>Rows v_i = (x_i, y_i) in R^(d+1), i = 1..n, a query v_q = (x_q, 0). Without softmax, the layer
 * computes
 *
 * <p>G = sum_i v_i v_i^T, yhat = p^T G M v_q, M = W_K^T W_Q [d+1, d+1], p = W_V^T h [d+1].
 *
 * <p>Only A = p_y M_xx [d, d] should have an effect at the optimum, yhat = x_q^T A^T sum_i y_i x_i:
 *
 * <ul>
 *   <li>x ~ N(0, I), w ~ N(0, I), y = w x + eps: A = eta I, eta = 1 / (n + d + 1 + s2), and the
 *       loss is d + s2 - n d eta;
 *   <li>x ~ N(0, S), w ~ N(0, S^-1): A = eta S^-1, the same eta and loss (preconditioned);
 *   <li>y = f(x) + eps, f of a family that rotations do not change: A = eta I, eta = E[u_f g] /
 *       E||g||^2 with g = sum_i y_i x_i and u_f = E[f(x) x].
 * </ul>
 *
 * {@link org.lapidary.interpret.onestepgd.LinearSelfAttention} is the layer, {@link
 * org.lapidary.interpret.onestepgd.OneStep} the closed forms, and {@link
 * org.lapidary.interpret.onestepgd.Identified} what a layer turned out to do. A forward pass costs
 * O(n d^2) a prompt.
 */
@NullMarked
@Paper(
    id = "one-step-gd-lsa",
    title =
        "One Step of Gradient Descent is Provably the Optimal In-Context Learner with One Layer of Linear Self-Attention",
    arxiv = "2307.03576",
    claim =
        "One layer of linear self-attention, trained to regress in context, becomes one step of gradient descent, preconditioned where the inputs are skewed, and stays one step of gradient descent for non-linear targets",
    reproduction = OneStepReproduction.class)
package org.lapidary.interpret.onestepgd;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
