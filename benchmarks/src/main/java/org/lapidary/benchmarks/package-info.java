/** Benchmarks, each against a named peer in the same run. */
@NullMarked
package org.lapidary.benchmarks;

import org.jspecify.annotations.NullMarked;
