/** Generators of prompts whose right answers are known, for several experiments. */
@NullMarked
package org.lapidary.interpret.tasks;

import org.jspecify.annotations.NullMarked;
