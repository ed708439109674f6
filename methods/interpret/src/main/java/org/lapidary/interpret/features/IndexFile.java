package org.lapidary.interpret.features;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lapidary.io.RawTensor;
import org.lapidary.io.Safetensors;
import org.lapidary.io.TensorSource;

/** The tables of an index as one safetensors file. */
final class IndexFile {
  static final String NAME = "features.safetensors";

  /** The folder with the dictionary, beside the file. */
  static final String DICTIONARY = "dictionary";

  /** The key of the summary in the file's metadata. */
  static final String SUMMARY = "lapidary.features";

  private IndexFile() {}

  /** What is written when all texts are done. */
  record Ending(Neighbours neighbours, @Nullable LogitEffects effects) {}

  /**
   * Writes the file, whole or not at all.
   *
   * @param tokens the tokens' texts by id, or null
   */
  static void write(
      Path file,
      IndexSummary summary,
      FeatureTables t,
      String @Nullable [] tokens,
      @Nullable Ending ending) {
    Map<String, RawTensor> arrays = new LinkedHashMap<>();
    int n = t.features;
    arrays.put("firing", RawTensor.of(t.firing, n));
    arrays.put("sum", RawTensor.of(t.sum, n));
    arrays.put("max", RawTensor.of(t.max, n));
    arrays.put("bin_width", RawTensor.of(t.binWidth, n));
    arrays.put("histogram", RawTensor.of(t.histogram, n, FeatureTables.BINS));
    arrays.put("context_text", RawTensor.of(t.text, n, t.contexts));
    arrays.put("context_position", RawTensor.of(t.position, n, t.contexts));
    arrays.put("context_first", RawTensor.of(t.first, n, t.contexts));
    arrays.put("context_peak_token", RawTensor.of(t.peakToken, n, t.contexts));
    arrays.put("context_peak", RawTensor.of(t.peak, n, t.contexts));
    arrays.put("context_tokens", RawTensor.of(t.tokens, n, t.contexts, t.width));
    arrays.put("context_activations", RawTensor.of(t.activations, n, t.contexts, t.width));
    if (tokens != null) {
      put(arrays, tokens);
    }
    if (ending != null) {
      Neighbours near = ending.neighbours();
      arrays.put("nearest", RawTensor.of(near.feature(), n, near.each()));
      arrays.put("nearest_cosine", RawTensor.of(near.cosine(), n, near.each()));
      LogitEffects effects = ending.effects();
      if (effects != null) {
        put(arrays, "raised", effects.raised, n);
        put(arrays, "lowered", effects.lowered, n);
        put(arrays, "raising", effects.raising, summary.vocab());
        put(arrays, "lowering", effects.lowering, summary.vocab());
      }
    }
    Safetensors.write(file, arrays, Map.of("format", "pt", SUMMARY, summary.json()));
  }

  private static void put(
      Map<String, RawTensor> arrays, String name, LogitEffects.Strongest s, int rows) {
    arrays.put(name, RawTensor.of(s.index(), rows, s.each()));
    arrays.put(name + "_effect", RawTensor.of(s.effect(), rows, s.each()));
  }

  private static void put(Map<String, RawTensor> arrays, String[] tokens) {
    byte[][] encoded = new byte[tokens.length][];
    long[] ends = new long[tokens.length];
    int length = 0;
    for (int i = 0; i < tokens.length; i++) {
      encoded[i] = tokens[i].getBytes(StandardCharsets.UTF_8);
      length = Math.addExact(length, encoded[i].length);
      ends[i] = length;
    }
    byte[] all = new byte[length];
    for (int i = 0; i < tokens.length; i++) {
      System.arraycopy(encoded[i], 0, all, (int) ends[i] - encoded[i].length, encoded[i].length);
    }
    arrays.put("token_text", RawTensor.of(all, length));
    arrays.put("token_end", RawTensor.of(ends, tokens.length));
  }

  /** Reads the tables back, to go on with them. */
  static FeatureTables read(TensorSource source, String file, IndexSummary summary) {
    int width = 2 * summary.around() + 1;
    FeatureTables t = new FeatureTables(summary.features(), summary.contexts(), width);
    Map<String, Column> columns = columns(source, file, summary);
    copy(columns, "firing", t.firing);
    copy(columns, "histogram", t.histogram);
    double[] sum = Column.in(columns, "sum").array().toDoubles();
    System.arraycopy(sum, 0, t.sum, 0, sum.length);
    copy(columns, "max", t.max);
    copy(columns, "bin_width", t.binWidth);
    copy(columns, "context_text", t.text);
    copy(columns, "context_position", t.position);
    copy(columns, "context_first", t.first);
    copy(columns, "context_peak_token", t.peakToken);
    copy(columns, "context_peak", t.peak);
    copy(columns, "context_tokens", t.tokens);
    copy(columns, "context_activations", t.activations);
    return t;
  }

  private static void copy(Map<String, Column> columns, String name, long[] to) {
    System.arraycopy(Column.in(columns, name).array().toLongs(), 0, to, 0, to.length);
  }

  private static void copy(Map<String, Column> columns, String name, int[] to) {
    System.arraycopy(Column.in(columns, name).array().toInts(), 0, to, 0, to.length);
  }

  private static void copy(Map<String, Column> columns, String name, float[] to) {
    System.arraycopy(Column.in(columns, name).array().toFloats(), 0, to, 0, to.length);
  }

  /** The arrays that are there, of the types and shapes that they must have. */
  static Map<String, Column> columns(TensorSource source, String file, IndexSummary s) {
    Map<String, Column> columns = new HashMap<>();
    Column.Reader reader = new Column.Reader(source, file, columns);
    long n = s.features();
    long k = s.contexts();
    long width = 2L * s.around() + 1;
    reader.longs("firing", n);
    reader.doubles("sum", n);
    reader.floats("max", n);
    reader.floats("bin_width", n);
    reader.longs("histogram", n, FeatureTables.BINS);
    reader.ints("context_text", n, k);
    reader.ints("context_position", n, k);
    reader.ints("context_first", n, k);
    reader.ints("context_peak_token", n, k);
    reader.floats("context_peak", n, k);
    reader.ints("context_tokens", n, k, width);
    reader.floats("context_activations", n, k, width);
    if (reader.has("token_end")) {
      reader.longs("token_end", s.vocab());
      reader.bytes("token_text");
    }
    reader.pair("nearest", "nearest_cosine", n);
    reader.pair("raised", "raised_effect", n);
    reader.pair("lowered", "lowered_effect", n);
    reader.pair("raising", "raising_effect", s.vocab());
    reader.pair("lowering", "lowering_effect", s.vocab());
    return columns;
  }
}
