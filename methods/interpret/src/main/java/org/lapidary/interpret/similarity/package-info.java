/**
 * How alike two representations of the same stimuli are: one number behind {@link
 * org.lapidary.interpret.similarity.Similarity}, and what it would be by chance.
 */
@NullMarked
package org.lapidary.interpret.similarity;

import org.jspecify.annotations.NullMarked;
