/**
 * Indexes of sparse dictionaries, made to be browsed: how each feature fires over a corpus, where
 * it fires most, what it does to the logits, which features write the same way; and what fires on a
 * text. One index is one folder: {@code features.safetensors} with the tables, which is mapped and
 * not loaded, and {@code dictionary} with the dictionary itself.
 */
@NullMarked
package org.lapidary.interpret.features;

import org.jspecify.annotations.NullMarked;
