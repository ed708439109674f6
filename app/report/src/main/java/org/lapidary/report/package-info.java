/**
 * Reports: a title, sections, and in them prose, pairs of values and {@link
 * org.lapidary.evidence.Figure figures}. The terminal, HTML, SVG and JSON each draw a figure by one
 * exhaustive switch.
 */
@NullMarked
package org.lapidary.report;

import org.jspecify.annotations.NullMarked;
