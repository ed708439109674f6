package org.lapidary.catalog;

import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The machine and the versions that a run stands on. */
public final class Machine {
  private Machine() {}

  public static Entry.Surroundings today() {
    return new Entry.Surroundings(describe(), versions(), LocalDate.now());
  }

  /** {@code 2 x Intel(R) Xeon(R) Processor, 24 GiB, Linux amd64}. */
  static String describe() {
    String memory =
        ManagementFactory.getOperatingSystemMXBean()
                instanceof com.sun.management.OperatingSystemMXBean system
            ? String.format(Locale.ROOT, ", %.0f GiB", system.getTotalMemorySize() / 0x1p30)
            : "";
    return "%d x %s%s, %s %s"
        .formatted(
            Runtime.getRuntime().availableProcessors(),
            processor(),
            memory,
            System.getProperty("os.name"),
            System.getProperty("os.arch"));
  }

  private static String processor() {
    Path info = Path.of("/proc/cpuinfo");
    if (Files.isReadable(info)) {
      try (Stream<String> lines = Files.lines(info)) {
        return lines
            .filter(line -> line.startsWith("model name"))
            .map(line -> line.substring(line.indexOf(':') + 1).strip())
            .findFirst()
            .orElse("processor");
      } catch (IOException e) {
        return "processor";
      }
    }
    return "processor";
  }

  /** Of Lapidary, Java and libtorch, as far as the class path tells. */
  public static Map<String, String> versions() {
    Map<String, String> versions = new TreeMap<>();
    versions.put("java", System.getProperty("java.version"));
    versions.put("lapidary", property("/org/lapidary/catalog/version.properties", "unknown"));
    versions.put(
        "pytorch", property("/META-INF/maven/org.bytedeco/pytorch/pom.properties", "none"));
    return versions;
  }

  private static String property(String resource, String otherwise) {
    try (InputStream in = Machine.class.getResourceAsStream(resource)) {
      if (in == null) {
        return otherwise;
      }
      Properties properties = new Properties();
      properties.load(in);
      return properties.getProperty("version", otherwise);
    } catch (IOException e) {
      return otherwise;
    }
  }
}
