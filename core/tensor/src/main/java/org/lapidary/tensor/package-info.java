/** Tensor, Op, Graph, Scope, autograd, linear algebra. */
@NullMarked
package org.lapidary.tensor;

import org.jspecify.annotations.NullMarked;
