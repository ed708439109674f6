package org.lapidary.io;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The names a pickle may use and what calling one gives: the whole of what a pickle can do here.
 * Implementations build data only.
 */
interface PickleNames {

  /** Whether the name is on the list. */
  boolean allows(PickleValue.Name name);

  /** The names allowed, for the error about one that is not. */
  String allowed();

  /**
   * What {@code name(*arguments)} stands for.
   *
   * @return null if the arguments do not fit
   */
  @Nullable PickleValue call(PickleValue.Name name, List<PickleValue> arguments);

  /**
   * What a persistent id stands for: in a torch checkpoint, a storage.
   *
   * @return null if it stands for nothing
   */
  default @Nullable PickleValue persistent(PickleValue id) {
    return null;
  }
}
