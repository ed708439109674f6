/**
 * What decides the geometry of a learned representation: the task's or the inputs'?
 * One-hidden-layer networks z = phi(W x + b), output v z, learn tasks on a few conditions whose
 * input geometry has a dial, and {@link org.lapidary.interpret.taskgeometry.Geometry} measures the
 * representation of any layer of any model from its mean activations Z [conditions, width]:
 *
 * <ul>
 *   <li>alignment with the labels and with the inputs: centred kernel alignment of Z Z^T;
 *   <li>parallelism of a variable: the cosine between its coding vectors in different contexts;
 *   <li>cross-condition generalisation: a linear classifier of the variable, trained in some
 *       contexts, tested in the others;
 *   <li>shattering: the share of balanced dichotomies that a hyperplane separates;
 *   <li>participation ratio (sum of eigenvalues)^2 / sum of their squares of the covariance.
 * </ul>
 *
 * <p>Before training tanh has no more of the target's structure than ReLU: less, since random ReLU
 * features already hold products of their inputs.
 */
@NullMarked
@Paper(
    id = "task-geometry",
    title = "Task structure and nonlinearity jointly determine learned representational geometry",
    arxiv = "2401.13558",
    claim =
        "Networks of tanh units take on the structure of their targets, those of ReLU units keep that of their inputs, because ReLU saturates on one side only; for targets of few dimensions tanh is the more disentangled",
    reproduction = TaskGeometryReproduction.class)
package org.lapidary.interpret.taskgeometry;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
