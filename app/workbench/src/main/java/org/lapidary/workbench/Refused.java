package org.lapidary.workbench;

/**
 * A request that asks for what is not there or not allowed; its message is shown to the visitor.
 */
public final class Refused extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final int status;

  /** Not found. */
  public Refused(String message) {
    this(404, message);
  }

  /**
   * A refusal.
   *
   * @param status of HTTP, 400 to 499
   */
  public Refused(int status, String message) {
    super(message);
    this.status = status;
  }

  int status() {
    return status;
  }
}
