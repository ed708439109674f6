/**
 * Optimizers, schedules, and a {@link org.lapidary.train.Trainer} that resumes with the same bits.
 */
@NullMarked
package org.lapidary.train;

import org.jspecify.annotations.NullMarked;
