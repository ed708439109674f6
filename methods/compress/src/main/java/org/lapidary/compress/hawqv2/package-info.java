/**
 * Bit widths layer by layer from the trace of the Hessian. Near a minimum, rounding the weights of
 * layer i by dW_i raises the loss by about
 *
 * <p>Omega_i = avgTr(H_i) ||Q_b(W_i) - W_i||^2, with avgTr(H_i) = Tr(H_i) / n_i,
 *
 * <p>the mean of all n_i eigenvalues of the layer's block of the Hessian and not, as in HAWQ, the
 * largest alone. Traces come from Hutchinson's estimate, one Hessian-vector product for all layers
 * at once (see {@link org.lapidary.compress.Hutchinson}). Activations are treated alike, with the
 * Hessian over what a layer reads, whose blocks of different examples are independent. Among the
 * configurations that give a layer of a larger average trace no fewer bits, the Pareto front of
 * size against the sum of Omega_i is found exactly, and the point of least Omega within the budget
 * is taken. Then all layers are trained together, gradients passing straight through the rounding.
 *
 * <p>Weights have one scale for each output channel, activations one clipped range for each layer,
 * both with the least squared error. Costs about {@code 2 * probes} gradients of the loss on a few
 * hundred examples.
 *
 * <p>The reproduction has CIFAR-10's first 4,000 training and 1,000 test images, which stand in for
 * a subset of 10,000, halved to 16x16 pixels so that three networks with their curvature take
 * minutes. They are trained on flipped and shifted images: without, a network learns the 4,000 by
 * heart, and traces taken on them say nothing about the loss on others.
 *
 * <p>As published, every plan has activations of 4 bits, and each method keeps to its own order of
 * layers: average trace here, eigenvalue over weights for HAWQ. Rounded networks are trained on at
 * the rate of the authors' code, 1e-4, with batch norms fixed. At the tenfold rate, 1e-3, and free
 * batch norms two epochs mend 3-bit rounding of so small a network almost wholly, and all plans but
 * the reversed one end within a point.
 */
@NullMarked
@Paper(
    id = "hawq-v2",
    title = "HAWQ-V2: Hessian Aware trace-Weighted Quantization of Neural Networks",
    arxiv = "1911.03852",
    claim =
        "The average Hessian trace times the squared rounding error tells which layers need bits: at the size of a uniform width, widths chosen by it keep more accuracy than uniform widths, the reversed order, or the largest eigenvalue",
    reproduction = HawqV2Reproduction.class)
package org.lapidary.compress.hawqv2;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
