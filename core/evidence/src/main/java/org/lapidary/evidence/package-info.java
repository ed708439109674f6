/** What a method is and what it showed: @Paper, Reproduction, Check, Figure, Progress. */
@NullMarked
package org.lapidary.evidence;

import org.jspecify.annotations.NullMarked;
