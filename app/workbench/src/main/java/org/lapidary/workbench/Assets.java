package org.lapidary.workbench;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.lapidary.report.HtmlParts;

/** Style sheets and scripts. Their addresses carry a hash, so that browsers may keep them. */
public final class Assets {
  private static final String SCRIPT = "text/javascript";
  private static final Map<String, Asset> ALL = new LinkedHashMap<>();

  static {
    add("workbench.css", "text/css", HtmlParts.style() + own("workbench.css"));
    add("workbench.js", SCRIPT, HtmlParts.script() + own("workbench.js"));
    add("htmx.js", SCRIPT, webJar("org.webjars.npm", "htmx.org", "dist/htmx.min.js"));
    add("echarts.js", SCRIPT, webJar("org.webjars", "echarts", "echarts.min.js"));
  }

  private record Asset(String type, byte[] bytes, String hash) {}

  private Assets() {}

  /** The address of an asset. */
  public static String at(String name) {
    Asset asset = ALL.get(name);
    if (asset == null) {
      throw new IllegalArgumentException("there is no asset '%s', only %s".formatted(name, ALL));
    }
    return "/assets/%s?%s".formatted(name, asset.hash());
  }

  static void routes(RoutesConfig routes) {
    routes.get("/assets/{name}", Assets::send);
    routes.get(
        "/favicon.ico",
        ctx ->
            ctx.contentType("image/svg+xml")
                .result(own("icon.svg"))
                .header("Cache-Control", "max-age=86400"));
  }

  private static void send(Context ctx) {
    Asset asset = ALL.get(ctx.pathParam("name"));
    if (asset == null) {
      throw new Refused("there is no such file");
    }
    ctx.contentType(asset.type() + "; charset=utf-8")
        .header("Cache-Control", "public, max-age=31536000, immutable")
        .result(asset.bytes());
  }

  private static void add(String name, String type, String text) {
    byte[] bytes = text.getBytes(UTF_8);
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
      ALL.put(name, new Asset(type, bytes, HexFormat.of().formatHex(digest, 0, 6)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  private static String own(String name) {
    return read("/org/lapidary/workbench/" + name);
  }

  private static String webJar(String group, String artifact, String file) {
    String version = "";
    for (String line :
        read("/META-INF/maven/%s/%s/pom.properties".formatted(group, artifact)).split("\n")) {
      if (line.startsWith("version=")) {
        version = line.substring("version=".length()).strip();
      }
    }
    return read("/META-INF/resources/webjars/%s/%s/%s".formatted(artifact, version, file));
  }

  private static String read(String path) {
    try (InputStream in = Assets.class.getResourceAsStream(path)) {
      if (in == null) {
        throw new IllegalStateException(path + " is not on the class path");
      }
      return new String(in.readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
