package org.lapidary.workbench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.lapidary.catalog.Declaration;
import org.lapidary.evidence.Reproduction;

/** How the public verbs of a method's package are called, read from its classes. */
final class Calls {
  private static final int MOST = 8;
  private static final Set<String> RECORDS_HAVE = Set.of("equals", "hashCode", "toString");

  private Calls() {}

  /** Lines such as {@code Dsnot.defaults().compress(Model model, int[][] calibration) : Model}. */
  static List<String> of(Declaration declaration) {
    List<String> calls = new ArrayList<>();
    for (Class<?> type : types(declaration)) {
      boolean settings = type.isRecord() && has(type, "defaults");
      for (Method method : type.getDeclaredMethods()) {
        boolean still = Modifier.isStatic(method.getModifiers());
        if (Modifier.isPublic(method.getModifiers())
            && !method.isSynthetic()
            && (still || settings)
            && !RECORDS_HAVE.contains(method.getName())
            && !method.getName().equals("defaults")
            && !method.getName().startsWith("with")
            && !component(type, method)) {
          calls.add(
              "%s%s.%s(%s) : %s"
                  .formatted(
                      type.getSimpleName(),
                      still ? "" : ".defaults()",
                      method.getName(),
                      Arrays.stream(method.getParameters())
                          .map(p -> name(p.getParameterizedType()) + " " + p.getName())
                          .collect(Collectors.joining(", ")),
                      name(method.getGenericReturnType())));
        }
      }
    }
    return calls.stream().sorted().limit(MOST).toList();
  }

  private static String name(Type type) {
    return type.getTypeName().replaceAll("\\b[a-z][\\w]*\\.", "").replace('$', '.');
  }

  private static boolean has(Class<?> type, String method) {
    return Arrays.stream(type.getDeclaredMethods()).anyMatch(m -> m.getName().equals(method));
  }

  private static boolean component(Class<?> type, Method method) {
    RecordComponent[] components = type.getRecordComponents();
    return components != null
        && Arrays.stream(components).anyMatch(c -> c.getName().equals(method.getName()));
  }

  /** Public top-level classes of the package, its reproduction left out. */
  private static List<Class<?>> types(Declaration declaration) {
    Class<?> reproduction = declaration.paper().reproduction();
    List<Class<?>> types = new ArrayList<>();
    for (String file : files(reproduction, declaration.packageName().replace('.', '/'))) {
      String name = file.substring(0, file.length() - ".class".length());
      if (!file.endsWith(".class") || name.contains("$") || name.equals("package-info")) {
        continue;
      }
      try {
        Class<?> type =
            Class.forName(
                declaration.packageName() + "." + name, false, reproduction.getClassLoader());
        if (Modifier.isPublic(type.getModifiers()) && !Reproduction.class.isAssignableFrom(type)) {
          types.add(type);
        }
      } catch (ClassNotFoundException e) {
        throw new IllegalStateException(e);
      }
    }
    return types;
  }

  private static List<String> files(Class<?> neighbour, String folder) {
    try {
      URI place = neighbour.getProtectionDomain().getCodeSource().getLocation().toURI();
      Path path = Path.of(place);
      if (Files.isDirectory(path)) {
        return names(path.resolve(folder));
      }
      try (FileSystem jar = FileSystems.newFileSystem(path, Map.of())) {
        return names(jar.getPath(folder));
      }
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(f -> f.getFileName().toString()).sorted().toList();
    }
  }
}
