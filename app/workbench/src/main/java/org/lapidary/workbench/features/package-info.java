/**
 * The pages of features: dictionaries that were indexed, lists and searches, one feature, what
 * fires on a text, what holding a feature does, and the circuit of a prompt.
 */
@NullMarked
package org.lapidary.workbench.features;

import org.jspecify.annotations.NullMarked;
