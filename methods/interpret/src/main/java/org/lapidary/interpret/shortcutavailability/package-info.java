/**
 * Shortcuts: a feature that is easy to extract is used before a more reliable one that is hard to.
 * The reliability of a feature is its predictivity ({@link
 * org.lapidary.interpret.shortcutavailability.Latents}), how easily it is extracted its
 * availability ({@link org.lapidary.interpret.shortcutavailability.Embedding}: amplitude and
 * nesting; {@link org.lapidary.interpret.shortcutavailability.Patches}: pixels). The bias of a
 * model ({@link org.lapidary.interpret.shortcutavailability.ShortcutBias}) is how much more often
 * than the best rule it follows the shortcut against the core. {@link
 * org.lapidary.interpret.shortcutavailability.TangentKernel} predicts the bias of wide ReLU
 * networks: their kernel is not linear in the amplitudes. A measure costs 3600 forward passes.
 */
@NullMarked
@Paper(
    id = "shortcut-availability",
    title = "On the Foundations of Shortcut Learning",
    arxiv = "2310.16228",
    claim =
        "Linear models weigh features by how predictive they are; a single hidden layer of ReLU or tanh units already prefers the more available of two features, the more so the larger the ratio, as their tangent kernel predicts",
    reproduction = ShortcutReproduction.class)
package org.lapidary.interpret.shortcutavailability;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
