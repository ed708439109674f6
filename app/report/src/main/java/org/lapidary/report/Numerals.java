package org.lapidary.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Locale;

/** Numbers as people read them: thousands grouped, four digits that mean something. */
final class Numerals {
  private static final String[] UNITS = {"", "k", "M", "G", "T"};

  private Numerals() {}

  static String of(Number number) {
    return number instanceof Double || number instanceof Float
        ? of(number.doubleValue())
        : String.format(Locale.ROOT, "%,d", number.longValue());
  }

  /** {@code 1,234}, {@code 12.35}, {@code 0.01234}, {@code 1.234e-7}; a dash for NaN. */
  static String of(double x) {
    double magnitude = Math.abs(x);
    if (!Double.isFinite(x)) {
      return notFinite(x);
    }
    if (x == Math.rint(x) && magnitude < 1e15) {
      return String.format(Locale.ROOT, "%,d", (long) x);
    }
    if (magnitude < 1e-3 || magnitude >= 1e15) {
      return scientific(x, 4);
    }
    int whole = (int) Math.floor(Math.log10(magnitude)) + 1; // -1 for 0.01 to 0.1
    return String.format(Locale.ROOT, "%,." + Math.max(0, 4 - whole) + "f", x);
  }

  /** For axes and legends, three digits: {@code 0.5}, {@code 20}, {@code 1.2k}, {@code 3M}. */
  static String brief(double x) {
    if (!Double.isFinite(x)) {
      return notFinite(x);
    }
    double magnitude = Math.abs(x);
    if (magnitude != 0 && magnitude < 1e-3 || magnitude >= 1e15) {
      return scientific(x, 2);
    }
    int unit = 0;
    while (Math.abs(x) >= 999.5 && unit < UNITS.length - 1) {
      x /= 1000;
      unit++;
    }
    return plain(x, 3) + UNITS[unit];
  }

  private static String plain(double x, int digits) {
    BigDecimal rounded = new BigDecimal(x).round(new MathContext(digits));
    return rounded.signum() == 0 ? "0" : rounded.stripTrailingZeros().toPlainString();
  }

  private static String scientific(double x, int digits) {
    int exponent = (int) Math.floor(Math.log10(Math.abs(x)));
    BigDecimal mantissa = new BigDecimal(x).movePointLeft(exponent);
    return plain(mantissa.doubleValue(), digits) + "e" + exponent;
  }

  private static String notFinite(double x) {
    return Double.isNaN(x) ? "–" : x > 0 ? "∞" : "−∞";
  }
}
