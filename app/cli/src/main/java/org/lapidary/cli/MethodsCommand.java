package org.lapidary.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.lapidary.catalog.Area;
import org.lapidary.catalog.Catalog;
import org.lapidary.catalog.EntryJson;
import org.lapidary.catalog.House;
import org.lapidary.catalog.Ledger;
import org.lapidary.catalog.MethodsPage;
import org.lapidary.catalog.Row;
import org.lapidary.catalog.Status;
import org.lapidary.evidence.Figure;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code lapidary methods}. */
@Command(
    name = "methods",
    description = "Lists the methods of the catalog and how far each has come.",
    footer = {
      "",
      "Examples:",
      "  lapidary methods --area compress --status working",
      "  lapidary methods --json",
      "  lapidary methods --write      writes METHODS.md anew"
    })
final class MethodsCommand implements Callable<Integer> {
  private final Workplace workplace;

  @Spec CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--area",
      paramLabel = "AREA",
      converter = AreaConverter.class,
      description =
          "Only this area: interpret, compress, verify, transfer, nn, train, theory or domains.")
  @Nullable Area area;

  @Option(
      names = "--status",
      paramLabel = "STATUS",
      converter = StatusConverter.class,
      description = "Only this status: working, not-holding, declared or open.")
  @Nullable Status status;

  @Option(names = "--json", description = "As JSON, with claims and ledger entries.")
  boolean json;

  @Option(names = "--write", description = "Write METHODS.md in the source tree and list nothing.")
  boolean write;

  MethodsCommand(Workplace workplace) {
    this.workplace = workplace;
  }

  @Override
  public Integer call() throws IOException {
    Catalog catalog = workplace.catalog().get();
    House house = workplace.house().get();
    Ledger ledger = house.ledger();
    if (write) {
      return write(catalog, house, ledger);
    }
    List<Row> rows =
        catalog.rows().stream()
            .filter(row -> area == null || row.area() == area)
            .filter(row -> status == null || catalog.status(row, ledger) == status)
            .toList();
    spec.commandLine()
        .getOut()
        .print(json ? json(rows, catalog, ledger) : text(rows, catalog, ledger));
    spec.commandLine().getOut().flush();
    return Main.OK;
  }

  private int write(Catalog catalog, House house, Ledger ledger) throws IOException {
    List<String> faults = catalog.faults(ledger);
    if (!faults.isEmpty()) {
      faults.forEach(fault -> spec.commandLine().getErr().println("lapidary: " + fault));
      return Main.FAILURE;
    }
    Path page = new MethodsPage(catalog, ledger).write(house);
    spec.commandLine().getOut().println("wrote " + page);
    return Main.OK;
  }

  private String text(List<Row> rows, Catalog catalog, Ledger ledger) {
    List<List<Object>> cells = new ArrayList<>();
    for (Row row : rows) {
      cells.add(
          List.of(
              row.id(),
              row.area().word(),
              catalog.status(row, ledger).word(),
              row.arxiv(),
              row.title()));
    }
    Figure.Table table =
        new Figure.Table("", List.of("id", "area", "status", "arXiv", "paper"), cells);
    String counts =
        Arrays.stream(Status.values())
            .map(s ->
                rows.stream().filter(row -> catalog.status(row, ledger) == s).count()
                    + " "
                    + s.word())
            .collect(Collectors.joining(", "));
    String list = rows.isEmpty() ? "" : workplace.terminal().listRenderer().render(table) + "\n";
    return "%s%d methods: %s\n".formatted(list, rows.size(), counts);
  }

  private static String json(List<Row> rows, Catalog catalog, Ledger ledger) {
    ArrayNode array = JsonNodeFactory.instance.arrayNode();
    for (Row row : rows) {
      ObjectNode node = array.addObject();
      node.put("id", row.id());
      node.put("title", row.title());
      node.put("arxiv", row.arxiv());
      node.put("area", row.area().word());
      node.put("name", row.name());
      node.put("status", catalog.status(row, ledger).word());
      catalog
          .declaration(row)
          .ifPresent(d -> node.put("claim", d.paper().claim()).put("package", d.packageName()));
      Optional.of(row.id())
          .flatMap(ledger::find)
          .ifPresent(entry -> node.set("ledger", EntryJson.node(entry)));
    }
    return array.toPrettyString() + "\n";
  }

  private static final class AreaConverter implements ITypeConverter<Area> {
    @Override
    public Area convert(String value) {
      try {
        return Area.of(value);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(String.valueOf(e.getMessage()));
      }
    }
  }

  private static final class StatusConverter implements ITypeConverter<Status> {
    @Override
    public Status convert(String value) {
      try {
        return Status.of(value);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(String.valueOf(e.getMessage()));
      }
    }
  }
}
