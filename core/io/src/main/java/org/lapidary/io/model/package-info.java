/**
 * Trained models in and out: Hugging Face folders and llama2.c files as {@link
 * org.lapidary.nn.Model}s, and their tokenizers.
 */
@NullMarked
package org.lapidary.io.model;

import org.jspecify.annotations.NullMarked;
