/**
 * The main job, and the comparison of two models on which every command that writes a model relies.
 */
@NullMarked
package org.lapidary.assay;

import org.jspecify.annotations.NullMarked;
