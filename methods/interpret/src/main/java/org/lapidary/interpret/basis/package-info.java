/**
 * Ways in which a trained network's parameters are redundant, and coordinates of its layers in
 * which what is redundant is gone.
 *
 * <p>{@link org.lapidary.interpret.basis.Degeneracy}: for a matrix W [out, in] with activations a
 * and the derivative J of the outputs by W a, the Hessian of the behavioural loss is made of J^T J
 * times a a^T, so that
 *
 * <ul>
 *   <li>out (in - rank E[a a^T]) directions are free because activations depend on one another;
 *   <li>(out - rank E[J^T J]) in because gradients do; both together leave at most r_A r_J that are
 *       not, and exactly so many where J does not depend on the example;
 *   <li>ReLUs that are on for the same examples can be mixed by any matrix that is undone after
 *       them. Of those directions the ones that no single matrix has are counted: the rank of A to
 *       J A z over the examples.
 * </ul>
 *
 * N_eff = parameters - free directions; it costs an eigendecomposition for each matrix. Networks of
 * linear layers and one nonlinearity are taken ({@link org.lapidary.interpret.basis.Perceptron}).
 *
 * <p>{@link org.lapidary.interpret.basis.InteractionBasis}, for any {@link
 * org.lapidary.interpret.basis.Chain} of layers, such as the sites of a network of the house, with
 * the mean activation taken off. In the last layer, principal components. Before it, with G = E[f
 * f^T] = U D U^T, J the derivative of the next layer's coordinates by f and M' = E[J^T J]:
 *
 * <pre>
 * D^1/2 U^T M' U D^1/2 = V Lambda V^T,  C = U D^-1/2 V Lambda^1/2,  C+ = Lambda^-1/2 V^T D^1/2 U^T
 * </pre>
 *
 * so that g = C^T f has E[g g^T] = Lambda, and Jacobians from it have the Gram matrix 1. Lambda are
 * the eigenvalues of G M', which stay as they are when f becomes R f and what follows R^-1. It
 * takes r' backward passes over the examples for each step, r' the coordinates of the next layer;
 * with {@code intervals} as many for each point of the path. {@link
 * org.lapidary.interpret.basis.Interactions} are E[(d g_i / d g_j)^2 g_j^2]; {@link
 * org.lapidary.interpret.basis.Modules} finds modules in their logarithms.
 *
 * <p>Modularity's chance is here that of a random graph between neighbouring layers (Barber, 2007).
 * With chance over the whole graph, as it is written most often, two separate networks of four
 * steps each fell into three to five modules, because cutting a deep network across pays.
 *
 * <p>The planted networks learn functions of three bits to three bits and keep the variances of
 * their linear layer nearly equal: with a direction of small variance that whitening stretches,
 * rounding tells principal components apart, and one network has nearly all interactions. Settings
 * were chosen on seeds 100 to 107.
 */
@NullMarked
@Paper(
    id = "interaction-basis",
    title = "Using Degeneracy in the Loss Landscape for Mechanistic Interpretability",
    arxiv = "2405.10927",
    claim =
        "Dependent activations, dependent gradients and ReLUs that fire together lower the number of parameters that matter; in a basis that does not see them, networks have fewer interactions and show their modules",
    reproduction = InteractionBasisReproduction.class)
package org.lapidary.interpret.basis;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
