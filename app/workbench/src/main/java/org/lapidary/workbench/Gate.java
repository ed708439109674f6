package org.lapidary.workbench;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.javalin.http.Context;
import io.javalin.http.Cookie;
import io.javalin.http.HandlerType;
import io.javalin.http.SameSite;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Who may come in, and what a page may do in the browser.
 *
 * <p>On the loopback interface the name in the request must be this machine's, so that another
 * site's name that resolves to 127.0.0.1 does not get in. Elsewhere a token is needed: once in the
 * address, then as a cookie that scripts cannot read. Every request that changes something carries
 * a second token that only our own pages know.
 */
final class Gate {
  static final String FORM_FIELD = "csrf";
  static final String FORM_HEADER = "X-CSRF-Token";
  private static final String COOKIE = "lapidary";
  private static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; "
          + "img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
  private static final Set<String> HERE = Set.of("localhost", "127.0.0.1", "[::1]");
  private static final Set<HandlerType> READING = Set.of(HandlerType.GET, HandlerType.HEAD);

  private final byte[] secret = new byte[32];
  private final @Nullable String token;

  /**
   * A gate.
   *
   * @param loopback whether only this machine can reach the server; then no token is needed
   */
  Gate(boolean loopback) {
    SecureRandom random = new SecureRandom();
    random.nextBytes(secret);
    byte[] drawn = new byte[24];
    random.nextBytes(drawn);
    token = loopback ? null : HexFormat.of().formatHex(drawn);
  }

  /** What a visitor from elsewhere must bring; empty where none is needed. */
  Optional<String> token() {
    return Optional.ofNullable(token);
  }

  /** What our own forms carry. */
  String formToken() {
    return sign("form");
  }

  /**
   * Looks at a request before anything else does.
   *
   * @throws Refused if it may not come in
   */
  void admit(Context ctx) {
    ctx.header("Content-Security-Policy", POLICY)
        .header("X-Content-Type-Options", "nosniff")
        .header("Referrer-Policy", "same-origin")
        .header("Cross-Origin-Opener-Policy", "same-origin")
        .header("Cross-Origin-Resource-Policy", "same-origin")
        .header("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        .header("X-Frame-Options", "DENY");
    if (token == null) {
      checkName(ctx);
    } else {
      checkToken(ctx, token);
    }
    if (!READING.contains(ctx.method())) {
      checkForm(ctx);
    }
  }

  private static void checkName(Context ctx) {
    String host = ctx.header("Host");
    String name = host == null ? "" : host.replaceFirst(":\\d*$", "");
    if (!HERE.contains(name)) {
      throw new Refused(421, "this workbench answers to localhost only");
    }
  }

  private void checkToken(Context ctx, String token) {
    String brought = ctx.queryParam("token");
    if (brought != null && same(brought, token)) {
      Cookie cookie = new Cookie(COOKIE, sign("visitor"));
      cookie.setHttpOnly(true);
      cookie.setSameSite(SameSite.STRICT);
      cookie.setPath("/");
      ctx.cookie(cookie);
      return;
    }
    String bearer = ctx.header("Authorization");
    String cookie = ctx.cookie(COOKIE);
    boolean known =
        (cookie != null && same(cookie, sign("visitor")))
            || (bearer != null && same(bearer, "Bearer " + token));
    if (!known) {
      throw new Refused(
          401, "open the address with the token that was printed when the workbench started");
    }
  }

  private void checkForm(Context ctx) {
    String origin = ctx.header("Origin");
    if (origin != null && !origin.equals(ctx.scheme() + "://" + ctx.header("Host"))) {
      throw new Refused(403, "this request comes from another site");
    }
    String brought = ctx.header(FORM_HEADER);
    if (brought == null) {
      brought = ctx.formParam(FORM_FIELD);
    }
    if (brought == null || !same(brought, formToken())) {
      throw new Refused(
          403, "this form is from an earlier start of the workbench; load its page again");
    }
  }

  private String sign(String what) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret, "HmacSHA256"));
      return HexFormat.of().formatHex(mac.doFinal(what.getBytes(UTF_8)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has HmacSHA256", e);
    }
  }

  /** In a time that does not depend on where they differ. */
  private static boolean same(String a, String b) {
    return MessageDigest.isEqual(a.getBytes(UTF_8), b.getBytes(UTF_8));
  }
}
