/**
 * Reads a network as the affine map that it is for one image: y = F x + r.
 *
 * <p>All decisions of non-linear units are frozen at what they were for the image x, and probes are
 * pushed through what is left ({@link org.lapidary.interpret.linearinterpreter.LinearScope}):
 *
 * <ul>
 *   <li>ReLU, leaky ReLU: the slope chosen by x; smooth h: the factor (h(u_0) - h(0)) / u_0, with
 *       h(0) as a bias; max-pooling: the places of x's maxima; norms: x's deviation; gates and
 *       attention patterns: as for x;
 *   <li>r = replay of 0, F p = replay of p minus r, and F x + r = y exactly;
 *   <li>columns of F (impulse responses) by probing pixels, rows F^T e_j (what output j looks at)
 *       by the vector-Jacobian product of the replay; for networks of piecewise linear units F is
 *       the Jacobian, for smooth units it is not;
 *   <li>votes F_c x pixel by pixel and the bias vote r_c of a class; r as a sum over the biases of
 *       the layers; singular vectors and the dominant eigenvector by iteration.
 * </ul>
 *
 * It is a reading of the model's graph with an exhaustive switch over the operations, so it takes
 * any model of the house whose images do not mix in a batch. A replay of n probes costs about two
 * passes over n images.
 *
 * <p>Fashion-MNIST is not among the data sets that the house can read; the super-resolution network
 * learns MNIST, 28 pixels from 14. At this size its filters hardly turn with the edges: their
 * structure tensors are nearly round (anisotropy 0.2), so that this check fails; on CIFAR-10 it was
 * the same. It gains in sharpness, with filters that differ little from one pixel to the next.
 */
@NullMarked
@Paper(
    id = "linear-interpreter",
    title = "A Tour of Convolutional Networks Guided by Linear Interpreters",
    claim =
        "Every convolutional network is an exact affine system for each image; classifiers vote by pixels and depend on their biases, and super-resolution networks use filters oriented along the local edge",
    reproduction = LinearInterpreterReproduction.class)
package org.lapidary.interpret.linearinterpreter;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
