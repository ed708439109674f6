/** Figures as terminal text, HTML and JSON. */
@NullMarked
package org.lapidary.report;

import org.jspecify.annotations.NullMarked;
