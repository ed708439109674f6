/** Datasets, loaders, generators. */
@NullMarked
package org.lapidary.data;

import org.jspecify.annotations.NullMarked;
