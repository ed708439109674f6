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
