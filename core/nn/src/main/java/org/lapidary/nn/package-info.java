/** Layers, sites, backbones, models. */
@NullMarked
package org.lapidary.nn;

import org.jspecify.annotations.NullMarked;
