/**
 * Neural circuit diagrams: arrays as bundles of axis lines that run from left to right through
 * boxes, typed, compiled, costed, differentiated and drawn.
 *
 * <p>A {@link org.lapidary.interpret.diagram.Wire} is an array whose axes have names and symbolic
 * sizes; a {@link org.lapidary.interpret.diagram.Box} does a {@link
 * org.lapidary.interpret.diagram.Morphism} to some of the arrays that run at its place. A box
 * addresses the axes that it touches by name and is lifted over all others, so that for every index
 * i of a lifted axis f(A)[i] = f(A[i]). A wire that is read twice is copied. One box, contract, is
 * every product: at equal indices of axes of one name, summed over the axes that the output lacks.
 * A convolution is window (x = stride y + dilation k) and then contract. What the diagram gives:
 *
 * <ul>
 *   <li>{@code check}: sizes are unified as polynomials; what does not fit is named by wire and
 *       axis before anything runs;
 *   <li>{@code compile}: a layer of the house; a product of n factors is taken in pairs in the
 *       cheapest order (3^n steps);
 *   <li>{@code cost}: a product costs the product of the sizes of all axes in it, memory at a cut
 *       is the sum of the arrays there; both as polynomials in axis symbols;
 *   <li>{@code backward}: the reverse pass as a diagram: linear boxes turn round, a copy becomes a
 *       sum, a repetition a sum over the axis, a maximum a product with where it stood; the cached
 *       wires are those that enter products and non-linear boxes;
 *   <li>{@code svg}, {@code toString}, {@code parse}: the drawing and the text, both read back;
 *   <li>{@link org.lapidary.interpret.diagram.GraphDiagram}: the recorded graph of any model of the
 *       house as a diagram, as far as boxes stand for its operations;
 *   <li>{@link org.lapidary.interpret.diagram.Slides}: linear boxes that touch different axes
 *       change places; products of products merge.
 * </ul>
 *
 * <p>Of a mistake in a diagram, running its boxes without any check tells whether it is
 * inconsistent: one fails, or gives an array of another size than is drawn. Convolutions write
 * their windows out, k times the input; the memory formula says so.
 */
@NullMarked
@Paper(
    id = "neural-circuit-diagrams",
    title =
        "Neural Circuit Diagrams: Robust Diagrams for the Communication, Implementation, and Analysis of Deep Learning Architectures",
    arxiv = "2402.05424",
    claim =
        "One compositional diagram notation captures transformers, kinds of convolution, residual networks, U-Nets and vision transformers exactly, and code, costs and the reverse pass can be read from it",
    reproduction = NeuralCircuitDiagramsReproduction.class)
package org.lapidary.interpret.diagram;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
