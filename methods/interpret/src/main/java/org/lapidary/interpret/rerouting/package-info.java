/**
 * Subspace rerouting as a robustness audit of gated models: a model that declines some prompts
 * shows in the stream of the last token that it will. A search over a few free tokens moves that
 * stream to the side where the gate is open, and success is judged by the model's output.
 *
 * <p>The side is told by a logistic probe for each layer, loss = sum over layers of the
 * cross-entropy with "open" (Probe-SSR), or by the direction r_l between the classes' means, loss =
 * mean cos(h_l, r_l) (Steering-SSR). Only the layers up to the last one that is looked at are run.
 * The gradient of the loss by one-hot tokens [slot, vocab] is that by the embedded tokens times the
 * embedding's transpose.
 *
 * <p>It ships with planted gates only: a generated language of numbered tokens, in which a few
 * tokens close the gate, and a few pairs of fillers, unknown to the search, lift it. A pair lifts
 * it only right before the end: with pairs that work anywhere in the suffix one in 1600 random
 * suffixes would, and 2560 of them are drawn. For the same reason prompts say their content up to
 * four times (all audited ones do), and training prefers prompts that the model gets wrong:
 * otherwise a suffix that happens to weaken the gate is found at random as well. Random suffixes
 * are ranked by the output loss, which knows the answer. These models predict answers only, so
 * suffixes have no perplexity to report.
 *
 * <p>Hardening finetunes on rerouted prompts that keep their gate closed, mixed with clean prompts
 * without pairs: that pairs lift the gate is what the defender wants gone, so clean accuracy is
 * over prompts without them.
 *
 * <p>The settings were not chosen blindly: with half as many hard prompts and the middle block
 * alone, seeds 0 to 2 showed successes of 1, 0 and 0.53 (random suffixes 0.65, 0.4 and 0.85, the
 * output loss 1), for in the second model only the last block shows what lifts a gate. Where all
 * blocks are run, a pass inside costs as much as one with the output loss, which knows the answer.
 *
 * <p>Cost: a step of a search takes one gradient and as many forward passes as it has candidates,
 * through the layers looked at.
 */
@NullMarked
@Paper(
    id = "subspace-rerouting",
    title =
        "Using Mechanistic Interpretability to Craft Adversarial Attacks against Large Language Models",
    arxiv = "2503.06269",
    claim =
        "A search that moves the last token's stream to the accepting side reroutes most prompts, where random suffixes do not, with less computation than a search by the output loss; finetuning on what it finds helps",
    reproduction = SubspaceReroutingReproduction.class)
package org.lapidary.interpret.rerouting;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
