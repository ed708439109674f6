/**
 * Lazy neurons: in trained transformers few hidden units of an MLP h = ReLU(x W_1 + b_1), y = h W_2
 * + b_2 fire, h [..., dMlp].
 *
 * <ul>
 *   <li>{@link org.lapidary.interpret.lazyneuron.ActivationSparsity} measures it: per layer the
 *       mean share of units that are not zero, each unit's firing rate, the share that never fires,
 *       and the loss when only the k largest entries of every token are kept.
 *   <li>{@link org.lapidary.interpret.lazyneuron.FirstGradient} is why: with y = V p and random V,
 *       E[dL/dp_i] &gt; 0 for active units, so the first steps push them down.
 *   <li>{@link org.lapidary.interpret.lazyneuron.TopK} enforces it: h' keeps the k largest entries
 *       of h, in training and afterwards; {@code top-k-mlp:k} is its name as a channel mixer.
 *   <li>{@link org.lapidary.interpret.lazyneuron.SparseOut} uses it: of W_2 only the rows of active
 *       units are read, 2 dModel (dMlp + nnz) operations a token in all instead of 4 dModel dMlp.
 *   <li>{@link org.lapidary.interpret.lazyneuron.Calibration} is the measure of confidence that
 *       top-k improves under label noise: sum over bins n_b / N |accuracy_b - confidence_b|.
 * </ul>
 *
 * <p>Top-k costs one partial selection a token.
 */
@NullMarked
@Paper(
    id = "lazy-neuron",
    title = "The Lazy Neuron Phenomenon: On Emergence of Activation Sparsity in Transformers",
    arxiv = "2210.06313",
    claim =
        "Training leaves few hidden units of a ReLU transformer active, fewer in wider MLPs and even on random labels, because the first gradients push active units down; keeping only the k largest holds accuracy and makes training on wrong labels more robust",
    reproduction = LazyNeuronReproduction.class)
package org.lapidary.interpret.lazyneuron;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
