package org.lapidary.cli;

/** The program behind {@code ./lapidary}. */
public final class Main {
  private Main() {}

  public static void main(String[] args) {
    System.out.println(String.join(" ", args));
  }
}
