/** Which activations a difference of outputs comes from, estimated with gradients. */
@NullMarked
package org.lapidary.interpret.attribution;

import org.jspecify.annotations.NullMarked;
