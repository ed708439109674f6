package org.lapidary.workbench;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/** Text as it stands in an address. */
public final class Addresses {
  private Addresses() {}

  public static String of(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
