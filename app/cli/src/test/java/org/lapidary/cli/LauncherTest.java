package org.lapidary.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Runs a copy of ./lapidary on a machine whose JDK and Maven are scripts of ours. */
@DisabledOnOs(OS.WINDOWS)
class LauncherTest {
  private static final List<String> TOOLS =
      List.of(
          "bash",
          "cat",
          "cp",
          "date",
          "dirname",
          "find",
          "flock",
          "grep",
          "head",
          "mkdir",
          "mv",
          "nice",
          "readlink",
          "rm",
          "sed",
          "sleep",
          "tail",
          "touch");

  @TempDir Path folder;
  private Path root; // of the copied source tree
  private Path search; // where the launcher looks for JDKs and Mavens
  private Path bin; // all of PATH

  record Ended(int status, String out, String err) {}

  @BeforeEach
  void aTreeWithTheLauncher() throws IOException {
    root = Files.createDirectories(folder.resolve("a house"));
    search = Files.createDirectories(folder.resolve("jvm"));
    bin = Files.createDirectories(folder.resolve("bin"));
    Files.copy(Path.of("../../lapidary"), root.resolve("lapidary"));
    script(root.resolve("lapidary"), Files.readString(root.resolve("lapidary")));
    Files.createDirectories(root.resolve("app/cli/src/main"));
    for (String room : List.of("bom", "core", "methods")) {
      Files.createDirectories(root.resolve(room));
    }
    Files.writeString(root.resolve("pom.xml"), "<project/>");
    Files.writeString(root.resolve("app/cli/src/main/Main.java"), "class Main {}");
    for (String tool : TOOLS) {
      for (String place : List.of("/usr/bin", "/bin")) {
        if (Files.exists(Path.of(place, tool))) {
          script(bin.resolve(tool), "#!/bin/sh\nexec " + place + "/" + tool + " \"$@\"\n");
        }
      }
    }
  }

  private static void script(Path path, String text) throws IOException {
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
    assertThat(path.toFile().setExecutable(true)).isTrue();
  }

  /** A JDK whose java prints the incubator warning, one more error line, and its arguments. */
  private void jdk(String name, String version) throws IOException {
    script(
        search.resolve(name).resolve("bin/java"),
        """
        #!/usr/bin/env bash
        case "$*" in *ArchiveClassesAtExit*) exit 1 ;; esac
        echo 'WARNING: Using incubator modules: jdk.incubator.vector' >&2
        echo 'a real error' >&2
        printf '<%%s>' "$@"
        printf ' by %s omp %%s data %%s\\n' "$OMP_WAIT_POLICY" "$LAPIDARY_DATA"
        exit 7
        """
            .formatted(name));
    script(search.resolve(name).resolve("bin/javac"), "");
    Files.writeString(
        search.resolve(name).resolve("release"),
        "IMPLEMENTOR=\"Anyone\"\nJAVA_VERSION=\"" + version + "\"\n");
  }

  /** A Maven that notes every build in {@code builds} and leaves a jar and a class path. */
  private void maven() throws IOException {
    script(
        bin.resolve("mvn"),
        """
        #!/usr/bin/env bash
        echo "JAVA_HOME=$JAVA_HOME $*" >>"%s"
        sleep 0.3
        mkdir -p app/cli/target
        echo jar >app/cli/target/lapidary-cli-0.jar
        echo jar >app/cli/target/other.jar
        printf '%%s' "$PWD/app/cli/target/other.jar" >app/cli/target/classpath
        """
            .formatted(builds()));
  }

  private Path builds() {
    return folder.resolve("builds");
  }

  private Process start(Path launcher, Path cwd, List<String> environment, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>(List.of(launcher.toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(cwd.toFile());
    builder.environment().clear();
    builder.environment().put("PATH", bin.toString());
    builder.environment().put("HOME", folder.resolve("nobody").toString());
    builder.environment().put("LAPIDARY_SEARCH", search.toString());
    for (String setting : environment) {
      int equals = setting.indexOf('=');
      builder.environment().put(setting.substring(0, equals), setting.substring(equals + 1));
    }
    return builder.start();
  }

  private static Ended end(Process process) throws Exception {
    var err =
        CompletableFuture.supplyAsync(() -> {
          try {
            return new String(process.getErrorStream().readAllBytes(), UTF_8);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
    String out = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return new Ended(process.exitValue(), out, err.get());
  }

  private Ended run(String... arguments) throws Exception {
    return end(start(root.resolve("lapidary"), folder, List.of(), arguments));
  }

  private long buildCount() throws IOException {
    return Files.exists(builds()) ? Files.readAllLines(builds()).size() : 0;
  }

  @Test
  void withoutAJdkItSaysHowToGetOne() throws Exception {
    Ended ended = run("methods");
    assertThat(ended.status()).isEqualTo(2);
    assertThat(ended.out()).isEmpty();
    assertThat(ended.err().lines()).hasSize(1);
    assertThat(ended.err())
        .startsWith("lapidary: found no JDK 25 or newer")
        .contains("apt install openjdk-25-jdk-headless", "Temurin 25", "LAPIDARY_JAVA_HOME");
  }

  @Test
  void anOlderJdkIsNotTaken() throws Exception {
    jdk("seventeen", "17.0.15");
    assertThat(run("methods").status()).isEqualTo(2);
    Ended named =
        end(
            start(
                root.resolve("lapidary"),
                folder,
                List.of("LAPIDARY_JAVA_HOME=" + search.resolve("seventeen")),
                "methods"));
    assertThat(named.status()).isEqualTo(2);
    assertThat(named.err())
        .startsWith("lapidary: LAPIDARY_JAVA_HOME=")
        .contains("seventeen", "JDK 25");
  }

  @Test
  void withoutMavenItSaysHowToGetIt() throws Exception {
    jdk("twentyfive", "25.0.3");
    Ended ended = run("methods");
    assertThat(ended.status()).isEqualTo(2);
    assertThat(ended.err().lines()).hasSize(1);
    assertThat(ended.err()).startsWith("lapidary: found no Maven").contains("apt install maven");
  }

  @Test
  void itBuildsOnceAndPassesOnArgumentsOutputAndStatus() throws Exception {
    jdk("seventeen", "17.0.15");
    jdk("twentyfive", "25.0.3");
    maven();
    Ended first = run("info", "a model", "--json");
    assertThat(first.status()).isEqualTo(7);
    assertThat(first.err().lines())
        .hasSize(2)
        .anyMatch(line -> line.startsWith("lapidary: building"))
        .contains("a real error");
    assertThat(first.out())
        .contains("<org.lapidary.cli.Main><info><a model><--json> by twentyfive omp PASSIVE")
        .contains("<--add-modules><jdk.incubator.vector>");
    Ended second = run("version");
    assertThat(second.err()).isEqualTo("a real error\n");
    assertThat(Files.readAllLines(builds()))
        .singleElement()
        .asString()
        .contains("twentyfive", "package", "-DskipTests")
        .doesNotContain("install");
  }

  @Test
  void aNewerSourceOrAMissingJarMeansABuild() throws Exception {
    jdk("twentyfive", "25");
    maven();
    run("version");
    Files.setLastModifiedTime(
        root.resolve("app/cli/src/main/Main.java"), FileTime.from(Instant.now().plusSeconds(1)));
    run("version");
    assertThat(buildCount()).isEqualTo(2);
    String classPath = Files.readString(root.resolve("target/lapidary/classpath")).strip();
    Files.delete(Path.of(classPath.split(":")[0]));
    Files.setLastModifiedTime(
        root.resolve("app/cli/src/main/Main.java"), FileTime.from(Instant.EPOCH));
    run("version");
    assertThat(buildCount()).isEqualTo(3);
    run("version");
    assertThat(buildCount()).isEqualTo(3);
  }

  @Test
  void itWorksThroughALinkAndFromAnywhere() throws Exception {
    jdk("twentyfive", "25");
    maven();
    Path link =
        Files.createSymbolicLink(folder.resolve("lap"), Path.of("a house").resolve("lapidary"));
    Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
    Ended ended = end(start(link, elsewhere, List.of("LAPIDARY_DATA=sets:/abs"), "version"));
    assertThat(ended.status()).isEqualTo(7);
    assertThat(ended.out())
        .contains("<-Dlapidary.root=" + root.toRealPath() + ">")
        .contains("data " + elsewhere.toRealPath() + "/sets:/abs");
  }

  @Test
  void twoAtOnceBuildOnce() throws Exception {
    jdk("twentyfive", "25");
    maven();
    List<Process> processes = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      processes.add(start(root.resolve("lapidary"), folder, List.of(), "version"));
    }
    for (Process process : processes) {
      assertThat(end(process).status()).isEqualTo(7);
    }
    assertThat(buildCount()).isEqualTo(1);
  }

  @Test
  void aFailedBuildShowsWhyAndIsTriedAgain() throws Exception {
    jdk("twentyfive", "25");
    script(bin.resolve("mvn"), "#!/usr/bin/env bash\necho '[ERROR] Main.java:1 no'\nexit 1\n");
    Ended failed = run("version");
    assertThat(failed.status()).isEqualTo(1);
    assertThat(failed.out()).isEmpty();
    assertThat(failed.err()).contains("the build failed", "build.log", "[ERROR] Main.java:1 no");
    maven();
    assertThat(run("version").status()).isEqualTo(7);
  }

  @Test
  void optionsForTheJvmComeFromTheEnvironment() throws Exception {
    jdk("twentyfive", "25");
    maven();
    Ended ended =
        end(
            start(
                root.resolve("lapidary"),
                folder,
                List.of("LAPIDARY_JAVA_OPTS=-Xmx1g -Da=b", "OMP_WAIT_POLICY=ACTIVE"),
                "version"));
    assertThat(ended.out()).contains("<-Xmx1g><-Da=b><-cp>").contains("omp ACTIVE");
  }

  @Test
  void testRunsMavenVerifyWithTheArguments() throws Exception {
    jdk("twentyfive", "25");
    maven();
    Ended ended = run("test", "-pl", "core/io");
    assertThat(ended.status()).isZero();
    assertThat(Files.readString(builds())).contains("twentyfive", "verify -pl core/io");
  }
}
