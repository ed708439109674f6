/**
 * Tensors over libtorch, the operations they know as values ({@link org.lapidary.tensor.Op}),
 * graphs of those operations and the readings of a graph. The only room that sees the libtorch
 * binding.
 */
@NullMarked
package org.lapidary.tensor;

import org.jspecify.annotations.NullMarked;
