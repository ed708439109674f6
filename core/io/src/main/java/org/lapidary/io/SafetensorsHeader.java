package org.lapidary.io;

import static com.fasterxml.jackson.core.JsonToken.END_ARRAY;
import static com.fasterxml.jackson.core.JsonToken.FIELD_NAME;
import static com.fasterxml.jackson.core.JsonToken.START_ARRAY;
import static com.fasterxml.jackson.core.JsonToken.START_OBJECT;
import static com.fasterxml.jackson.core.JsonToken.VALUE_NUMBER_INT;
import static com.fasterxml.jackson.core.JsonToken.VALUE_STRING;
import static org.lapidary.io.FormatException.quote;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import org.lapidary.tensor.DType;

/**
 * The checked header of a safetensors file: 8 bytes of header length, a JSON object {@code {name:
 * {dtype, shape, data_offsets}}}, then the data, which the offsets cover without gap or overlap.
 *
 * @see <a href="https://github.com/huggingface/safetensors#format">the format</a>
 */
record SafetensorsHeader(SequencedMap<String, RawTensor> tensors, Map<String, String> metadata) {
  static final String METADATA = "__metadata__";
  static final long MAX_HEADER = 100_000_000;

  private static final int LENGTH_BYTES = 8;

  /** One entry: where its data begin and end, in bytes after the header. */
  private record Entry(String name, DType dtype, long[] shape, long begin, long end, long at) {}

  static SafetensorsHeader read(FileBytes file) {
    long length = file.cursor().i64("the header's length");
    if (length < 2 || length > MAX_HEADER) {
      throw file.fault(
          0,
          "a header of " + Long.toUnsignedString(length) + " bytes",
          "2 to " + MAX_HEADER,
          "this is no safetensors file, or a damaged one");
    }
    MemorySegment header = file.slice(LENGTH_BYTES, length, "a header");
    if (header.get(ValueLayout.JAVA_BYTE, 0) != '{') {
      throw file.fault(LENGTH_BYTES, "a header that does not start with '{'", "a JSON object");
    }
    try (JsonParser json = Json.parser(file, header)) {
      return new Parse(file, json, LENGTH_BYTES + length).header();
    } catch (IOException e) {
      throw Json.fault(file, LENGTH_BYTES, e);
    }
  }

  /** The name of an element type in this format, or null if it has none. */
  static @Nullable String nameOf(DType dtype) {
    return switch (dtype) {
      case FLOAT64 -> "F64";
      case FLOAT32 -> "F32";
      case FLOAT16 -> "F16";
      case BFLOAT16 -> "BF16";
      case INT64 -> "I64";
      case INT32 -> "I32";
      case INT16 -> "I16";
      case INT8 -> "I8";
      case UINT8 -> "U8";
      case BOOL -> "BOOL";
      case COMPLEX64 -> "C64";
      case COMPLEX128 -> null;
    };
  }

  private record Parse(FileBytes file, JsonParser json, long dataStart) {

    SafetensorsHeader header() throws IOException {
      expect(json.nextToken(), START_OBJECT, "an object");
      List<Entry> entries = new ArrayList<>();
      Map<String, String> metadata = Map.of();
      while (json.nextToken() == FIELD_NAME) {
        String name = json.currentName();
        long at = here();
        if (name.equals(METADATA)) {
          metadata = metadata();
        } else {
          entries.add(entry(name, at));
        }
      }
      if (json.nextToken() != null) {
        throw file.fault(here(), "more text after the header's object", "only spaces");
      }
      return new SafetensorsHeader(lay(entries), metadata);
    }

    private Map<String, String> metadata() throws IOException {
      Map<String, String> metadata = new LinkedHashMap<>();
      expect(json.nextToken(), START_OBJECT, "an object of texts as " + METADATA);
      while (json.nextToken() == FIELD_NAME) {
        String key = json.currentName();
        expect(json.nextToken(), VALUE_STRING, "a text in " + METADATA);
        metadata.put(key, json.getText());
      }
      return Collections.unmodifiableMap(metadata);
    }

    private Entry entry(String name, long at) throws IOException {
      DType dtype = null;
      long[] shape = null;
      long[] offsets = null;
      expect(json.nextToken(), START_OBJECT, "an object for " + quote(name));
      while (json.nextToken() == FIELD_NAME) {
        String key = json.currentName();
        switch (key) {
          case "dtype" -> dtype = dtype(name);
          case "shape" -> shape = longs(RawTensor.MAX_RANK, "the shape of " + quote(name));
          case "data_offsets" -> offsets = longs(2, "the offsets of " + quote(name));
          default ->
              throw file.fault(
                  here(),
                  "the key " + quote(key) + " for " + quote(name),
                  "dtype, shape and data_offsets");
        }
      }
      if (dtype == null || shape == null || offsets == null || offsets.length != 2) {
        throw file.fault(
            at,
            "an incomplete entry for " + quote(name),
            "dtype, shape and data_offsets [begin, end]");
      }
      return new Entry(name, dtype, shape, offsets[0], offsets[1], at);
    }

    private DType dtype(String tensor) throws IOException {
      expect(json.nextToken(), VALUE_STRING, "the dtype of " + quote(tensor) + " as text");
      String name = json.getText();
      for (DType dtype : DType.values()) {
        if (name.equals(nameOf(dtype))) {
          return dtype;
        }
      }
      throw file.fault(
          here(),
          "the dtype " + quote(name) + " of " + quote(tensor),
          "F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL or C64",
          "convert the tensor to one of these");
    }

    private long[] longs(int most, String what) throws IOException {
      expect(json.nextToken(), START_ARRAY, what + " as an array");
      long[] values = new long[most];
      int count = 0;
      while (json.nextToken() == VALUE_NUMBER_INT) {
        if (count == most) {
          throw file.fault(here(), "more than " + most + " numbers", what);
        }
        values[count] = json.getLongValue();
        if (values[count++] < 0) {
          throw file.fault(here(), "a negative number", what);
        }
      }
      expect(json.currentToken(), END_ARRAY, what + " in whole numbers");
      return Arrays.copyOf(values, count);
    }

    /** Checks that the entries cover the data exactly, and cuts it up. */
    private SequencedMap<String, RawTensor> lay(List<Entry> entries) {
      List<Entry> sorted = new ArrayList<>(entries);
      sorted.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
      long dataLength = file.size() - dataStart;
      long next = 0;
      SequencedMap<String, RawTensor> tensors = new LinkedHashMap<>();
      for (Entry entry : sorted) {
        if (entry.begin != next) {
          throw file.fault(
              entry.at,
              quote(entry.name) + " at data offset " + entry.begin,
              "offset "
                  + next
                  + ", where the tensor before it ends (no "
                  + (entry.begin < next ? "overlap)" : "hole)"));
        }
        OptionalLong bytes = RawTensor.byteSize(entry.dtype, entry.shape);
        if (bytes.isEmpty() || bytes.getAsLong() != entry.end - entry.begin) {
          throw file.fault(
              entry.at,
              quote(entry.name) + " of " + (entry.end - entry.begin) + " bytes",
              entry.dtype
                  + Arrays.toString(entry.shape)
                  + " to take "
                  + (bytes.isEmpty() ? "a possible number" : bytes.getAsLong()));
        }
        if (entry.end > dataLength) {
          throw file.fault(
              file.size(),
              "the end of the file after " + dataLength + " bytes of data",
              quote(entry.name) + " to end at " + entry.end);
        }
        next = entry.end;
        tensors.put(
            entry.name,
            new RawTensor(
                entry.dtype,
                entry.shape,
                file.bytes().asSlice(dataStart + entry.begin, entry.end - entry.begin)));
      }
      if (next != dataLength) {
        throw file.fault(
            dataStart + next,
            (dataLength - next) + " bytes that belong to no tensor",
            "the end of the file");
      }
      return tensors;
    }

    private void expect(@Nullable JsonToken actual, JsonToken wanted, String what) {
      if (actual != wanted) {
        throw file.fault(here(), actual == null ? "the header's end" : "another value", what);
      }
    }

    private long here() {
      return LENGTH_BYTES + Math.max(0, json.currentTokenLocation().getByteOffset());
    }
  }
}
