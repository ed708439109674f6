/**
 * Learning in context: {@link org.lapidary.interpret.incontext.InContextModel} reads labelled
 * points and predicts the next label, {@link org.lapidary.interpret.incontext.InContextAlgorithm}
 * are the textbook learners beside it, and {@link org.lapidary.interpret.incontext.Agreement} says
 * how near two learners are.
 */
@NullMarked
package org.lapidary.interpret.incontext;

import org.jspecify.annotations.NullMarked;
