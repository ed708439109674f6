package org.lapidary.data;

import static org.lapidary.io.FormatException.quote;

import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.lapidary.io.FileBytes;
import org.lapidary.io.FormatException;

/**
 * A table of comma-separated values as RFC 4180 has them, plain or gzipped: fields may be quoted,
 * every row has as many fields as the first.
 *
 * @param file where it comes from, for errors
 * @param columns names, from the first line or "0", "1", ... if the file has none
 * @param rows [row][column]
 */
public record Csv(String file, List<String> columns, List<List<String>> rows) {

  /** Whether the first line names the columns. */
  public enum Header {
    PRESENT,
    ABSENT
  }

  /**
   * Reads a table.
   *
   * @throws FormatException if it is not UTF-8, rows differ in length, or a quote stays open
   * @throws UncheckedIOException if the file cannot be read
   */
  public static Csv read(Path path, Header header) {
    return Unpacked.read(path, file -> parse(file, header));
  }

  /** Reads a table already in memory. */
  public static Csv parse(String name, MemorySegment bytes, Header header) {
    return parse(Unpacked.unpack(new FileBytes(name, bytes)), header);
  }

  private static Csv parse(FileBytes file, Header header) {
    List<List<String>> rows = new CsvParser(file, TextFile.parse(file)).rows();
    List<String> first = rows.getFirst();
    List<String> names =
        header == Header.PRESENT
            ? first
            : IntStream.range(0, first.size()).mapToObj(Integer::toString).toList();
    if (names.stream().distinct().count() != names.size()) {
      throw file.fault(0, "a column name twice in " + quote(names.toString()), "distinct names");
    }
    return new Csv(
        file.file(), names, header == Header.PRESENT ? rows.subList(1, rows.size()) : rows);
  }

  /**
   * The place of a column.
   *
   * @throws IllegalArgumentException if there is none of that name
   */
  public int column(String name) {
    int place = columns.indexOf(name);
    if (place < 0) {
      throw new IllegalArgumentException("no column " + quote(name) + ", only " + columns);
    }
    return place;
  }

  /**
   * Columns as numbers, [row][column].
   *
   * @param places which columns, all if none is given
   * @throws FormatException if a field is no finite number
   */
  public double[][] numbers(int... places) {
    int[] chosen = places.length == 0 ? IntStream.range(0, columns.size()).toArray() : places;
    double[][] numbers = new double[rows.size()][chosen.length];
    for (int r = 0; r < numbers.length; r++) {
      for (int c = 0; c < chosen.length; c++) {
        numbers[r][c] = number(r, chosen[c]);
      }
    }
    return numbers;
  }

  private double number(int row, int column) {
    String field = rows.get(row).get(column).strip();
    // Java also takes "1d" and "0x1p3" for numbers; tables of numbers do not mean these.
    boolean plain =
        !field.isEmpty() && field.chars().allMatch(c -> "+-.0123456789eE".indexOf(c) >= 0);
    try {
      double value = plain ? Double.parseDouble(field) : Double.NaN;
      if (Double.isFinite(value)) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Answered below.
    }
    throw new FormatException(
        file,
        FormatException.NOWHERE,
        quote(field) + " in row " + (row + 1) + ", column " + quote(columns.get(column)),
        "a finite number",
        "choose numeric columns or fill the gap");
  }

  /** The fields of a column as they stand. */
  public List<String> texts(int column) {
    List<String> texts = new ArrayList<>(rows.size());
    rows.forEach(row -> texts.add(row.get(column)));
    return texts;
  }
}
