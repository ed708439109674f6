/**
 * Features for tasks that are still to come. Training stops adding features once the cost is low,
 * and which of several redundant ones a network keeps depends on its seed; the features of n
 * networks that differ by nothing else, side by side ({@link
 * org.lapidary.interpret.catrepresentations.Cat}), hold more of them:
 *
 * <pre>CATn(x) = [phi_1(x); ...; phi_n(x)]</pre>
 *
 * They are read by linear probes ({@link org.lapidary.interpret.probe.SoftmaxProbe}) or few-shot
 * ({@link org.lapidary.interpret.catrepresentations.FewShot}), trained further in two stages
 * ({@link org.lapidary.interpret.catrepresentations.Finetuning}), and pressed back into one network
 * ({@link org.lapidary.interpret.catrepresentations.Distillation}). {@link
 * org.lapidary.interpret.probe.LinearReadout} says how much of one network another has. Costs n
 * networks, each as large as the one.
 *
 * <p>The reproduction pretrains on half of MNIST's digits; the tasks to come are the other half,
 * and all digits transposed. Networks are half as wide as in the entry (16 and 32 channels).
 */
@NullMarked
@Paper(
    id = "cat-representations",
    title = "Learning useful representations for shifting tasks and distributions",
    arxiv = "2212.07346",
    claim =
        "On other tasks the features of several networks side by side are better than those of one network of the same size or of longer training, though no better on the task that they were trained on; distillation keeps part of it",
    reproduction = CatReproduction.class)
package org.lapidary.interpret.catrepresentations;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
