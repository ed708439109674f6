/**
 * The command line. A command is one class, named in {@link org.lapidary.cli.Main#commandLine};
 * what it prints for people goes through the report renderers, its progress through {@link
 * org.lapidary.cli.TerminalProgress}, and its errors are exceptions whose message is one sentence.
 */
@NullMarked
package org.lapidary.cli;

import org.jspecify.annotations.NullMarked;
