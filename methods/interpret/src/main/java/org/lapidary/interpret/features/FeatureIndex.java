package org.lapidary.interpret.features;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lapidary.evidence.Figure;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.io.FormatException;
import org.lapidary.io.Safetensors;
import org.lapidary.io.TensorSource;

/**
 * The features of a dictionary, to be browsed: made by {@link FeatureIndexer}, mapped and not read,
 * so that what is in memory goes with what is looked at. May be used by several threads.
 */
public final class FeatureIndex implements AutoCloseable {
  private static final int WORDS = 3; // tokens shown in a row
  private static final int LOOKED_AT = 20; // features, for a sample of the corpus
  private static final int SAMPLE = 6; // tokens of it at least

  private final TensorSource source;
  private final IndexSummary summary;
  private final Map<String, Column> columns;
  private volatile @Nullable Vocabulary vocabulary;
  private final Map<Sort, int[]> orders = new ConcurrentHashMap<>();

  private FeatureIndex(Path file, TensorSource source) {
    this.source = source;
    summary = summary(file.toString(), source);
    columns = IndexFile.columns(source, file.toString(), summary);
  }

  /** Whether a folder holds an index. */
  public static boolean isAt(Path folder) {
    return Files.isRegularFile(folder.resolve(IndexFile.NAME));
  }

  /** The file that holds the tables; it is replaced as a whole while an index is made. */
  public static Path file(Path folder) {
    return folder.resolve(IndexFile.NAME);
  }

  /**
   * Opens an index, complete or not.
   *
   * @throws FormatException if the file is damaged or of another version
   * @throws java.io.UncheckedIOException if nothing readable is there
   */
  public static FeatureIndex open(Path folder) {
    Path file = file(folder);
    TensorSource source = Safetensors.open(file);
    try {
      return new FeatureIndex(file, source);
    } catch (RuntimeException e) {
      source.close();
      throw e;
    }
  }

  /** What the index of a folder is of, without its tables. */
  public static IndexSummary summary(Path folder) {
    Path file = file(folder);
    try (TensorSource source = Safetensors.open(file)) {
      return summary(file.toString(), source);
    }
  }

  static IndexSummary summary(String file, TensorSource source) {
    String json = source.metadata().get(IndexFile.SUMMARY);
    if (json == null) {
      throw IndexSummary.fault(
          file, "arrays without a summary", "an index of features", "make the index again");
    }
    return IndexSummary.read(file, json);
  }

  /** The dictionary that an index belongs to. */
  public static Dictionary dictionary(Path folder) {
    return Dictionary.load(folder.resolve(IndexFile.DICTIONARY));
  }

  private Column column(String name) {
    return Column.in(columns, name);
  }

  public IndexSummary summary() {
    return summary;
  }

  /** The texts of the tokens, read when they are asked for first. */
  public Vocabulary vocabulary() {
    Vocabulary known = vocabulary;
    if (known == null) {
      known =
          columns.containsKey("token_end")
              ? Vocabulary.read(column("token_end"), column("token_text"))
              : new Vocabulary(summary.vocab(), List.of());
      vocabulary = known;
    }
    return known;
  }

  /** Whether effects on logits are known. */
  public boolean hasEffects() {
    return columns.containsKey("raised");
  }

  /** Mean number of features that fire on a token. */
  public double l0() {
    long all = 0;
    for (int f = 0; f < summary.features(); f++) {
      all += column("firing").longAt(f);
    }
    return summary.tokens() == 0 ? 0 : (double) all / summary.tokens();
  }

  /** How many features have fired. */
  public int alive() {
    return (int)
        IntStream.range(0, summary.features()).filter(f -> column("firing").longAt(f) > 0).count();
  }

  // ---- lists ----

  /** An order of features; those that never fired come last. */
  public enum Sort {
    /** Those that fire most often first. */
    DENSITY,
    /** Those that fire most rarely first. */
    RARITY,
    /** By the largest activation, the largest first. */
    MAX,
    /** By number. */
    ID
  }

  /**
   * A feature in a list.
   *
   * @param share of the tokens on which it fires
   * @param mean activation where it fires; 0 if it never does
   * @param max the largest activation
   * @param peaks tokens on which it is strongest, without repetition
   * @param raised tokens whose logits it raises most
   */
  public record Row(
      int feature,
      double share,
      double mean,
      double max,
      List<String> peaks,
      List<String> raised) {}

  /**
   * A part of the list of all features.
   *
   * @param from how many to leave out
   * @param count how many to give at most
   */
  public List<Row> page(Sort sort, int from, int count) {
    int[] order = orders.computeIfAbsent(sort, this::order);
    return IntStream.range(Math.clamp(from, 0, order.length), (int) end(from, count))
        .mapToObj(i -> row(order[i]))
        .toList();
  }

  private long end(int from, int count) {
    return Math.clamp((long) Math.max(0, from) + Math.max(0, count), 0, summary.features());
  }

  private int[] order(Sort sort) {
    Column firing = column("firing");
    Column max = column("max");
    int n = summary.features();
    // keys ascend; the feature's number in the low half makes the order one
    double[] key = new double[n];
    for (int f = 0; f < n; f++) {
      long fired = firing.longAt(f);
      double k =
          switch (sort) {
            case DENSITY -> -fired;
            case RARITY -> fired;
            case MAX -> -max.floatAt(f);
            case ID -> f;
          };
      key[f] = fired == 0 ? Double.POSITIVE_INFINITY : k;
    }
    return IntStream.range(0, n)
        .boxed()
        .sorted((a, b) -> key[a] == key[b] ? Integer.compare(a, b) : Double.compare(key[a], key[b]))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /**
   * What a list says of one feature.
   *
   * @throws IllegalArgumentException if there is no such feature
   */
  public Row row(int feature) {
    check(feature);
    long fired = column("firing").longAt(feature);
    List<String> peaks =
        IntStream.range(0, summary.contexts())
            .map(k -> peakToken(feature, k))
            .filter(id -> id >= 0)
            .distinct()
            .limit(WORDS)
            .mapToObj(vocabulary()::text)
            .toList();
    List<String> raised =
        !hasEffects() || fired == 0
            ? List.of()
            : strongest("raised", feature, summary.vocab()).stream()
                .limit(WORDS)
                .map(s -> vocabulary().text(s.index()))
                .toList();
    return new Row(
        feature,
        summary.tokens() == 0 ? 0 : (double) fired / summary.tokens(),
        fired == 0 ? 0 : column("sum").doubleAt(feature) / fired,
        column("max").floatAt(feature),
        peaks,
        raised);
  }

  private int peakToken(int feature, int context) {
    return column("context_peak_token")
        .indexAt((long) feature * summary.contexts() + context, summary.vocab());
  }

  private void check(int feature) {
    if (feature < 0 || feature >= summary.features()) {
      throw new IllegalArgumentException(
          "feature %d does not exist; the dictionary has features 0 to %d"
              .formatted(feature, summary.features() - 1));
    }
  }

  // ---- search ----

  /** What a token has to do with a feature that is looked for. */
  public enum By {
    /** The feature's top contexts peak on it. */
    PEAK,
    /** The feature raises its logit. */
    RAISES,
    /** The feature lowers its logit. */
    LOWERS
  }

  /**
   * A feature that was found.
   *
   * @param score how many of its contexts peak on the token, or its effect on the token's logit
   * @param token the one it was found by
   */
  public record Hit(int feature, double score, String token) {}

  /**
   * Looks for features by a token or the beginning of one, see {@link Vocabulary#matching}. A word
   * that is no token, but spelled by several, is found by what peaks on one of them.
   *
   * @return the best first
   */
  public List<Hit> search(String text, By by) {
    List<Integer> tokens = vocabulary().matching(text);
    return switch (by) {
      case PEAK -> tokens.isEmpty() ? bySpelling(text) : byPeak(tokens);
      case RAISES -> byEffect(tokens, "raising");
      case LOWERS -> byEffect(tokens, "lowering");
    };
  }

  private List<Hit> byPeak(List<Integer> tokens) {
    if (tokens.isEmpty()) {
      return List.of();
    }
    boolean[] wanted = new boolean[summary.vocab()];
    tokens.forEach(id -> wanted[id] = true);
    List<Hit> hits = new ArrayList<>();
    for (int f = 0; f < summary.features(); f++) {
      int found = 0;
      int first = -1;
      for (int k = 0; k < summary.contexts(); k++) {
        int id = peakToken(f, k);
        if (id < 0) {
          break;
        }
        if (wanted[id]) {
          found++;
          first = first < 0 ? id : first;
        }
      }
      if (found > 0) {
        hits.add(new Hit(f, found, vocabulary().text(first)));
      }
    }
    return byScore(hits);
  }

  private List<Hit> byScore(List<Hit> hits) {
    Column max = column("max");
    hits.sort((a, b) ->
        a.score == b.score
            ? Float.compare(max.floatAt(b.feature), max.floatAt(a.feature))
            : Double.compare(b.score, a.score));
    return hits;
  }

  /** Contexts in which the word stands where the feature is strongest. */
  private List<Hit> bySpelling(String text) {
    String word = Vocabulary.plain(text);
    List<Hit> hits = new ArrayList<>();
    if (word.isEmpty()) {
      return hits;
    }
    boolean[] part = new boolean[summary.vocab()];
    for (int id = 0; id < part.length; id++) {
      String token = Vocabulary.plain(vocabulary().text(id));
      part[id] = !token.isEmpty() && word.contains(token);
    }
    for (int f = 0; f < summary.features(); f++) {
      int found = 0;
      for (int k = 0; k < summary.contexts(); k++) {
        int id = peakToken(f, k);
        if (id < 0) {
          break;
        }
        if (part[id] && spells(context(f, k), word)) {
          found++;
        }
      }
      if (found > 0) {
        hits.add(new Hit(f, found, word));
      }
    }
    return byScore(hits);
  }

  /** Whether the word covers the peak of a context. */
  private boolean spells(Context context, String word) {
    StringBuilder before = new StringBuilder();
    int peak = context.position() - context.first();
    for (int i = 0; i < peak; i++) {
      before.append(vocabulary().text(context.tokens()[i]));
    }
    StringBuilder all = new StringBuilder(before);
    for (int i = peak; i < context.tokens().length; i++) {
      all.append(vocabulary().text(context.tokens()[i]));
    }
    int from = before.length();
    int to = from + vocabulary().text(context.tokens()[peak]).length();
    String line = all.toString().toLowerCase(Locale.ROOT);
    for (int at = line.indexOf(word); at >= 0; at = line.indexOf(word, at + 1)) {
      if (at < to && at + word.length() > from) {
        return true;
      }
    }
    return false;
  }

  private List<Hit> byEffect(List<Integer> tokens, String table) {
    if (!columns.containsKey(table)) {
      return List.of();
    }
    Map<Integer, Hit> best = new LinkedHashMap<>();
    for (int token : tokens) {
      for (Strength s : strongest(table, token, summary.features())) {
        best.merge(
            s.index(),
            new Hit(s.index(), s.value(), vocabulary().text(token)),
            (a, b) -> Math.abs(a.score) >= Math.abs(b.score) ? a : b);
      }
    }
    return best.values().stream()
        .sorted((a, b) -> Double.compare(Math.abs(b.score), Math.abs(a.score)))
        .toList();
  }

  // ---- one feature ----

  /** A token or feature and how strongly something holds of it. */
  public record Strength(int index, double value) {}

  /**
   * A place where a feature is strong.
   *
   * @param text number of the text in the corpus
   * @param position of the peak in the text
   * @param first position of the first token shown
   * @param tokens shown
   * @param activations of the feature on them
   */
  public record Context(
      int text, int position, double activation, int first, int[] tokens, double[] activations) {}

  /**
   * The tokens whose logits a feature raises most, with its effect; none if effects are not known.
   */
  public List<Strength> raised(int feature) {
    check(feature);
    return hasEffects() ? strongest("raised", feature, summary.vocab()) : List.of();
  }

  /** The tokens whose logits it lowers most. */
  public List<Strength> lowered(int feature) {
    check(feature);
    return hasEffects() ? strongest("lowered", feature, summary.vocab()) : List.of();
  }

  /** The features whose directions are closest to its own, with their cosines. */
  public List<Strength> nearest(int feature) {
    check(feature);
    return columns.containsKey("nearest")
        ? strongest("nearest", feature, summary.features())
        : List.of();
  }

  private List<Strength> strongest(String table, int row, int size) {
    Column index = column(table);
    Column value = column(table.equals("nearest") ? "nearest_cosine" : table + "_effect");
    List<Strength> all = new ArrayList<>();
    long base = (long) row * index.each();
    for (int k = 0; k < index.each(); k++) {
      int at = index.indexAt(base + k, size);
      if (at < 0) {
        break;
      }
      all.add(new Strength(at, value.floatAt(base + k)));
    }
    return all;
  }

  /** The places where a feature is strongest, the strongest first. */
  public List<Context> contexts(int feature) {
    check(feature);
    List<Context> all = new ArrayList<>();
    for (int k = 0; k < summary.contexts(); k++) {
      if (peakToken(feature, k) < 0) {
        break;
      }
      all.add(context(feature, k));
    }
    return all;
  }

  private Context context(int feature, int k) {
    int width = 2 * summary.around() + 1;
    long at = (long) feature * summary.contexts() + k;
    int shown = 0;
    int[] ids = new int[width];
    double[] activations = new double[width];
    for (int i = 0; i < width; i++) {
      int id = column("context_tokens").indexAt(at * width + i, summary.vocab());
      if (id < 0) {
        break;
      }
      ids[shown] = id;
      activations[shown++] = column("context_activations").floatAt(at * width + i);
    }
    int position = column("context_position").intAt(at);
    int first = column("context_first").intAt(at);
    if (first < 0 || position < first || position - (long) first >= shown) {
      throw IndexSummary.fault(
          column("context_first").file(),
          "a peak at %d in a context of %d tokens from %d".formatted(position, shown, first),
          "a peak inside its context",
          FormatException.DAMAGED);
    }
    return new Context(
        column("context_text").intAt(at),
        position,
        column("context_peak").floatAt(at),
        first,
        Arrays.copyOf(ids, shown),
        Arrays.copyOf(activations, shown));
  }

  /**
   * Some words of the corpus, to begin with: a context of a strong feature up to its peak, if it
   * can be without special tokens. Empty if nothing fires.
   */
  public String sample() {
    String any = "";
    for (Row row : page(Sort.MAX, 0, LOOKED_AT)) {
      for (Context c : contexts(row.feature())) {
        int shown = c.position() - c.first() + 1;
        List<String> texts = vocabulary().texts(Arrays.copyOf(c.tokens(), shown));
        String joined = String.join("", texts).strip();
        if (texts.size() >= SAMPLE && !joined.contains("<")) {
          return joined;
        }
        any = any.isEmpty() ? joined : any;
      }
    }
    return any;
  }

  /** The places as shaded text. */
  public Figure.TokenText contextsFigure(int feature) {
    List<Figure.TokenLine> lines =
        contexts(feature).stream()
            .map(c -> new Figure.TokenLine(vocabulary().texts(c.tokens()), c.activations()))
            .toList();
    return new Figure.TokenText("Where feature %d is strongest".formatted(feature), lines);
  }

  /** How strongly it fires where it fires. */
  public Figure.Histogram histogram(int feature) {
    check(feature);
    float width = column("bin_width").floatAt(feature);
    long base = (long) feature * FeatureTables.BINS;
    int last = FeatureTables.BINS;
    while (last > 1 && column("histogram").longAt(base + last - 1) == 0) {
      last--;
    }
    double[] edges = new double[last + 1];
    double[] counts = new double[last];
    for (int b = 0; b < last; b++) {
      edges[b + 1] = (b + 1) * (double) width;
      counts[b] = column("histogram").longAt(base + b);
    }
    return new Figure.Histogram("Activations where it fires", "activation", edges, counts);
  }

  /** Ends the mapping; nothing more can be read. */
  @Override
  public void close() {
    source.close();
  }
}
