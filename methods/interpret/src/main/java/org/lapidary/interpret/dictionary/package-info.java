/**
 * Sparse dictionaries: wide, sparsely active layers that rewrite activations as sums of few
 * features. One type serves those that reconstruct what they read (sparse autoencoders) and those
 * that predict another activation (transcoders).
 */
@NullMarked
package org.lapidary.interpret.dictionary;

import org.jspecify.annotations.NullMarked;
