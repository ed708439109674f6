package org.lapidary.report;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** The style sheets and scripts that reports carry. */
final class Resources {
  private Resources() {}

  /** A file beside this class. */
  static String text(String name) {
    return read("/org/lapidary/report/" + name);
  }

  /** ECharts, minified, from its WebJar. */
  static String echarts() {
    Properties properties = new Properties();
    String pom = "/META-INF/maven/org.webjars/echarts/pom.properties";
    try (InputStream in = Resources.class.getResourceAsStream(pom)) {
      if (in == null) {
        throw new IllegalStateException("the echarts WebJar is not on the class path");
      }
      properties.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return read(
        "/META-INF/resources/webjars/echarts/%s/echarts.min.js"
            .formatted(properties.getProperty("version")));
  }

  private static String read(String path) {
    try (InputStream in = Resources.class.getResourceAsStream(path)) {
      if (in == null) {
        throw new IllegalStateException(path + " is not on the class path");
      }
      return new String(in.readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
