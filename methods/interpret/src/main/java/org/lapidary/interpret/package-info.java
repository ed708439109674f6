/** Looking inside. */
@NullMarked
package org.lapidary.interpret;

import org.jspecify.annotations.NullMarked;
