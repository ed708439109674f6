@NullMarked
package org.lapidary.interpret.navigation;

import org.jspecify.annotations.NullMarked;
