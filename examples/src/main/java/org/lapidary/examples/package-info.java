/** Four short programs against the public API. */
@NullMarked
package org.lapidary.examples;

import org.jspecify.annotations.NullMarked;
