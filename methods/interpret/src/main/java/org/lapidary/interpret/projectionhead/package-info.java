/**
 * Why features are read before the head that they were trained with. A contrastive loss weighs
 * features by how well they survive augmentation; each layer takes that further, so that before the
 * head ({@link org.lapidary.interpret.projectionhead.LinearTheory}: post-head weights w_k = phi_k /
 * (phi_k^2 + s^2), after layer l of L w_k^(l/L)) features are more equal, and those that a later
 * task needs but the loss does not are still there. {@link
 * org.lapidary.interpret.projectionhead.Reweighting} does the same without a trained head. {@link
 * org.lapidary.interpret.projectionhead.FeatureReport} compares representations [n, d] before and
 * after by spectrum and effective rank, {@link org.lapidary.interpret.probe.LinearReadout} by what
 * can be read from them; {@link org.lapidary.interpret.projectionhead.ContrastiveLoss} has the
 * losses. A loss costs O(n^2 d).
 *
 * <p>The probe of the digit is almost without a penalty (l2 of 1e-6 d), so it sees what a
 * representation holds and not how large it is. Parity is learned from 20,000 digits for three
 * epochs.
 *
 * <p>What a fixed reweighting gains over no head is small here and changes with the seed. The
 * formula is the paper's, kappa^-i on coordinate i, with 1.05^63 = 21.6 between the first and the
 * last of 64. On two seeds that are not recorded the accuracy of the digit gained 0.024 on average
 * with shifts of up to 4 pixels, but stayed 0.032 below that before a trained head; -0.001 with
 * shifts of 2 pixels; 0.006 with a colour drawn for every channel; -0.005 at a rate of 6e-3. Two
 * reasons: the optimum of a linear encoder only rescales coordinates, which a probe of standardised
 * features undoes; and without a head the digit is read about as well as before a trained one,
 * unless shifts are wide, so that there is little to win back. So shifts are of up to 3 pixels,
 * chosen on one of those two, and there are six seeds: on these the reweighting loses 0.011, and
 * that check fails.
 */
@NullMarked
@Paper(
    id = "projection-head",
    title = "Investigating the Benefits of Projection Head for Representation Learning",
    arxiv = "2403.11391",
    claim =
        "Each layer weighs features more unequally than the one below; features before a projection head are better for tasks whose features the loss holds weak, and a fixed reweighting does about as well as a trained head",
    reproduction = ProjectionHeadReproduction.class)
package org.lapidary.interpret.projectionhead;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
