/** A package that is no method. */
@NullMarked
package org.lapidary.catalog.sample.bare;

import org.jspecify.annotations.NullMarked;
