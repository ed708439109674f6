package org.lapidary.catalog;

import java.lang.reflect.InvocationTargetException;
import org.lapidary.evidence.Paper;
import org.lapidary.evidence.Reproduction;

/**
 * A package that is the home of a row.
 *
 * @param paper its annotation
 * @param packageName where the method lives
 */
public record Declaration(Paper paper, String packageName) {

  /**
   * A new reproduction of the row.
   *
   * @throws IllegalStateException if its class cannot be made without arguments
   */
  public Reproduction reproduction() {
    try {
      return paper.reproduction().getConstructor().newInstance();
    } catch (InvocationTargetException e) {
      throw new IllegalStateException(
          "the reproduction of '%s' (%s) failed to start: %s"
              .formatted(paper.id(), paper.reproduction().getName(), e.getCause()),
          e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(
          "the reproduction of '%s' (%s) needs a public class with a public constructor without arguments"
              .formatted(paper.id(), paper.reproduction().getName()),
          e);
    }
  }
}
