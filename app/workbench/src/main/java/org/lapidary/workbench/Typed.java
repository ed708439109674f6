package org.lapidary.workbench;

import io.javalin.http.Context;

/** What stands in an address or a form. */
public final class Typed {
  private static final int MOST = 10_000;

  private Typed() {}

  /** A parameter, or something else where it is not given. */
  public static String or(Context ctx, String name, String otherwise) {
    String value = ctx.queryParam(name);
    if (value == null) {
      return otherwise;
    }
    if (value.length() > MOST) {
      throw new Refused(
          400, "'%s' has %d characters; at most %d".formatted(name, value.length(), MOST));
    }
    return value;
  }

  /** A parameter that must be there. */
  public static String needed(Context ctx, String name) {
    String value = or(ctx, name, "");
    if (value.isBlank()) {
      throw new Refused(400, "the address lacks '" + name + "'");
    }
    return value;
  }

  /** A whole number, or something else where it is not given. */
  public static int number(Context ctx, String name, int otherwise, int least, int most) {
    String value = or(ctx, name, "");
    if (value.isBlank()) {
      return otherwise;
    }
    try {
      return Math.clamp(Long.parseLong(value.strip()), least, most);
    } catch (NumberFormatException e) {
      throw new Refused(400, "'%s' is a whole number, not '%s'".formatted(name, value));
    }
  }
}
