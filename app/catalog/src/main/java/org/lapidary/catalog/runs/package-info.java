/**
 * The memory of the house: every command that computes keeps what it did.
 *
 * <p>A command writes its own journal ({@link org.lapidary.catalog.runs.RunLog}), one event a line,
 * as it goes; it never opens the database, so any number of commands write at once and starting one
 * costs nothing. Whoever reads ({@link org.lapidary.catalog.runs.RunStore}) takes ended journals
 * into an embedded DuckDB file and reads the others as they are.
 */
@NullMarked
package org.lapidary.catalog.runs;

import org.jspecify.annotations.NullMarked;
