/** Simple models that read a property from activations. */
@NullMarked
package org.lapidary.interpret.probe;

import org.jspecify.annotations.NullMarked;
