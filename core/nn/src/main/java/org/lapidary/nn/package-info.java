/**
 * Layers with named parameters and named sites, the standard layers, the {@link
 * org.lapidary.nn.Decoder} backbone with slots filled by name, and models.
 */
@NullMarked
package org.lapidary.nn;

import org.jspecify.annotations.NullMarked;
