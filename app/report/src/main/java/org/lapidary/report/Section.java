package org.lapidary.report;

import java.util.List;

/**
 * One part of a report.
 *
 * @param id the anchor: lower-case letters, digits and dashes
 * @param title the heading
 * @param blocks what stands under it
 */
public record Section(String id, String title, List<Block> blocks) {
  public Section {
    if (!id.matches("[a-z0-9]+(-[a-z0-9]+)*")) {
      throw new IllegalArgumentException(
          "section id '%s' may hold lower-case letters, digits and single dashes".formatted(id));
    }
    blocks = List.copyOf(blocks);
  }
}
