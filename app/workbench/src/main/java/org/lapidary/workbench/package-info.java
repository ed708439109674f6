/**
 * The pages: the catalog, runs, models, features and reports, served to one person or a few. They
 * are written by the server and can be read without JavaScript.
 */
@NullMarked
package org.lapidary.workbench;

import org.jspecify.annotations.NullMarked;
