/** Circuits: which parts of a model act on which others while it reads a prompt. */
@NullMarked
package org.lapidary.interpret.circuit;

import org.jspecify.annotations.NullMarked;
