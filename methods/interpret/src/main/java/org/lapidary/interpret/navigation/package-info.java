/**
 * The keys of next tokens, and a way to find more answers than one distribution shows. The logit of
 * a token is q . k with the final hidden state q and the unembedding's row k, its key. Where many
 * answers are right, the first ranks are; the middle ranks are tokens whose keys resemble those of
 * the first, right or wrong. In-context navigation asks again for others than what was found: the
 * query moves away from the keys of what is listed, and from all that resembles them.
 *
 * <p>Cost: a forward pass for each round of questions; a k-means over the keys.
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
