/**
 * Representational similarity analysis that looks at topology more than at geometry. The
 * dissimilarities d_ij of n stimuli in a layer are ranked and scaled to [0, 1], and then either
 *
 * <ul>
 *   <li>{@link org.lapidary.interpret.topologicalrsa.GeoTopological}: distances below the quantile
 *       l become 0, above the quantile u become 1, and what lies between grows linearly. l = 0, u =
 *       1 gives the ranks (geometry), l = u an adjacency matrix (topology); or
 *   <li>{@link org.lapidary.interpret.topologicalrsa.Geodesic}: shortest paths over a graph that
 *       keeps near neighbours only.
 * </ul>
 *
 * Layers are then compared by the correlation of their transformed matrices. {@link
 * org.lapidary.interpret.topologicalrsa.LayerIdentification} is how well that tells layers apart
 * across networks and noise. Ranks cost O(n^2 log n), shortest paths O(n^3).
 *
 * <p>Cuts are tuned at each noise on other networks. The best of 66 on few networks is in good part
 * luck and does worse than no cut on new ones (by 0.02), so the widest cut that is not reliably
 * worse than the best is taken; under high noise that is often the ranks as they are.
 */
@NullMarked
@Paper(
    id = "topological-rsa",
    title = "The Topology and Geometry of Neural Representations",
    arxiv = "2309.11028",
    claim =
        "Matrices that suppress small and large distances tell layers of networks apart as well as full dissimilarity matrices do, and better under noise and between individuals",
    reproduction = TopologicalRsaReproduction.class)
package org.lapidary.interpret.topologicalrsa;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
