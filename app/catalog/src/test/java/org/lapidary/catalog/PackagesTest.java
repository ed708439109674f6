package org.lapidary.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.OutputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lapidary.evidence.Paper;

class PackagesTest {
  private static final String ROOT = "org.lapidary.catalog.sample";

  @Test
  void packagesWithPapersAreFoundInAFolder() {
    assertThat(Samples.declarations(""))
        .extracting(Declaration::packageName)
        .containsExactly(ROOT + ".bad", ROOT + ".good", ROOT + ".twice");
    assertThat(Samples.declarations("bare")).isEmpty();
    assertThat(Samples.declarations("nowhere")).isEmpty();
  }

  @Test
  void packagesWithPapersAreFoundInAJar(@TempDir Path folder) throws Exception {
    Path classes =
        Path.of(Samples.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    Path jar = folder.resolve("methods.jar");
    try (OutputStream out = Files.newOutputStream(jar);
        JarOutputStream zip = new JarOutputStream(out); // without entries for folders
        Stream<Path> files = Files.walk(classes.resolve(ROOT.replace('.', '/')))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        zip.putNextEntry(new JarEntry(classes.relativize(file).toString().replace('\\', '/')));
        zip.write(Files.readAllBytes(file));
      }
    }
    ClassLoader parent = new ClassLoader(null) { // knows the annotations and nothing of the samples
          @Override
          protected Class<?> findClass(String name) throws ClassNotFoundException {
            if (name.startsWith(ROOT)) {
              throw new ClassNotFoundException(name);
            }
            return Paper.class.getClassLoader().loadClass(name);
          }
        };
    try (URLClassLoader loader = new URLClassLoader(new URL[] {jar.toUri().toURL()}, parent)) {
      List<Declaration> found = Packages.in(jar, ROOT, loader);
      assertThat(found).extracting(d -> d.paper().id()).containsExactly("goood", "good", "good");
      assertThat(found.get(1).reproduction().getClass().getClassLoader()).isSameAs(loader);
    }
  }

  @Test
  void theRoomsOnTheClassPathAreLookedThrough() {
    assertThat(Packages.onClassPath())
        .allSatisfy(declaration ->
            assertThat(declaration.packageName()).matches("org\\.lapidary\\.[a-z]+\\..+"));
  }
}
