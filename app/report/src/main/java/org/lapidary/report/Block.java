package org.lapidary.report;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.evidence.Figure;

/** Something in a section. */
public sealed interface Block {

  /** Prose. An empty line parts paragraphs; {@code `code`} stands between back-ticks. */
  record Text(String text) implements Block {}

  /**
   * One value and its name.
   *
   * @param note a few words under the value ("95% interval 1.29 to 1.31"), or empty
   * @param numbers the same for machines, by name ("mean", "halfWidth"); empty for words
   */
  record Entry(String key, String value, String note, Map<String, Double> numbers) {
    public Entry {
      numbers = Collections.unmodifiableMap(new LinkedHashMap<>(numbers));
    }

    public Entry(String key, String value, String note) {
      this(key, value, note, Map.of());
    }

    /** With one number, named {@code value}. */
    public Entry(String key, String value, String note, double number) {
      this(key, value, note, Map.of("value", number));
    }
  }

  /** A few values worth seeing at a glance. */
  record KeyValues(List<Entry> entries) implements Block {
    public KeyValues {
      entries = List.copyOf(entries);
    }

    /** The pairs of a map in its order, without notes. */
    public static KeyValues of(Map<String, String> pairs) {
      return new KeyValues(
          pairs.entrySet().stream().map(e -> new Entry(e.getKey(), e.getValue(), "")).toList());
    }
  }

  /**
   * A figure.
   *
   * @param caption what to see in it, in a sentence; or empty
   */
  record FigureBlock(Figure figure, String caption) implements Block {
    public FigureBlock(Figure figure) {
      this(figure, "");
    }
  }

  /** Something the reader must not miss. */
  record Warning(String text) implements Block {}
}
