package org.lapidary.workbench;

import io.javalin.config.RoutesConfig;

/** Pages that belong together. */
public interface Pages {
  /** Makes them for a bench. */
  interface Maker {
    Pages of(Bench bench, Templates templates);
  }

  /** Says which addresses they answer. */
  void routes(RoutesConfig routes);
}
