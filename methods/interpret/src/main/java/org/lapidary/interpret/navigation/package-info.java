/**
 * The keys of next tokens, and a way to find more answers than one distribution shows. The logit of
 * a token is q . k with the final hidden state q and the unembedding's row k, its key. Where many
 * answers are right, the first ranks are; the middle ranks are tokens whose keys resemble those of
 * the first, right or wrong. In-context navigation asks again for others than what was found: the
 * query moves away from the keys of what is listed, and from all that resembles them.
 *
 * <p>Cost: a forward pass for each round of questions; a k-means over the keys.
 *
 * <p>What does not hold in the experiment: that navigation's precision is 0.05 above one
 * distribution's. Settings were looked for on seed 100. Where the questions without lists are known
 * well, one distribution is right (1.0) and navigation is no better (0.96, and 0.91 with wider
 * MLPs). Where they are shown rarely it has 0.66 and navigation 0.62; with dropout of 0.4 before
 * the keys, 0.456 and 0.444; with 0.6, 0.431 and 0.450, as much as lists of random entities give.
 * Of the questions that came with lists it is 0.944 and 0.984, lists of random entities 0.900:
 * there navigation helps, but leaving out carries over to the other questions only in part. As the
 * settings are (more test questions shown, 0.6) both have 0.556 on seed 100, lists of random
 * entities 0.506 and samples 0.364. The losses are over the distributions of answers rather than
 * drawn ones.
 */
@NullMarked
@Paper(
    id = "icn-navigation",
    title =
        "Correlation and Navigation in the Vocabulary Key Representation Space of Language Models",
    arxiv = "2410.02284",
    claim =
        "Middle ranks of next tokens are filled with those whose keys resemble the first's, and asking for others than the answers found finds more right ones than one distribution does",
    reproduction = IcnNavigationReproduction.class)
package org.lapidary.interpret.navigation;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
