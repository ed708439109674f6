package org.lapidary.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.util.ByteBufferBackedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;

/**
 * JSON, read strictly: no duplicate keys, nothing after the value, bounded depth and count. NaN and
 * Infinity are understood because Python writes them.
 */
public final class Json {
  /** The largest JSON file read whole; tokenizers reach some tens of megabytes. */
  public static final long MAX_BYTES = 100_000_000;

  private static final int MAX_DEPTH = 200;

  /** Values, keys and brackets; the largest tokenizers have some three millions. */
  private static final long MAX_TOKENS = 10_000_000;

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
                  .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MAX_DEPTH)
                          .maxTokenCount(MAX_TOKENS)
                          .build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private Json() {}

  /**
   * Reads a JSON file.
   *
   * @throws FormatException if it is not one JSON value
   */
  public static JsonNode read(Path path) {
    try (Arena arena = Arena.ofConfined()) {
      return parse(FileBytes.map(path, arena));
    }
  }

  /** Reads JSON from bytes. */
  public static JsonNode parse(FileBytes file) {
    if (file.size() > MAX_BYTES) {
      throw file.fault(0, file.size() + " bytes of JSON", "at most " + MAX_BYTES);
    }
    try (JsonParser parser = parser(file, file.bytes())) {
      JsonNode node = MAPPER.readTree(parser);
      if (node == null || node.isMissingNode()) {
        throw file.fault(0, "no content", "a JSON value");
      }
      return node;
    } catch (IOException e) {
      throw fault(file, 0, e);
    }
  }

  /** The text of a value, indented by two spaces, with a newline at the end. */
  public static String format(JsonNode node) {
    DefaultPrettyPrinter printer = new DefaultPrettyPrinter();
    printer.indentArraysWith(DefaultIndenter.SYSTEM_LINEFEED_INSTANCE.withLinefeed("\n"));
    printer.indentObjectsWith(DefaultIndenter.SYSTEM_LINEFEED_INSTANCE.withLinefeed("\n"));
    try {
      return MAPPER.writer(printer).writeValueAsString(node) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("cannot be written as JSON: " + node.getNodeType(), e);
    }
  }

  /** Writes a JSON file whole or not at all. */
  public static void write(Path path, JsonNode node) {
    AtomicFiles.writeText(path, format(node));
  }

  /** A streaming parser over part of a file, as strict as {@link #parse}. */
  static JsonParser parser(FileBytes file, MemorySegment part) throws IOException {
    // Jackson would take a zero byte for UTF-16; JSON files are UTF-8 (RFC 8259, section 8.1).
    for (long i = 0; i < Math.min(4, part.byteSize()); i++) {
      if (part.get(ValueLayout.JAVA_BYTE, i) == 0) {
        throw file.fault(i, "a zero byte", "JSON in UTF-8");
      }
    }
    InputStream in = new ByteBufferBackedInputStream(part.asByteBuffer());
    return MAPPER.createParser(in);
  }

  /**
   * What Jackson found wrong, with its place; {@code base} is where the JSON starts in the file.
   */
  static FormatException fault(FileBytes file, long base, IOException e) {
    if (e instanceof JsonProcessingException json) {
      long at = json.getLocation() == null ? 0 : Math.max(0, json.getLocation().getByteOffset());
      String what = json.getOriginalMessage().lines().findFirst().orElse("a fault");
      return file.fault(
          base + at, "JSON that cannot be read (" + what + ")", "one well-formed JSON value");
    }
    return file.fault(base, "JSON that cannot be read (" + e.getMessage() + ")", "UTF-8 JSON");
  }
}
