/**
 * How few hidden units fire (Li et al., 2023, "The Lazy Neuron Phenomenon", arXiv 2210.06313): the
 * audit of a model's MLPs. For h [..., dMlp] after the activation: the share of entries that are
 * not zero (or not near zero, for smooth activations), each unit's firing rate, and the loss when
 * only the k largest entries of every token are kept.
 */
@NullMarked
package org.lapidary.interpret.lazyneuron;

import org.jspecify.annotations.NullMarked;
