package org.lapidary.interpret.diagram;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * An array that runs from the box that makes it to those that read it.
 *
 * @param name unique in its diagram
 * @param axes in the order in which the array lies in memory
 * @param role what it holds
 * @param indexOf for {@link Role#INDEX} the size of the set whose members it holds, else null
 */
public record Wire(String name, List<Axis> axes, Role role, @Nullable Polynomial indexOf) {

  /** What an array holds. */
  public enum Role {
    /** Numbers that flow. */
    DATA,
    /** Trained parameters, drawn bold. */
    WEIGHT,
    /** Numbers that belong to the model and are not trained, such as running means. */
    BUFFER,
    /** Members of a set: places along an axis, with no gradient. */
    INDEX
  }

  public Wire {
    axes = List.copyOf(axes);
    if (!name.matches("[A-Za-z][A-Za-z0-9_.']*")) {
      throw new DiagramException(
          "a wire is named by letters, digits, dots and underscores, was '" + name + "'");
    }
    Set<String> names = new HashSet<>();
    for (Axis axis : axes) {
      if (!names.add(axis.name())) {
        throw new DiagramException(
            "wire '%s' has two axes named '%s'; rename one".formatted(name, axis.name()));
      }
    }
    if ((role == Role.INDEX) != (indexOf != null)) {
      throw new DiagramException(
          "wire '%s': index wires, and only they, say of what they are indices".formatted(name));
    }
  }

  public static Wire data(String name, List<Axis> axes) {
    return new Wire(name, axes, Role.DATA, null);
  }

  public static Wire data(String name, String axes) {
    return data(name, axes(axes));
  }

  public static Wire weight(String name, String axes) {
    return new Wire(name, axes(axes), Role.WEIGHT, null);
  }

  public static Wire buffer(String name, String axes) {
    return new Wire(name, axes(axes), Role.BUFFER, null);
  }

  public static Wire index(String name, String axes, String of) {
    return new Wire(name, axes(axes), Role.INDEX, Polynomial.parse(of));
  }

  /** Reads axes separated by blanks, such as {@code q:n k}. */
  public static List<Axis> axes(String text) {
    return Arrays.stream(text.strip().split("\\s+", -1))
        .filter(s -> !s.isEmpty())
        .map(Axis::parse)
        .toList();
  }

  public Wire named(String other) {
    return new Wire(other, axes, role, indexOf);
  }

  public Wire withAxes(List<Axis> others) {
    return new Wire(name, others, role, indexOf);
  }

  public List<String> axisNames() {
    return axes.stream().map(Axis::name).toList();
  }

  public boolean has(String axis) {
    return axes.stream().anyMatch(a -> a.name().equals(axis));
  }

  public Optional<Axis> axis(String axis) {
    return axes.stream().filter(a -> a.name().equals(axis)).findFirst();
  }

  /** The place of an axis in the array. */
  public int place(String axis) {
    return axisNames().indexOf(axis);
  }

  /** How many numbers the array holds. */
  public Polynomial elements() {
    return axes.stream().map(Axis::size).reduce(Polynomial.ONE, Polynomial::times);
  }

  /** {@code name [q:n k]}. */
  @Override
  public String toString() {
    return name
        + " "
        + axes.stream().map(Axis::toString).collect(Collectors.joining(" ", "[", "]"));
  }
}
