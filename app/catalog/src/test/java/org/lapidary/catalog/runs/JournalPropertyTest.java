package org.lapidary.catalog.runs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;

/** What is written is what is read, whatever it is, and however the file was cut off. */
class JournalPropertyTest {
  private static final Event.Begin BEGIN =
      new Event.Begin(5, "20260101-000000-0000", Beginning.of("x"), 1);

  private static Arbitrary<String> text() {
    return Arbitraries.strings()
        .all()
        .ofMaxLength(12)
        .map(s -> new String(s.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8));
  }

  private static Arbitrary<Map<String, String>> pairs() {
    return Arbitraries.maps(text(), text()).ofMaxSize(3);
  }

  @Provide
  Arbitrary<List<Event>> events() {
    Arbitrary<Long> at = Arbitraries.longs().greaterOrEqual(0);
    Arbitrary<Double> value =
        Arbitraries.oneOf(
            Arbitraries.doubles(),
            Arbitraries.of(
                Double.NaN,
                Double.POSITIVE_INFINITY,
                Double.NEGATIVE_INFINITY,
                -0.0,
                Double.MIN_VALUE));
    Arbitrary<Event> event =
        Arbitraries.oneOf(
            Combinators.combine(at, text(), text()).as(Event.Setting::new),
            Combinators.combine(at, text(), pairs(), pairs()).as(Event.Here::new),
            Combinators.combine(at, text(), Arbitraries.longs(), Arbitraries.longs(), text())
                .as(Event.Progressed::new),
            Combinators.combine(at, text(), Arbitraries.longs(), value).as(Event.Metric::new),
            Combinators.combine(at, text(), text()).as(Event.Wrote::new),
            Combinators.combine(at, text()).as(Event.Said::new),
            Combinators.combine(
                    at, Arbitraries.of(Output.Kind.class), text(), Arbitraries.integers())
                .as((t, kind, name, number) ->
                    new Event.Shown(
                        t,
                        kind,
                        JsonNodeFactory.instance
                            .objectNode()
                            .put(name, number)
                            .set(
                                "list",
                                JsonNodeFactory.instance
                                    .arrayNode()
                                    .addNull()
                                    .add(true)
                                    .add(1.5)))));
    return event.list().ofMaxSize(20);
  }

  @Property(tries = 300)
  void aLineIsReadBackAsItWas(@ForAll("events") List<Event> events) {
    for (Event event : events) {
      String line = EventJson.line(event);
      assertThat(line).doesNotContain("\n");
      assertThat(EventJson.event(line)).isEqualTo(event);
    }
  }

  @Property(tries = 150)
  void anyBeginningOfAJournalGivesTheEventsThatAreWholeInIt(
      @ForAll("events") List<Event> events, @ForAll @DoubleRange(max = 1) double cut)
      throws IOException {
    Path folder = Files.createTempDirectory("journal");
    Path file = folder.resolve("x.jsonl");
    try {
      StringBuilder text = new StringBuilder(EventJson.line(BEGIN)).append('\n');
      events.forEach(event -> text.append(EventJson.line(event)).append('\n'));
      byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
      int kept = (int) (cut * bytes.length);
      Files.write(file, Arrays.copyOf(bytes, kept));
      JournalReader reader = new JournalReader(file);
      RunBuilder before = reader.read();
      assertThat(before.begun()).isEqualTo(kept > EventJson.line(BEGIN).length());
      if (before.begun()) {
        long whole = lines(bytes, kept);
        assertThat(before.run(false).metrics().stream().mapToInt(m -> m.steps().length).sum())
            .isEqualTo(
                (int)
                    events.stream()
                        .limit(whole - 1)
                        .filter(Event.Metric.class::isInstance)
                        .count());
      }
      Files.write(file, Arrays.copyOfRange(bytes, kept, bytes.length), StandardOpenOption.APPEND);

      Run run = reader.read().run(true); // goes on where it was

      RunBuilder expected = new RunBuilder();
      expected.add(BEGIN);
      events.forEach(expected::add);
      assertThat(comparable(run)).isEqualTo(comparable(expected.run(true)));
    } finally {
      Files.deleteIfExists(file);
      Files.delete(folder);
    }
  }

  private static long lines(byte[] bytes, int kept) {
    long lines = 0;
    for (int i = 0; i < kept; i++) {
      lines += bytes[i] == '\n' ? 1 : 0;
    }
    return lines;
  }

  /** A run with its arrays as lists. */
  private static Map<String, Object> comparable(Run run) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("summary", run.summary());
    all.put("settings", run.settings());
    all.put("machine", run.machine());
    all.put("fingerprints", run.fingerprints());
    all.put("versions", run.versions());
    all.put("outputs", run.outputs());
    all.put("artifacts", run.artifacts());
    all.put("log", run.log());
    for (MetricSeries m : run.metrics()) {
      all.put("steps " + m.name(), Arrays.toString(m.steps()));
      all.put("values " + m.name(), Arrays.toString(m.values()));
    }
    return all;
  }
}
