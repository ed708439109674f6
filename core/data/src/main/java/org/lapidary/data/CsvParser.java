package org.lapidary.data;

import java.util.ArrayList;
import java.util.List;
import org.lapidary.io.FileBytes;
import org.lapidary.io.FormatException;

/** Splits text into rows and fields by RFC 4180; lines may also end in a bare LF. */
final class CsvParser {
  private final FileBytes file;
  private final String text;
  private int at;
  private int line = 1;

  CsvParser(FileBytes file, String text) {
    this.file = file;
    this.text = text;
  }

  /** All rows, at least one, all of one length. */
  List<List<String>> rows() {
    List<List<String>> rows = new ArrayList<>();
    while (at < text.length()) {
      int rowLine = line;
      List<String> row = row();
      if (!rows.isEmpty() && row.size() != rows.getFirst().size()) {
        throw fault(
            rowLine, row.size() + " fields", rows.getFirst().size() + ", as in the first line");
      }
      rows.add(row);
    }
    return rows;
  }

  private List<String> row() {
    List<String> fields = new ArrayList<>();
    while (true) {
      fields.add(at < text.length() && text.charAt(at) == '"' ? quoted() : plain());
      if (at == text.length()) {
        return List.copyOf(fields);
      }
      char end = text.charAt(at++);
      if (end == '\r' && at < text.length() && text.charAt(at) == '\n') {
        at++;
        end = '\n';
      }
      if (end == '\n') {
        line++;
        return List.copyOf(fields);
      }
      if (end != ',') {
        throw fault(line, "text after a closing quote", "a comma or the line's end");
      }
    }
  }

  private String plain() {
    int start = at;
    while (at < text.length() && !endsField(at)) {
      if (text.charAt(at) == '"') {
        throw fault(line, "a quote inside a plain field", "the whole field in quotes");
      }
      at++;
    }
    return text.substring(start, at);
  }

  private boolean endsField(int place) {
    char c = text.charAt(place);
    return c == ','
        || c == '\n'
        || (c == '\r' && place + 1 < text.length() && text.charAt(place + 1) == '\n');
  }

  private String quoted() {
    int openLine = line;
    StringBuilder field = new StringBuilder();
    at++;
    while (at < text.length()) {
      char c = text.charAt(at++);
      if (c == '"') {
        if (at == text.length() || text.charAt(at) != '"') {
          return field.toString();
        }
        at++;
      }
      if (c == '\n') {
        line++;
      }
      field.append(c);
    }
    throw fault(openLine, "a quote that is never closed", "a closing quote");
  }

  private FormatException fault(int faultLine, String found, String expected) {
    return file.fault(
        FormatException.NOWHERE,
        found + " in line " + faultLine,
        expected,
        "correct that line or save the table again as csv");
  }
}
