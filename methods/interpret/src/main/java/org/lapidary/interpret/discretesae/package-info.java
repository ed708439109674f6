/**
 * Finds the heads, and pairs of heads, that implement a behaviour from a few prompts that need it
 * and a few that do not, without ablations.
 *
 * <p>Rows x [dModel] are what each head adds to the stream at the last token of each prompt. A
 * small {@link org.lapidary.interpret.dictionary.Dictionary} learns them, c = ReLU(W_e x + b_e),
 * with the loss mean squared error + lambda |c|_1, and the code of a prompt and head is argmax c
 * ({@link org.lapidary.interpret.discretesae.HeadCodes}). The score of a head is the share of
 * positive prompts whose code it never has on negative ones, or |U+ \ U-| / |U+ u U-| of the sets
 * of codes; that of a pair counts pairs of codes. {@link
 * org.lapidary.interpret.discretesae.DiscreteSae} costs one pass over the prompts and a training of
 * a few hundred steps on [prompts * heads, dModel].
 *
 * <p>The truth of the reproduction is what mean ablation at the last token says, where the method
 * looks: a head that only acts at earlier tokens writes the same at the last one with and without
 * the cue and cannot be found there. The search it is compared with tries every head that is left
 * in each round.
 *
 * <p>In the small models of the reproduction all eight heads of the second layer share the
 * behaviour, 6 to 16% each by ablation, so that which of them count as the circuit is a line drawn
 * through equals; no score can then be as precise as the claim, nor few heads keep most of the
 * behaviour. Other head sizes, smaller weights and weight decay gave the same.
 */
@NullMarked
@Paper(
    id = "discrete-sae-circuits",
    title =
        "Sparse Autoencoders Enable Scalable and Reliable Circuit Identification in Language Models",
    arxiv = "2405.12522",
    claim =
        "Heads whose discrete codes occur on prompts that need a behaviour and never on others are the behaviour's circuit, found in seconds and more precisely than by ablation",
    reproduction = DiscreteSaeReproduction.class)
package org.lapidary.interpret.discretesae;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
