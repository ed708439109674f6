package org.lapidary.data.generate;

/** The tasks inside the small language whose circuits the literature describes. */
public enum Task {
  /**
   * "when mary and john went to the shop john gave a drink to" -> "mary": the name that occurred
   * only once (Wang et al. 2022, arXiv 2211.00593).
   */
  INDIRECT_OBJECT,

  /**
   * "the war lasted from 17 23 to 17" -> a number above 23 (Hanna et al. 2023, arXiv 2305.00586).
   */
  GREATER_THAN,

  /**
   * "def port ( self load size file last ) : doc ... param load ... param size ... param" ->
   * "file": the argument that comes next (Heimersheim and Janiak 2023).
   */
  DOCSTRING
}
