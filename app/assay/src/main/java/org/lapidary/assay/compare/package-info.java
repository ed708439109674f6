/**
 * Methods on one ruler: the same model, the same texts, the same seeds and budgets, so that the
 * answer to "which of these helps my model?" is one table and one picture.
 *
 * <p>A {@link org.lapidary.assay.compare.ComparisonTask} says what is traded for what (bytes for
 * loss, features for loss) and runs its methods; {@link org.lapidary.assay.compare.Comparison} asks
 * every method for every budget and seed, pairs what was measured text by text, and finds the front
 * that no other point beats in both.
 */
@NullMarked
package org.lapidary.assay.compare;

import org.jspecify.annotations.NullMarked;
