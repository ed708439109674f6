package org.lapidary.interpret.diagram;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A polynomial with whole coefficients in symbols: the size of an axis ({@code n}, {@code h*k},
 * {@code n+1}) or an amount of work ({@code 2*b*n^2*k}).
 *
 * @param terms coefficients, none of them 0, by their sorted symbols; the constant has none
 */
public record Polynomial(Map<List<String>, Long> terms) {
  private static final Comparator<List<String>> ORDER =
      Comparator.<List<String>>comparingInt(m -> -m.size()).thenComparing(m -> String.join("*", m));

  public static final Polynomial ZERO = of(0);
  public static final Polynomial ONE = of(1);

  public Polynomial {
    Map<List<String>, Long> sorted = new TreeMap<>(ORDER);
    terms.forEach((symbols, coefficient) -> {
      if (coefficient != 0) {
        sorted.put(symbols.stream().sorted().toList(), coefficient);
      }
    });
    terms = Collections.unmodifiableMap(sorted);
  }

  /** A number. */
  public static Polynomial of(long number) {
    return new Polynomial(Map.of(List.of(), number));
  }

  /** One symbol. */
  public static Polynomial symbol(String name) {
    return new Polynomial(Map.of(List.of(name), 1L));
  }

  /**
   * Reads sums of products such as {@code 2*h*k + n^2 - 1}.
   *
   * @throws DiagramException if the text is no such sum
   */
  public static Polynomial parse(String text) {
    String bare = text.strip().replaceAll("\\s*([-+*^])\\s*", "$1");
    if (!bare.matches("-?[\\w'*^]+([+-][\\w'*^]+)*")) {
      throw new DiagramException("'" + text + "' is no size; sizes are such as 64, n, h*k or n+1");
    }
    Polynomial sum = ZERO;
    for (String term : bare.split("(?=[+-])", -1)) {
      if (term.isEmpty()) {
        continue;
      }
      long sign = term.startsWith("-") ? -1 : 1;
      Polynomial product = of(sign);
      for (String factor : term.replaceFirst("^[+-]", "").split("\\*", -1)) {
        product = product.times(power(factor, text));
      }
      sum = sum.plus(product);
    }
    return sum;
  }

  private static Polynomial power(String factor, String text) {
    String[] parts = factor.split("\\^", -1);
    try {
      Polynomial base = parts[0].matches("\\d+") ? of(Long.parseLong(parts[0])) : symbol(parts[0]);
      int times = parts.length == 1 ? 1 : Integer.parseInt(parts[1]);
      if (times > 16) {
        throw new DiagramException("the power in '" + factor + "' is more than 16");
      }
      Polynomial product = ONE;
      for (int i = 0; i < times; i++) {
        product = product.times(base);
      }
      if (parts[0].isEmpty() || parts.length > 2) {
        throw new DiagramException("'" + factor + "' in the size '" + text + "' is no factor");
      }
      return product;
    } catch (NumberFormatException e) {
      throw new DiagramException("'" + factor + "' in the size '" + text + "' is no factor", e);
    }
  }

  public Polynomial plus(Polynomial other) {
    Map<List<String>, Long> sum = new TreeMap<>(ORDER);
    sum.putAll(terms);
    other.terms.forEach((m, c) -> sum.merge(m, c, Math::addExact));
    return new Polynomial(sum);
  }

  public Polynomial minus(Polynomial other) {
    return plus(other.times(of(-1)));
  }

  public Polynomial times(Polynomial other) {
    Map<List<String>, Long> product = new TreeMap<>(ORDER);
    terms.forEach((a, x) ->
        other.terms.forEach((b, y) -> {
          List<String> symbols = new ArrayList<>(a);
          symbols.addAll(b);
          Collections.sort(symbols);
          product.merge(symbols, Math.multiplyExact(x, y), Math::addExact);
        }));
    return new Polynomial(product);
  }

  /** With polynomials in place of some symbols. */
  public Polynomial with(Map<String, Polynomial> values) {
    if (Collections.disjoint(symbols(), values.keySet())) {
      return this;
    }
    Polynomial sum = ZERO;
    for (Map.Entry<List<String>, Long> term : terms.entrySet()) {
      Polynomial product = of(term.getValue());
      for (String symbol : term.getKey()) {
        Polynomial value = values.get(symbol);
        product = product.times(value == null ? symbol(symbol) : value);
      }
      sum = sum.plus(product);
    }
    return sum;
  }

  /**
   * The number that it is for some sizes.
   *
   * @throws DiagramException if the size of a symbol is missing
   */
  public long at(Map<String, Long> sizes) {
    long sum = 0;
    for (Map.Entry<List<String>, Long> term : terms.entrySet()) {
      long product = term.getValue();
      for (String symbol : term.getKey()) {
        Long size = sizes.get(symbol);
        if (size == null) {
          throw new DiagramException(
              "the size of '%s' in %s is not known; known are %s"
                  .formatted(symbol, this, new TreeSet<>(sizes.keySet())));
        }
        product = Math.multiplyExact(product, size);
      }
      sum = Math.addExact(sum, product);
    }
    return sum;
  }

  public boolean isNumber() {
    return terms.keySet().stream().allMatch(List::isEmpty);
  }

  /** The number that it is. */
  public long number() {
    return at(Map.of());
  }

  /** The only symbol of a polynomial that is nothing else, or null. */
  @Nullable String lone() {
    List<String> m = terms.size() == 1 ? terms.keySet().iterator().next() : List.of();
    return m.size() == 1 && terms.containsValue(1L) ? m.getFirst() : null;
  }

  public Set<String> symbols() {
    return terms.keySet().stream().flatMap(List::stream).collect(Collectors.toSet());
  }

  /** How often a symbol stands in the term where it stands most often. */
  public int degree(String symbol) {
    return terms.keySet().stream().mapToInt(m -> Collections.frequency(m, symbol)).max().orElse(0);
  }

  /** A text that {@link #parse} reads, such as {@code 2*k*n^2+n}. */
  @Override
  public String toString() {
    if (terms.isEmpty()) {
      return "0";
    }
    StringBuilder text = new StringBuilder();
    terms.forEach((symbols, coefficient) -> {
      if (coefficient < 0) {
        text.append('-');
      } else if (!text.isEmpty()) {
        text.append('+');
      }
      long size = Math.abs(coefficient);
      List<String> factors = new ArrayList<>();
      if (size != 1 || symbols.isEmpty()) {
        factors.add(Long.toString(size));
      }
      for (String symbol : new TreeSet<>(symbols)) {
        int power = Collections.frequency(symbols, symbol);
        factors.add(power == 1 ? symbol : symbol + "^" + power);
      }
      text.append(String.join("*", factors));
    });
    return text.toString();
  }
}
