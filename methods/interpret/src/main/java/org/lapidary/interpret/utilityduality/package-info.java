/**
 * Logits as a utility that is learned from revealed preferences, rather than as log-probabilities.
 *
 * <p>u(x, y) is the score of output y, P(y | x) = exp u / sum exp u. Then
 *
 * <p>grad log P(y | x) = grad u(x, y) - E_{y' ~ P(. | x)} grad u(x, y'),
 *
 * <p>so a step of maximum likelihood is, in expectation, one of utility learning: take the output y
 * that was shown, draw competitors y' from the current choice, raise u(y) and lower u(y') ({@link
 * org.lapidary.interpret.utilityduality.UtilityLearning}; all competitors weighted by P give
 * maximum likelihood itself). It holds per position of a sequence.
 *
 * <p>What uses the order of utilities only (greedy choice, top-k) does not change under u to a u +
 * b; what uses probabilities (sampling, expected overlap, likelihood) does. Transforms turn
 * utilities into probabilities ({@link org.lapidary.interpret.utilityduality.Transform}), fitted on
 * held-out demonstrations by their likelihood:
 *
 * <ul>
 *   <li>power: P ~ exp(beta u);
 *   <li>smoothing inverse: targets (1 - eps) onehot + eps / V have the optimum P = (1 - eps) P_true
 *       + eps / V, so P_true = max(P - eps / V, 0) / (1 - eps);
 *   <li>affine ratio: P ~ max(P - c, 0)^beta, which covers both.
 * </ul>
 *
 * The paper's own transform is not in what was at hand of it; these are derived here, and {@code
 * Transform} takes others. The measured models are transformers of 2 layers and width 32, trained
 * for 1,500 steps.
 */
@NullMarked
@Paper(
    id = "utility-probability-duality",
    title = "Utility-Probability Duality of Neural Networks",
    arxiv = "2305.14859",
    claim =
        "Maximum likelihood with a softmax is utility learning; models whose utilities rank well may still sample badly, and with transformed probabilities sampling and minimum-risk decoding gain",
    reproduction = UtilityDualityReproduction.class)
package org.lapidary.interpret.utilityduality;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
