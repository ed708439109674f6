/**
 * Do two networks learn the same units? Over the same inputs (for maps: over all places) the
 * correlations c_ij of the units of A with those of B ({@link
 * org.lapidary.interpret.convergentlearning.UnitCorrelations}, summed over batches) are read three
 * ways:
 *
 * <ul>
 *   <li>one to one: {@link org.lapidary.interpret.convergentlearning.Matching}, each unit's best
 *       partner, with repeats (semi) or without (bipartite). Where semi is far above bipartite,
 *       several units share one; units without a good partner belong to one network alone;
 *   <li>few to one: {@link org.lapidary.interpret.convergentlearning.SparsePrediction}, each unit
 *       of B from as few units of A as will do (LASSO);
 *   <li>many to many: {@link org.lapidary.interpret.convergentlearning.SharedSubspaces}, groups
 *       that span the same subspace in different bases (spectral clustering, canonical
 *       correlations).
 * </ul>
 *
 * Sums cost O(samples (A + B)^2), the bipartite matching O(A^2 B), the clustering O((A + B)^3).
 */
@NullMarked
@Paper(
    id = "convergent-learning",
    title = "Convergent Learning: Do different neural networks learn the same representations?",
    arxiv = "1511.07543",
    claim =
        "Some units are learned by every network and some by one alone; units of one network are predicted by few of another, and groups of them span the same subspaces in different bases",
    reproduction = ConvergentLearningReproduction.class)
package org.lapidary.interpret.convergentlearning;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
