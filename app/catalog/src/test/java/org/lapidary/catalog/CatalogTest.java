package org.lapidary.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lapidary.evidence.Check;
import org.lapidary.evidence.Reproduction.Size;

class CatalogTest {
  @TempDir Path folder;

  @Test
  void allRowsAreThereWithIdsOfTheirOwn() {
    List<Row> rows = Catalog.load().rows();
    assertThat(rows).hasSize(221);
    assertThat(rows.stream().map(Row::id).distinct()).hasSize(221);
    assertThat(rows)
        .allSatisfy(row -> {
          assertThat(row.id()).matches("[a-z0-9]+(-[a-z0-9]+)*");
          assertThat(row.title()).isNotBlank();
          assertThat(row.name()).isNotBlank();
          assertThat(row.arxiv()).matches("(\\d{4}\\.\\d{4,5})?");
        });
    assertThat(rows.stream().collect(Collectors.groupingBy(Row::area, Collectors.counting())))
        .isEqualTo(
            Arrays.stream(Area.values())
                .collect(
                    Collectors.toMap(
                        Function.identity(),
                        area ->
                            switch (area) {
                              case INTERPRET -> 31L;
                              case COMPRESS -> 53L;
                              case VERIFY, TRAIN -> 12L;
                              case TRANSFER -> 27L;
                              case NN -> 40L;
                              case THEORY -> 21L;
                              case DOMAINS -> 25L;
                            })));
  }

  @Test
  void annotationsRowsAndLedgerAgree() {
    assertThat(Catalog.load().faults(House.find().ledger())).isEmpty();
  }

  @Test
  void methodsPageIsUpToDate() throws Exception {
    House house = House.find();
    String fresh = new MethodsPage(Catalog.load(), house.ledger()).render();
    assertThat(Files.readString(house.methodsPage()).equals(fresh))
        .as("METHODS.md says what the rows and the ledger say; if not: ./lapidary methods --write")
        .isTrue();
  }

  @Test
  void everyDisagreementIsNamed() {
    Catalog catalog = new Catalog(List.of(Samples.GOOD), Samples.declarations(""));
    assertThat(catalog.faults(Ledger.open(folder)))
        .containsExactlyInAnyOrder(
            "org.lapidary.catalog.sample.bad: there is no row 'goood'; did you mean good?",
            "org.lapidary.catalog.sample.twice: the title of 'good' is \"A Good | Paper\", not \"A Better Paper\"",
            "org.lapidary.catalog.sample.twice: the arXiv id of 'good' is '2401.00001', not ''",
            "org.lapidary.catalog.sample.twice: @Paper of 'good' makes no claim",
            "'good' is declared twice: org.lapidary.catalog.sample.good and org.lapidary.catalog.sample.twice");
  }

  @Test
  void aLedgerEntryWithoutAPackageIsAFault() throws Exception {
    Ledger ledger = Ledger.open(folder);
    ledger.write(Samples.entry(Size.FULL, Check.atMost("x", 1, 2)));
    assertThat(new Catalog(List.of(Samples.GOOD), List.of()).faults(ledger))
        .containsExactly("the ledger has an entry for 'good', which no package declares");
    assertThat(new Catalog(List.of(), List.of()).faults(ledger))
        .containsExactly("the ledger has an entry for 'good', which is no row");
    assertThat(Samples.catalog().faults(ledger)).isEmpty();
  }

  @Test
  void onlyAFullEntryWhoseChecksHoldMakesARowWorking() throws Exception {
    Catalog catalog = Samples.catalog();
    Ledger ledger = Ledger.open(folder);
    assertThat(catalog.status(Samples.OPEN, ledger)).isEqualTo(Status.OPEN);
    assertThat(catalog.status(Samples.GOOD, ledger)).isEqualTo(Status.DECLARED);
    ledger.write(Samples.entry(Size.SMOKE, Check.atMost("x", 1, 2)));
    assertThat(catalog.status(Samples.GOOD, ledger)).isEqualTo(Status.DECLARED);
    ledger.write(Samples.entry(Size.FULL, Check.atMost("x", 1, 2), Check.less("y", 3, 2)));
    assertThat(catalog.status(Samples.GOOD, ledger)).isEqualTo(Status.NOT_HOLDING);
    ledger.write(Samples.entry(Size.FULL, Check.reported("x", 1)));
    assertThat(catalog.status(Samples.GOOD, ledger)).isEqualTo(Status.NOT_HOLDING);
    ledger.write(Samples.entry(Size.FULL, Check.atMost("x", 1, 2)));
    assertThat(catalog.status(Samples.GOOD, ledger)).isEqualTo(Status.WORKING);
    // The entry alone is not enough.
    assertThat(new Catalog(List.of(Samples.GOOD), List.of()).status(Samples.GOOD, ledger))
        .isEqualTo(Status.OPEN);
  }

  @Test
  void thePageShowsClaimAndFigures() throws Exception {
    Ledger ledger = Ledger.open(folder);
    ledger.write(
        Samples.entry(
            Size.FULL, Check.atMost("loss_gap, nats", 0.0123456, 0.05), Check.less("y", 3, 2)));
    assertThat(new MethodsPage(Samples.catalog(), ledger).render())
        .contains(
            "| [Looking inside](#looking-inside) | 1 | 0 | 1 | 0 | 0 |\n",
            "| all | 2 | 0 | 1 | 0 | 1 |\n",
            "| `good` | A Good \\| Paper | [2401.00001](https://arxiv.org/abs/2401.00001) | **not holding** |\n",
            "| `open-one` | Not Yet |  | open |\n",
            "### `good`: the good method\n\nTwo is more than one.\n",
            "FULL run, 2 seeds, 1.25 minutes, 2026-11-21:\n",
            "- loss\\_gap, nats: 0.01235 <= 0.05\n",
            "- y: 3 < 2 **does not hold**\n");
  }

  @Test
  void aMistypedIdIsAnsweredWithTheNearest() {
    assertThatThrownBy(() -> Catalog.load().row("transcodr"))
        .hasMessage("there is no method 'transcodr'; did you mean transcoder?");
    assertThatThrownBy(() -> Area.of("compres")).hasMessageContaining("did you mean compress?");
    assertThatThrownBy(() -> Status.of("xyzzy"))
        .hasMessageContaining("there are: working, not holding, declared, open");
    assertThat(Status.of("not-holding")).isEqualTo(Status.NOT_HOLDING);
  }
}
