package org.lapidary.interpret.diagram;

/**
 * One axis of an array, drawn as one line.
 *
 * @param name by which boxes address it, unique in its array
 * @param size how many indices it has
 */
public record Axis(String name, Polynomial size) {
  public Axis {
    if (!name.matches("[A-Za-z][A-Za-z0-9_']*")) {
      throw new DiagramException(
          "an axis is named by letters and digits, such as n or head, was '" + name + "'");
    }
  }

  /** Reads {@code x:n}, an axis and its size, or {@code n}, an axis named by its size. */
  public static Axis parse(String text) {
    int colon = text.indexOf(':');
    return colon < 0
        ? new Axis(text.strip(), Polynomial.symbol(text.strip()))
        : new Axis(
            text.substring(0, colon).strip(), Polynomial.parse(text.substring(colon + 1).strip()));
  }

  /** The same axis under another name. */
  public Axis named(String other) {
    return new Axis(other, size);
  }

  @Override
  public String toString() {
    return name.equals(size.lone()) ? name : name + ":" + size;
  }
}
