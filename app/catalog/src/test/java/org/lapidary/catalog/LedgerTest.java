package org.lapidary.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Reproduction.Size;

class LedgerTest {
  @TempDir Path folder;

  @Test
  void anEntryReadsBackAsItWas() throws Exception {
    Entry entry =
        Samples.entry(
            Size.FULL,
            Check.atMost("a", 0.1 + 0.2, 0.5),
            Check.less("b", Double.NaN, 1),
            Check.greater("c", Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY),
            Check.atLeast("d", 1e-300, 2),
            Check.equal("e", 3, 3),
            Check.reported("f", -4));
    Path file = Ledger.open(folder).write(entry);
    assertThat(Ledger.open(folder).find("good")).contains(entry);
    assertThat(entry.holds()).isFalse();
    try (var files = Files.list(folder)) {
      assertThat(files).containsExactly(file);
    }
  }

  @Test
  void theFileIsAlwaysTheSame() throws Exception {
    Path file = Ledger.open(folder).write(Samples.entry(Size.FULL, Check.atMost("a", 1, 2)));
    assertThat(Files.readString(file))
        .isEqualTo(
            """
            {
              "id" : "good",
              "size" : "FULL",
              "seeds" : [
                0,
                1
              ],
              "minutes" : 1.25,
              "machine" : "2 x chip",
              "versions" : {
                "java" : "25"
              },
              "date" : "2026-11-21",
              "holds" : true,
              "checks" : [
                {
                  "name" : "a",
                  "measured" : 1.0,
                  "relation" : "<=",
                  "bound" : 2.0,
                  "holds" : true
                }
              ]
            }
            """);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"measured\" : 1.0|\"measured\" : 3.0|contradicts the figures",
        "\"bound\" : 2.0|\"bound\" : 0.5|contradicts the figures",
        "true,|false,|its checks say true",
        "\"<=\"|\"=<\"|there is no relation",
        "\"FULL\"|\"LARGE\"|size is SMOKE or FULL",
        "\"2026-11-21\"|\"yesterday\"|date is like",
        "\"measured\"|\"mesured\"|\"measured\" is missing",
        "1.25|\"long\"|\"minutes\" is a number",
        "\"id\" : \"good\"|\"id\" : \"other\"|its id is 'other'",
        "\"machine\" :|\"id\" :|Duplicate",
        "{|[|not JSON",
      })
  void aFileThatWasTamperedWithIsNamed(String part, String with, String fault) throws Exception {
    Path file = Ledger.open(folder).write(Samples.entry(Size.FULL, Check.atMost("a", 1, 2)));
    String text = Files.readString(file);
    assertThat(text).contains(part);
    Files.writeString(file, text.replace(part, with));
    assertThatThrownBy(() -> Ledger.open(folder))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("good.json is not a ledger entry")
        .hasMessageContaining(fault);
  }

  @Test
  void aSmokeRunDoesNotReplaceAFullOne() throws Exception {
    Ledger ledger = Ledger.open(folder);
    Entry smoke = Samples.entry(Size.SMOKE, Check.atMost("a", 1, 2));
    ledger.write(smoke);
    Entry full = Samples.entry(Size.FULL, Check.atMost("a", 3, 2));
    ledger.write(full);
    assertThatThrownBy(() -> ledger.write(smoke))
        .hasMessageContaining("has a FULL entry of 'good'");
    assertThat(Ledger.open(folder).find("good")).contains(full);
  }

  @Test
  void aFolderThatIsNotThereIsAnEmptyLedger() {
    assertThat(Ledger.open(folder.resolve("none")).entries()).isEmpty();
  }

  @Test
  void anIdCannotLeaveTheFolder() {
    Entry entry = Samples.entry(Size.FULL, Check.atMost("a", 1, 2));
    Entry outside =
        new Entry("../x", entry.size(), List.of(0L), 1, Machine.today(), entry.checks());
    assertThatThrownBy(() -> Ledger.open(folder).write(outside))
        .hasMessage("'../x' is not the id of a row");
  }
}
