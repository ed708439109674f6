/**
 * Learning in the information plane. Each layer T of a network is a point (I(X; T), I(T; Y)), in
 * bits, over all inputs of an enumerable task ({@link
 * org.lapidary.interpret.informationplane.Joint}); units are binned ({@link
 * org.lapidary.interpret.informationplane.Binning}), so that T is a code and I(X; T) = H(T). {@link
 * org.lapidary.interpret.informationplane.InformationPlane} follows the points through training,
 * with the signal-to-noise ratio of the gradients; {@link
 * org.lapidary.interpret.informationplane.Bottleneck} is the limit I(T; Y) <= IB(I(X; T)). The task
 * is the paper's ({@link org.lapidary.interpret.informationplane.Icosahedron}). A look costs
 * O(inputs units).
 *
 * <p>How much a layer is seen to compress depends on the nonlinearity and on the bins: saturating
 * units pile up in the outer bins. The reproduction shows ReLU units beside tanh units. At this
 * batch size the deviation of the gradient exceeds its mean from the first epochs on (in the mean
 * over matrices), so the transition that is reported is early; their ratio rises once more while
 * the network fits, and falls by a factor of about five when compression begins, as the figure
 * shows. So where the entry's rule finds the transition near the peak, it is because the peak of
 * that seed is in the first epochs as well: it says little about which causes which.
 */
@NullMarked
@Paper(
    id = "information-plane",
    title = "Opening the Black Box of Deep Neural Networks via Information",
    arxiv = "1703.00810",
    claim =
        "Most of training compresses: after a short fit, layers of tanh units give up bits about the input, from when the noise of the gradients exceeds their mean; they end near the information bottleneck, and more hidden layers take fewer epochs",
    reproduction = InformationPlaneReproduction.class)
package org.lapidary.interpret.informationplane;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
