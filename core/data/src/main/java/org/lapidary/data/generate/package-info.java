/** Seeded generators: data that need no download. The same seed gives the same bits. */
@NullMarked
package org.lapidary.data.generate;

import org.jspecify.annotations.NullMarked;
