package org.lapidary.workbench.features;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Names with numbers in them: {@code block-2} before {@code block-10}. */
final class NaturalOrder {
  private static final Pattern PART = Pattern.compile("\\d{1,18}|\\D+|\\d");

  private NaturalOrder() {}

  static int compare(String a, String b) {
    Matcher x = PART.matcher(a);
    Matcher y = PART.matcher(b);
    while (true) {
      boolean more = x.find();
      if (!y.find()) {
        return more ? 1 : 0;
      }
      if (!more) {
        return -1;
      }
      int order = part(x.group(), y.group());
      if (order != 0) {
        return order;
      }
    }
  }

  private static int part(String a, String b) {
    boolean numbers = Character.isDigit(a.charAt(0)) && Character.isDigit(b.charAt(0));
    return numbers ? Long.compare(Long.parseLong(a), Long.parseLong(b)) : a.compareTo(b);
  }
}
