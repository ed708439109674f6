/**
 * How many weights a pre-trained transformer can lose for free. One-shot magnitude pruning drops
 * the floor(s n) smallest of the n weights of all matrices W [out, in] inside the blocks at once
 * and measures quality q(s), without any training or after a task was learned with the mask fixed.
 * The essential sparsity s* is the knee of that curve, by two estimators:
 *
 * <p>(1) tolerance: the largest s with q(0) - q(s) &lt;= delta |q(0)|, delta = 1%;
 *
 * <p>(2) two lines: the split of [0, s_max] that minimises the squared error of a least-squares
 * line on either side, where s_max is the first level that lost half of the distance to chance; it
 * counts if the second slope is at least three times the first.
 *
 * <p>Up to s* the masks found in one shot are nearly those of iterative magnitude pruning, which
 * learns the task once for every 10% of the weights. How sparsity emerges in pre-training is traced
 * over checkpoints by the share of weights |w| &lt; tau and by s*. A curve costs one measure (or
 * one run of the task) for each level and a sort of n magnitudes.
 *
 * <p>At the size of the experiment, less text is pre-trained on with the first seed only, and s*
 * during pre-training is measured without tuning. An encoder that was never pre-trained learns
 * nothing of the task at the small rate at which a pre-trained one is tuned: its accuracy stays
 * that of guessing at every sparsity, so the control learns at ten times the rate. Where rows are
 * no multiple of m, groups of n:m run on into the next row.
 *
 * <p>The row holds in part: masks and knees are as claimed, but three claims of the paper do not
 * show at this size and are reported without a bound. More text does not give more sparsity; small
 * weights become fewer in pre-training, never abruptly more; and vision transformers pre-trained
 * without labels tolerate less than those pre-trained with them. The latter are far better at the
 * task after so few steps, which is the likely reason.
 */
@NullMarked
@Paper(
    id = "essential-sparsity",
    title =
        "The Emergence of Essential Sparsity in Large Pre-trained Models: The Weights that Matter",
    arxiv = "2306.03805",
    claim =
        "Pre-trained transformers lose almost nothing under one-shot magnitude pruning up to a sharp knee at 15 to 40% sparsity, where the masks are nearly those of iterative pruning",
    reproduction = EssentialSparsityReproduction.class)
package org.lapidary.compress.essential;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
