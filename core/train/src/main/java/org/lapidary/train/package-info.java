/** Losses, optimizers, schedules, the Trainer. */
@NullMarked
package org.lapidary.train;

import org.jspecify.annotations.NullMarked;
