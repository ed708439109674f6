package org.lapidary.catalog;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.List;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.lapidary.evidence.Paper;

/**
 * Finds the packages marked with {@link Paper} in folders and jars. Only {@code package-info}
 * classes are loaded, so that looking at the catalog starts nothing.
 */
final class Packages {
  private static final String INFO = "package-info.class";

  private Packages() {}

  /** The rooms whose packages may be methods; those not on the class path are passed over. */
  static final List<String> ROOMS =
      List.of(
          "interpret",
          "compress",
          "verify",
          "transfer",
          "architectures",
          "training",
          "theory",
          "domains");

  static List<Declaration> onClassPath() {
    List<Declaration> found = new ArrayList<>();
    ClassLoader loader = Packages.class.getClassLoader();
    for (String room : ROOMS) {
      String name = "org.lapidary." + room;
      try {
        Class<?> info = Class.forName(name + ".package-info", false, loader);
        Path place = Path.of(info.getProtectionDomain().getCodeSource().getLocation().toURI());
        found.addAll(in(place, name, loader));
      } catch (ClassNotFoundException e) {
        continue; // a room that is not there
      } catch (java.net.URISyntaxException e) {
        throw new IllegalStateException(name + " lies at a place that is not a path", e);
      }
    }
    return found;
  }

  /**
   * Declarations in a folder of classes or a jar, at and under the package {@code root}, sorted by
   * package.
   */
  static List<Declaration> in(Path place, String root, ClassLoader loader) {
    String prefix = root.replace('.', '/') + "/";
    TreeSet<String> names = new TreeSet<>();
    try {
      if (Files.isDirectory(place)) {
        folder(place, prefix, names);
      } else {
        jar(place.toFile(), prefix, names);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the classes in " + place, e);
    }
    List<Declaration> found = new ArrayList<>();
    for (String name : names) {
      String packageName = name.substring(0, name.length() - INFO.length() - 1).replace('/', '.');
      try {
        Paper paper =
            Class.forName(packageName + ".package-info", false, loader).getAnnotation(Paper.class);
        if (paper != null) {
          found.add(new Declaration(paper, packageName));
        }
      } catch (ClassNotFoundException e) {
        throw new IllegalStateException("cannot load " + packageName + " from " + place, e);
      }
    }
    return found;
  }

  private static void folder(Path place, String prefix, TreeSet<String> names) throws IOException {
    Path start = place.resolve(prefix);
    if (!Files.isDirectory(start)) {
      return;
    }
    try (Stream<Path> files = Files.walk(start)) {
      files
          .filter(file -> file.endsWith(INFO))
          .forEach(file ->
              names.add(place.relativize(file).toString().replace(File.separatorChar, '/')));
    }
  }

  private static void jar(File place, String prefix, TreeSet<String> names) throws IOException {
    try (JarFile jar = new JarFile(place)) {
      for (Enumeration<JarEntry> entries = jar.entries(); entries.hasMoreElements(); ) {
        String name = entries.nextElement().getName();
        if (name.startsWith(prefix) && name.endsWith("/" + INFO)) {
          names.add(name);
        }
      }
    }
  }
}
