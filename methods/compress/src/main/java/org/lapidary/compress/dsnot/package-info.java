/**
 * Dynamic sparse no training. A pruned row r of a matrix W [out, in] loses on average
 *
 * <p>eps_r = sum over pruned j of c_rj, with c_rj = W_rj E[x_j],
 *
 * <p>from its output. Without any gradient, weights are swapped so that eps_r comes near 0: grow
 * the pruned k whose c_rk / Var[x_k]^p pushes eps_r towards 0 the most, and prune the kept l of the
 * least Wanda score |W_rl| sqrt(E[x_l^2]) among those whose c_rl pushes the same way; until |eps_r|
 * &lt;= tau or T swaps are made. No weight changes its value and the number kept in a row stays.
 * Costs a sort of every row, O(out * in log in), plus T steps of O(1).
 *
 * <p>The published code accepts swaps that change the sign of eps_r in unstructured rows (its
 * {@code without_same_sign}), and refuses them in N:M blocks; so do the defaults here.
 */
@NullMarked
@Paper(
    id = "dsnot",
    title = "Dynamic Sparse No Training: Training-Free Fine-tuning for Sparse LLMs",
    arxiv = "2310.08915",
    claim =
        "Swapping pruned and kept weights so that the expected output of each row is restored improves Wanda and magnitude masks without training, most at high sparsity",
    reproduction = DsnotReproduction.class)
package org.lapidary.compress.dsnot;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
