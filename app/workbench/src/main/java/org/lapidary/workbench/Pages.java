package org.lapidary.workbench;

import io.javalin.config.RoutesConfig;

/** Pages that belong together. */
public interface Pages {
  /** Says which addresses they answer. */
  void routes(RoutesConfig routes);
}
