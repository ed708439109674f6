package org.lapidary.compress.hawqv2;

public final class HawqV2Reproduction implements org.lapidary.evidence.Reproduction {
  @Override
  public Outcome run(Setting setting) {
    throw new IllegalStateException();
  }
}
