package org.lapidary.workbench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.lapidary.io.model.Models;

/**
 * The folders named at start. Nothing outside them is read or written for a page, whatever a link
 * in them points at.
 */
public final class Folders {
  private static final int DEPTH = 5;
  private static final int MOST_FILES = 20_000;

  private final List<Path> roots;

  /**
   * Folders that exist.
   *
   * @throws IllegalArgumentException naming one that does not
   */
  public Folders(List<Path> roots) {
    Set<Path> real = new LinkedHashSet<>();
    for (Path root : roots) {
      try {
        real.add(root.toRealPath());
      } catch (IOException e) {
        throw new IllegalArgumentException("there is no folder " + root, e);
      }
    }
    this.roots = List.copyOf(real);
  }

  public List<Path> roots() {
    return roots;
  }

  /**
   * The existing file or folder that was typed, absolute or seen from one of the folders.
   *
   * @throws Refused if there is none inside the folders; the message is the same whether there is
   *     one outside
   */
  public Path find(String typed) {
    Path path = path(typed);
    if (typed.isBlank()) {
      throw new Refused("no path was given");
    }
    for (Path root : roots) {
      try {
        Path real = root.resolve(path).toRealPath();
        if (inside(real)) {
          return real;
        }
      } catch (IOException e) {
        continue; // perhaps in another of the folders
      }
    }
    throw new Refused(
        "there is nothing at '%s' in the folders this workbench was started with (%s)"
            .formatted(typed, names()));
  }

  private static Path path(String typed) {
    try {
      return Path.of(typed);
    } catch (InvalidPathException e) {
      throw new Refused("'%s' is not a path".formatted(typed.replace('\0', '?')));
    }
  }

  /**
   * How a path is written in an address: seen from the folder that it lies in, where that says
   * which.
   */
  public String name(Path path) {
    Path absolute = path.toAbsolutePath().normalize();
    for (Path root : roots) {
      if (absolute.startsWith(root) && !absolute.equals(root)) {
        Path seen = root.relativize(absolute);
        Path first =
            roots.stream()
                .map(r -> r.resolve(seen))
                .filter(Files::exists)
                .findFirst()
                .orElse(absolute);
        return (first.equals(absolute) ? seen : absolute).toString();
      }
    }
    return absolute.toString();
  }

  boolean inside(Path real) {
    return roots.stream().anyMatch(real::startsWith);
  }

  private String names() {
    return String.join(", ", roots.stream().map(Path::toString).toList());
  }

  /** Models in the folders: Hugging Face folders and llama2.c files, a few levels deep. */
  public List<Path> models() {
    return found(Models::looksLikeOne);
  }

  /** Reports that an assay left. */
  public List<Path> reports() {
    return found(p -> p.getFileName().toString().equals("report.json"));
  }

  /** What satisfies a test in the folders, a few levels deep, hidden folders left out. */
  public List<Path> found(java.util.function.Predicate<Path> wanted) {
    Set<Path> found = new LinkedHashSet<>();
    for (Path root : roots) {
      if (wanted.test(root)) {
        found.add(root);
        continue;
      }
      List<Path> level = List.of(root);
      int seen = 0;
      for (int depth = 0; depth <= DEPTH && !level.isEmpty(); depth++) {
        List<Path> next = new ArrayList<>();
        for (Path folder : level) {
          for (Path child : children(folder)) {
            if (++seen > MOST_FILES) {
              return List.copyOf(found);
            }
            if (wanted.test(child)) {
              found.add(child);
            } else if (Files.isDirectory(child)) {
              next.add(child);
            }
          }
        }
        level = next;
      }
    }
    return List.copyOf(found);
  }

  private List<Path> children(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(f -> !f.getFileName().toString().startsWith("."))
          .filter(f -> !Files.isSymbolicLink(f) || inside(real(f)))
          .sorted()
          .toList();
    } catch (IOException | java.io.UncheckedIOException e) {
      return List.of(); // it may not be read
    }
  }

  private static Path real(Path link) {
    try {
      return link.toRealPath();
    } catch (IOException e) {
      return Path.of("/"); // it leads nowhere, which is inside of nothing
    }
  }
}
