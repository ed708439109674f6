package org.lapidary.workbench;

import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.javalin.config.RoutesConfig;
import io.javalin.config.SizeUnit;
import io.javalin.http.Context;
import io.javalin.http.HttpResponseException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.io.EofException;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.ServerConnector;

/**
 * The pages, served. One thread computes with models; all others only read what is kept. Long work
 * runs in processes of its own, so that nothing a visitor asks for can end the server.
 */
public final class Workbench implements AutoCloseable {
  private static final long MOST_FORM = 1L << 20; // bytes of a form
  private static final long MOST_UPLOAD_MB = 4096;
  private static final long IDLE_MS = 30_000;
  private static final long SLOWEST = 200; // bytes a second a client may send or take

  private final Javalin server;
  private final Gate gate;
  private final Bench bench;
  private final String host;

  private Workbench(Javalin server, Gate gate, Bench bench, String host) {
    this.server = server;
    this.gate = gate;
    this.bench = bench;
    this.host = host;
  }

  /**
   * Starts to listen.
   *
   * @param host a name or address; anything but this machine's own needs the {@link #token}
   * @param port 0 for any that is free
   * @param bench what the pages show
   * @param more pages of other packages, beside our own
   * @throws IllegalArgumentException if there is no such host, or the port is taken
   */
  public static Workbench start(String host, int port, Bench bench, Pages.Maker... more) {
    Gate gate = new Gate(loopback(host));
    Templates templates = new Templates(gate);
    Javalin server =
        Javalin.create(config -> {
          listen(config, host, port, bench);
          routes(config.routes, gate, templates, bench, List.of(more));
        });
    try {
      server.start();
    } catch (io.javalin.util.JavalinBindException e) {
      throw new IllegalArgumentException(
          "cannot listen on %s, port %d: %s; give another with --port"
              .formatted(host, port, String.valueOf(e.getMessage())),
          e);
    }
    return new Workbench(server, gate, bench, host);
  }

  private static boolean loopback(String host) {
    try {
      return InetAddress.getByName(host).isLoopbackAddress();
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException("there is no host '" + host + "'", e);
    }
  }

  private static void listen(JavalinConfig config, String host, int port, Bench bench) {
    config.startup.showJavalinBanner = false;
    config.startup.showOldJavalinVersionWarning = false;
    config.startup.startupWatcherEnabled = false;
    config.concurrency.useVirtualThreads = true;
    config.http.maxRequestSize = MOST_FORM;
    config.http.strictContentTypes = false;
    config.jetty.multipartConfig.maxFileSize(MOST_UPLOAD_MB, SizeUnit.MB);
    config.jetty.multipartConfig.maxTotalRequestSize(MOST_UPLOAD_MB, SizeUnit.MB);
    config.jetty.multipartConfig.maxInMemoryFileSize(1, SizeUnit.MB);
    config.jetty.multipartConfig.cacheDirectory(bench.uploads().toString());
    config.jetty.addConnector((jetty, settings) -> {
      HttpConfiguration http = new HttpConfiguration(settings);
      http.setSendServerVersion(false);
      http.setSendXPoweredBy(false);
      http.setRequestHeaderSize(16 << 10);
      http.setMinRequestDataRate(SLOWEST);
      http.setMinResponseDataRate(SLOWEST);
      ServerConnector connector = new ServerConnector(jetty, new HttpConnectionFactory(http));
      connector.setHost(host);
      connector.setPort(port);
      connector.setIdleTimeout(IDLE_MS);
      connector.setAcceptQueueSize(256);
      return connector;
    });
  }

  private static void routes(
      RoutesConfig routes, Gate gate, Templates templates, Bench bench, List<Pages.Maker> more) {
    routes.before(ctx -> {
      gate.admit(ctx);
      if (ctx.queryParam("token") != null && gate.token().isPresent()) {
        // the token leaves the address bar, and two slashes would name another host
        ctx.redirect("/" + ctx.path().replaceFirst("^/+", ""));
        ctx.skipRemainingHandlers();
      }
    });
    Assets.routes(routes);
    List<Pages> all = new ArrayList<>();
    all.add(new MethodPages(bench, templates));
    all.add(new ModelPages(bench, templates));
    all.add(new ReportPages(bench, templates));
    more.forEach(maker -> all.add(maker.of(bench, templates)));
    all.add(new Uploads(bench));
    all.add(new RunPages(bench, templates));
    all.add(new WorkPages(bench, templates));
    all.forEach(pages -> pages.routes(routes));
    routes.get("/", ctx -> home(ctx, templates, bench));
    routes.exception(Refused.class, (e, ctx) -> fault(ctx, templates, e.status(), message(e)));
    routes.exception(
        HttpResponseException.class, (e, ctx) -> fault(ctx, templates, e.getStatus(), message(e)));
    routes.exception(
        Exception.class,
        (e, ctx) -> {
          if (e instanceof RuntimeException fault && Faults.words(fault)) {
            fault(ctx, templates, 422, message(e));
            return;
          }
          if (e instanceof EofException || e instanceof HttpException) {
            fault(ctx, templates, 400, "the request ended before it was whole");
            return;
          }
          bench.faults().accept(e);
          fault(ctx, templates, 500, "Something failed here: " + e);
        });
    routes.error(
        404,
        ctx -> {
          if (ctx.result() == null || ctx.result().length() < 64) {
            fault(ctx, templates, 404, "There is no page " + ctx.path());
          }
        });
  }

  private static void home(Context ctx, Templates templates, Bench bench) {
    templates.show(ctx, "home.jte", "Lapidary", "", Map.of("home", FrontPage.of(bench)));
  }

  private static void fault(Context ctx, Templates templates, int status, String message) {
    ctx.status(status);
    templates.show(ctx, "fault.jte", "Not this way", "", Map.of("message", message));
  }

  private static String message(Exception e) {
    String message = e.getMessage();
    return message == null ? e.toString() : message;
  }

  /** Where it listens. */
  public URI address() {
    String name = host.contains(":") ? "[" + host + "]" : host;
    return URI.create("http://%s:%d/".formatted(name, server.port()));
  }

  /** What visitors bring once as {@code ?token=}; empty where only this machine can reach it. */
  public Optional<String> token() {
    return gate.token();
  }

  @Override
  public void close() {
    server.stop();
    bench.close();
  }
}
