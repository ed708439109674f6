/** The training benchmarks' networks in Deep Java Library. */
@NullMarked
package org.lapidary.benchmarks.djl;

import org.jspecify.annotations.NullMarked;
