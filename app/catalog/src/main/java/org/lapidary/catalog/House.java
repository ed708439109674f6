package org.lapidary.catalog;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The source tree, in which the ledger and METHODS.md lie.
 *
 * @param root of the tree
 */
public record House(Path root) {
  /**
   * The tree that the launcher named, or else the one around the working folder.
   *
   * @throws IllegalStateException if there is none
   */
  public static House find() {
    String named = System.getProperty("lapidary.root");
    if (named != null) {
      return new House(Path.of(named));
    }
    for (@Nullable Path folder = Path.of("").toAbsolutePath();
        folder != null;
        folder = folder.getParent()) {
      if (Files.isRegularFile(folder.resolve("lapidary"))
          && Files.isDirectory(folder.resolve("app"))) {
        return new House(folder);
      }
    }
    throw new IllegalStateException(
        "there is no Lapidary source tree around %s; start ./lapidary from one"
            .formatted(Path.of("").toAbsolutePath()));
  }

  public Ledger ledger() {
    return Ledger.open(root.resolve("ledger"));
  }

  public Path methodsPage() {
    return root.resolve("METHODS.md");
  }
}
