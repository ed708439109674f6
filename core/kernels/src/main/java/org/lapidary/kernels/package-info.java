/** Vector API kernels on MemorySegment. */
@NullMarked
package org.lapidary.kernels;

import org.jspecify.annotations.NullMarked;
