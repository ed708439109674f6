@NullMarked
package org.lapidary.interpret.diagram;

import org.jspecify.annotations.NullMarked;
