/**
 * Latent spaces that networks share without having been trained together. Embeddings E(x) of
 * networks with different seeds differ by nearly a rotation and a scale; their cosines with those
 * of anchors a_1 ... a_m, the same samples for all,
 *
 * <pre>r(x) = (cos(E(x), E(a_1)), ..., cos(E(x), E(a_m)))</pre>
 *
 * do not see either. A decoder that was trained on the relative codes [n, m] of one encoder reads
 * those of another ({@link org.lapidary.interpret.relativerepresentations.Communicating}), and
 * representations of different networks and widths can be compared ({@link
 * org.lapidary.interpret.relativerepresentations.RelativeSimilarity}, {@link
 * org.lapidary.interpret.relativerepresentations.LatentAgreement}). Costs O(m d) a sample.
 */
@NullMarked
@Paper(
    id = "relative-representations",
    title = "Relative representations enable zero-shot latent space communication",
    arxiv = "2209.15430",
    claim =
        "Decoders and classifiers trained on relative codes work, untrained, with the encoders of other networks, where absolute codes fail; neighbourhoods of separately trained spaces agree",
    reproduction = RelativeReproduction.class)
package org.lapidary.interpret.relativerepresentations;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
