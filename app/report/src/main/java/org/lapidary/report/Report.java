package org.lapidary.report;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What a job has to say, in reading order.
 *
 * @param title what the report is about
 * @param subtitle one line under it: which model, when, on what machine; or empty
 * @param sections at least in parts readable on their own; their ids are unique
 */
public record Report(String title, String subtitle, List<Section> sections) {
  public Report(String title, List<Section> sections) {
    this(title, "", sections);
  }

  public Report {
    sections = List.copyOf(sections);
    Set<String> ids = new HashSet<>();
    for (Section section : sections) {
      if (!ids.add(section.id())) {
        throw new IllegalArgumentException(
            "report '%s' has two sections with the id '%s'".formatted(title, section.id()));
      }
    }
  }
}
