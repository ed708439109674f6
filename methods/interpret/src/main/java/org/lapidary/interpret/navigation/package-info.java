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
package org.lapidary.interpret.navigation;

import org.jspecify.annotations.NullMarked;
