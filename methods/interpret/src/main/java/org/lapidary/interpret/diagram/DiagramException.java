package org.lapidary.interpret.diagram;

/** A diagram whose wires do not fit together; the message names the wire. */
public final class DiagramException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  public DiagramException(String message) {
    super(message);
  }

  public DiagramException(String message, Throwable cause) {
    super(message, cause);
  }
}
