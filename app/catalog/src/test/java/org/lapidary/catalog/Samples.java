package org.lapidary.catalog;

import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Reproduction.Size;

/** A small catalog with one method in it. */
final class Samples {
  static final Row GOOD =
      new Row("good", "A Good | Paper", "2401.00001", Area.INTERPRET, "the good method");
  static final Row OPEN = new Row("open-one", "Not Yet", "", Area.VERIFY, "the other");

  private Samples() {}

  static List<Declaration> declarations(String root) {
    try {
      Path classes =
          Path.of(Samples.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      return Packages.in(
          classes, "org.lapidary.catalog.sample." + root, Samples.class.getClassLoader());
    } catch (java.net.URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  static Catalog catalog() {
    return new Catalog(List.of(GOOD, OPEN), declarations("good"));
  }

  static Entry entry(Size size, Check... checks) {
    return new Entry(
        "good",
        size,
        List.of(0L, 1L),
        1.25,
        new Entry.Surroundings("2 x chip", Map.of("java", "25"), LocalDate.of(2026, 11, 21)),
        List.of(checks));
  }
}
