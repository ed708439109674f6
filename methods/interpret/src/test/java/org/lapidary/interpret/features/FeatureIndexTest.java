package org.lapidary.interpret.features;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lapidary.data.Texts;
import org.lapidary.evidence.Progress;
import org.lapidary.interpret.circuit.InvariantView;
import org.lapidary.interpret.dictionary.Activation;
import org.lapidary.interpret.dictionary.ActivationBuffer;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.interpret.features.FeatureIndex.By;
import org.lapidary.interpret.features.FeatureIndex.Context;
import org.lapidary.interpret.features.FeatureIndex.Sort;
import org.lapidary.interpret.features.FeatureIndex.Strength;
import org.lapidary.io.FormatException;
import org.lapidary.nn.DecoderConfig;
import org.lapidary.nn.Model;
import org.lapidary.nn.Tokenizer;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.ShapeException;
import org.lapidary.tensor.Tensor;

class FeatureIndexTest {
  private static final int VOCAB = 13;
  private static final int LENGTH = 10;
  private static final int FEATURES = 24;
  private static final String IN = "blocks.1.mlp.gate.hook_in";
  private static final String OUT = "blocks.1.hook_mlp_out";
  private static final FeatureIndexer.Origin ORIGIN =
      new FeatureIndexer.Origin("a model", "a corpus");
  private static final FeatureIndexer INDEXER = new FeatureIndexer(4, 2, 5, 6, 3, 0);
  private static final Model MODEL =
      Model.random(DecoderConfig.llama(VOCAB, 8, 2, 2, 1, 12, LENGTH, true), new Rng(1))
          .withTokenizer(new Letters());

  @TempDir Path folder;

  /** Shows ids 0, 1, ... as " A", " B", ..., and the last two as HTML and as "ab". */
  private static final class Letters implements Tokenizer {
    @Override
    public int[] encode(String text) {
      return text.strip().chars().map(c -> c - 'a').toArray();
    }

    @Override
    public String decode(int[] ids) {
      return String.join("", tokens(ids));
    }

    @Override
    public String token(int id) {
      return switch (id) {
        case 11 -> "<script>";
        case 12 -> "ab";
        default -> " " + (char) ('A' + id);
      };
    }

    @Override
    public int vocab() {
      return VOCAB;
    }

    @Override
    public Integer bos() {
      return 0;
    }

    @Override
    public Integer eos() {
      return 1;
    }
  }

  private static int[][] texts(int count) {
    Rng rng = new Rng(2);
    int[][] texts = new int[count][LENGTH];
    for (int[] text : texts) {
      Arrays.setAll(text, i -> rng.nextInt(VOCAB));
    }
    return texts;
  }

  /** Of which feature 5 never fires. */
  private static Dictionary dictionary() {
    Rng rng = new Rng(3);
    float[] bias = rng.normal(0.5, FEATURES).toFloats();
    bias[5] = -1e6f;
    return new Dictionary(
        rng.normal(1, FEATURES, 8),
        Tensor.of(bias, FEATURES),
        rng.normal(1, FEATURES, 8),
        rng.normal(1, 8),
        new Activation.Relu(),
        IN,
        OUT);
  }

  private FeatureIndex made(int[][] texts) {
    INDEXER.index(
        MODEL, dictionary(), Texts.of(texts), ORIGIN, folder.resolve("i"), Progress.silent());
    return FeatureIndex.open(folder.resolve("i"));
  }

  /** z[text][position][feature], all at once. */
  private static float[][][] activations(int[][] texts) {
    Tensor x = ActivationBuffer.harvest(MODEL, IN, IN, texts).input();
    float[] z = dictionary().encode(x).toFloats();
    float[][][] all = new float[texts.length][LENGTH][FEATURES];
    for (int i = 0; i < z.length; i++) {
      all[i / FEATURES / LENGTH][i / FEATURES % LENGTH][i % FEATURES] = z[i];
    }
    return all;
  }

  @Test
  void sharesMeansAndMaximaAreThoseOfAllActivations() {
    int[][] texts = texts(50);
    float[][][] z = activations(texts);
    try (FeatureIndex index = made(texts)) {
      double all = 0;
      for (int f = 0; f < FEATURES; f++) {
        int fired = 0;
        double sum = 0;
        double max = 0;
        for (float[][] text : z) {
          for (float[] token : text) {
            fired += token[f] > 0 ? 1 : 0;
            sum += Math.max(0, token[f]);
            max = Math.max(max, token[f]);
          }
        }
        FeatureIndex.Row row = index.row(f);
        assertThat(row.share()).isEqualTo(fired / 500.0);
        assertThat(row.mean()).isCloseTo(fired == 0 ? 0 : sum / fired, within(1e-4));
        assertThat(row.max()).isCloseTo(max, within(1e-5));
        all += fired;
      }
      assertThat(index.l0()).isCloseTo(all / 500, within(1e-9));
      assertThat(index.alive()).isEqualTo(FEATURES - 1);
      assertThat(index.summary().tokens()).isEqualTo(500);
    }
  }

  @Test
  void contextsAreTheStrongestPlacesOfDifferentTexts() {
    int[][] texts = texts(50);
    float[][][] z = activations(texts);
    try (FeatureIndex index = made(texts)) {
      for (int f = 0; f < FEATURES; f++) {
        int feature = f;
        double[] strongest =
            Arrays.stream(z)
                .mapToDouble(text -> peak(text, feature))
                .filter(v -> v > 0)
                .map(v -> -v)
                .sorted()
                .limit(4)
                .toArray();
        List<Context> contexts = index.contexts(f);
        assertThat(contexts).extracting(Context::text).doesNotHaveDuplicates();
        assertThat(contexts).hasSize(strongest.length);
        for (int i = 0; i < strongest.length; i++) {
          assertThat(contexts.get(i).activation()).isCloseTo(-strongest[i], within(1e-5));
        }
        for (Context c : contexts) {
          assertThat(c.activation()).isCloseTo(peak(z[c.text()], f), within(1e-5));
          assertThat(z[c.text()][c.position()][f]).isCloseTo((float) c.activation(), within(1e-5f));
          assertThat(c.first()).isEqualTo(Math.max(0, c.position() - 2));
          int end = Math.min(LENGTH, c.position() + 3);
          assertThat(c.tokens()).isEqualTo(Arrays.copyOfRange(texts[c.text()], c.first(), end));
          for (int i = 0; i < c.tokens().length; i++) {
            double expected = Math.max(0, z[c.text()][c.first() + i][f]);
            assertThat(c.activations()[i]).isCloseTo(expected, within(1e-5));
          }
        }
      }
    }
  }

  private static double peak(float[][] text, int feature) {
    return Arrays.stream(text).mapToDouble(t -> t[feature]).max().orElseThrow();
  }

  @Test
  void histogramsCountEveryActivationInItsBin() {
    int[][] texts = texts(50);
    float[][][] z = activations(texts);
    try (FeatureIndex index = made(texts)) {
      for (int f = 0; f < FEATURES; f++) {
        var histogram = index.histogram(f);
        double[] counts = new double[histogram.counts().length];
        for (float[][] text : z) {
          for (float[] token : text) {
            for (int b = 0; b < counts.length && token[f] > 0; b++) {
              boolean in = token[f] >= histogram.edges()[b] && token[f] < histogram.edges()[b + 1];
              counts[b] += in ? 1 : 0;
            }
          }
        }
        assertThat(histogram.counts()).isEqualTo(counts);
        assertThat(Arrays.stream(counts).sum()).isEqualTo(index.row(f).share() * 500, within(1e-6));
      }
    }
  }

  @Test
  void effectsAreProductsOfTheDirectionAndTheUnembedding() {
    InvariantView view = new InvariantView(MODEL);
    try (FeatureIndex index = made(texts(50))) {
      double[][] effects = new double[FEATURES][];
      for (int f = 0; f < FEATURES; f++) {
        effects[f] = view.logitEffect(dictionary(), f).toDoubles();
      }
      for (int f = 0; f < FEATURES; f++) {
        if (f == 5) {
          assertThat(index.raised(f)).isEmpty();
          continue;
        }
        double[] effect = effects[f];
        same(index.raised(f), order(effect, 1, 5), effect);
        same(index.lowered(f), order(effect, -1, 5), effect);
      }
      for (int token = 0; token < VOCAB; token++) {
        int t = token;
        double[] ofToken = IntStream.range(0, FEATURES).mapToDouble(f -> effects[f][t]).toArray();
        List<FeatureIndex.Hit> up = index.search(MODEL.tokenizer().token(t).strip(), By.RAISES);
        assertThat(up)
            .extracting(FeatureIndex.Hit::feature)
            .containsExactlyElementsOf(alive(order(ofToken, 1, FEATURES)));
        assertThat(up.getFirst().score()).isCloseTo(ofToken[up.getFirst().feature()], within(1e-4));
        assertThat(index.search(MODEL.tokenizer().token(t).strip(), By.LOWERS))
            .extracting(FeatureIndex.Hit::feature)
            .containsExactlyElementsOf(alive(order(ofToken, -1, FEATURES)));
      }
    }
  }

  private static List<Integer> order(double[] values, int sign, int count) {
    return IntStream.range(0, values.length)
        .boxed()
        .sorted(Comparator.comparingDouble(i -> -sign * values[i]))
        .limit(count)
        .toList();
  }

  private static List<Integer> alive(List<Integer> features) {
    return features.stream().filter(f -> f != 5).limit(6).toList();
  }

  private static void same(List<Strength> found, List<Integer> expected, double[] values) {
    assertThat(found).extracting(Strength::index).isEqualTo(expected);
    for (Strength s : found) {
      assertThat(s.value()).isCloseTo(values[s.index()], within(1e-4));
    }
  }

  @Test
  void nearestFeaturesHaveTheLargestCosines() {
    float[] rows = dictionary().decoder().toFloats();
    try (FeatureIndex index = made(texts(50))) {
      for (int f = 0; f < FEATURES; f++) {
        if (f == 5) {
          assertThat(index.nearest(f)).isEmpty();
          continue;
        }
        double[] cosines = new double[FEATURES];
        for (int g = 0; g < FEATURES; g++) {
          cosines[g] = g == f || g == 5 ? -2 : cosine(rows, f, g);
        }
        same(index.nearest(f), order(cosines, 1, 3), cosines);
      }
    }
  }

  private static double cosine(float[] rows, int f, int g) {
    double fg = 0;
    double ff = 0;
    double gg = 0;
    for (int i = 0; i < 8; i++) {
      fg += rows[f * 8 + i] * (double) rows[g * 8 + i];
      ff += rows[f * 8 + i] * (double) rows[f * 8 + i];
      gg += rows[g * 8 + i] * (double) rows[g * 8 + i];
    }
    return fg / Math.sqrt(ff * gg);
  }

  @Test
  void listsAreInTheOrderAskedForAndComeInPages() {
    try (FeatureIndex index = made(texts(50))) {
      for (Sort sort : Sort.values()) {
        List<FeatureIndex.Row> all = index.page(sort, 0, 1000);
        assertThat(all).hasSize(FEATURES);
        assertThat(all.getLast().feature()).isEqualTo(5); // the one that never fires
        Comparator<FeatureIndex.Row> order =
            switch (sort) {
              case DENSITY -> Comparator.comparingDouble(r -> -r.share());
              case RARITY -> Comparator.comparingDouble(FeatureIndex.Row::share);
              case MAX -> Comparator.comparingDouble(r -> -r.max());
              case ID -> Comparator.comparingInt(FeatureIndex.Row::feature);
            };
        assertThat(all.subList(0, FEATURES - 1)).isSortedAccordingTo(order);
        assertThat(index.page(sort, 10, 7)).isEqualTo(all.subList(10, 17));
        assertThat(index.page(sort, FEATURES, 7)).isEmpty();
        assertThat(index.page(sort, -3, -1)).isEmpty();
      }
    }
  }

  @Test
  void aTokenFindsTheFeaturesThatPeakOnIt() {
    int[][] texts = texts(50);
    try (FeatureIndex index = made(texts)) {
      for (int token = 0; token < VOCAB; token++) {
        int wanted = token;
        List<Integer> expected = new ArrayList<>();
        for (int f = 0; f < FEATURES; f++) {
          if (index.contexts(f).stream().anyMatch(c -> texts[c.text()][c.position()] == wanted)) {
            expected.add(f);
          }
        }
        List<FeatureIndex.Hit> hits = index.search(MODEL.tokenizer().token(token).strip(), By.PEAK);
        assertThat(hits)
            .extracting(FeatureIndex.Hit::feature)
            .containsExactlyInAnyOrderElementsOf(expected);
        assertThat(hits).isSortedAccordingTo(Comparator.comparingDouble(h -> -h.score()));
      }
    }
  }

  @Test
  void aWordOfSeveralTokensIsFoundWhereItIsStrongest() {
    int[][] texts = texts(50);
    try (FeatureIndex index = made(texts)) {
      String word = "c d"; // ids 2 and 3
      List<Integer> expected = new ArrayList<>();
      for (int f = 0; f < FEATURES; f++) {
        if (index.contexts(f).stream()
            .anyMatch(c -> {
              int p = c.position() - c.first();
              int[] ids = c.tokens();
              return (ids[p] == 2 && p + 1 < ids.length && ids[p + 1] == 3)
                  || (ids[p] == 3 && p > 0 && ids[p - 1] == 2);
            })) {
          expected.add(f);
        }
      }
      assertThat(expected).isNotEmpty();
      assertThat(index.search(word, By.PEAK))
          .extracting(FeatureIndex.Hit::feature)
          .containsExactlyInAnyOrderElementsOf(expected);
      assertThat(index.search("no such word", By.PEAK)).isEmpty();
    }
  }

  @Test
  void wordsStandApartAndOtherTokensAsTheyAre() {
    int[] ids = {0, 1};
    assertThat(new Vocabulary(2, List.of("the", "cat")).texts(ids)).containsExactly("the ", "cat ");
    assertThat(new Vocabulary(2, List.of("the", " cat")).texts(ids)).containsExactly("the", " cat");
    assertThat(new Vocabulary(3, List.of("a", "b", "<bos>")).texts(ids)).containsExactly("a", "b");
  }

  @Test
  void aSampleIsFromTheCorpus() {
    int[][] texts = texts(50);
    try (FeatureIndex index = made(texts)) {
      String sample = index.sample();
      assertThat(sample).isNotEmpty();
      assertThat(
              Arrays.stream(texts)
                  .map(text -> String.join("", MODEL.tokenizer().tokens(text)))
                  .filter(text -> text.contains(sample)))
          .isNotEmpty();
    }
  }

  @Test
  void aTextMatchesTokensThatAreItOrBeginWithIt() {
    Vocabulary vocabulary = new Vocabulary(4, List.of(" A", "ab", "a", "Abc"));
    assertThat(vocabulary.matching("a")).containsExactly(0, 2);
    assertThat(vocabulary.matching(" A ")).containsExactly(0, 2);
    assertThat(vocabulary.matching("a*")).containsExactly(0, 1, 2, 3);
    assertThat(vocabulary.matching("ABC")).containsExactly(3);
    assertThat(new Vocabulary(3, List.of()).matching("2")).containsExactly(2);
    assertThat(vocabulary.matching("x")).isEmpty();
    assertThat(vocabulary.matching(" ")).isEmpty();
    assertThat(vocabulary.matching("*")).isEmpty();
  }

  @Test
  void aStoppedIndexCanBeLookedAtAndGoesOnToTheSameBits() throws IOException {
    int[][] texts = texts(50);
    Path whole = folder.resolve("whole");
    Path halted = folder.resolve("halted");
    INDEXER.index(MODEL, dictionary(), Texts.of(texts), ORIGIN, whole, Progress.silent());
    int[] looks = new int[1];
    Progress stops = Progress.stoppable(() -> looks[0]++ >= 2);
    IndexSummary half = INDEXER.index(MODEL, dictionary(), Texts.of(texts), ORIGIN, halted, stops);
    assertThat(half.textsDone()).isEqualTo(32);
    assertThat(half.complete()).isFalse();
    try (FeatureIndex index = FeatureIndex.open(halted)) {
      assertThat(index.summary()).isEqualTo(half);
      assertThat(index.contexts(0)).isNotEmpty();
      assertThat(index.hasEffects()).isFalse();
      assertThat(index.nearest(0)).isEmpty();
      assertThat(index.search("a", By.RAISES)).isEmpty();
    }
    IndexSummary done =
        INDEXER.index(MODEL, dictionary(), Texts.of(texts), ORIGIN, halted, Progress.silent());
    assertThat(done.complete()).isTrue();
    assertThat(Files.mismatch(FeatureIndex.file(whole), FeatureIndex.file(halted))).isEqualTo(-1);
  }

  @Test
  void aFinishedIndexIsNotMadeAgain() throws IOException {
    made(texts(20)).close();
    var written = Files.getLastModifiedTime(FeatureIndex.file(folder.resolve("i")));
    made(texts(20)).close();
    assertThat(Files.getLastModifiedTime(FeatureIndex.file(folder.resolve("i"))))
        .isEqualTo(written);
    assertThatThrownBy(() -> made(texts(21)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("index of another dictionary, corpus or other settings");
  }

  @Test
  void theDictionaryLiesBesideItsIndex() {
    made(texts(20)).close();
    Dictionary kept = FeatureIndex.dictionary(folder.resolve("i"));
    assertThat(kept.inputSite()).isEqualTo(IN);
    assertThat(kept.encoder().sub(dictionary().encoder()).abs().max().item()).isZero();
  }

  @Test
  void withoutATokenizerTokensAreShownAsTheirIds() {
    Model plain = MODEL.withTokenizer(null);
    INDEXER.index(plain, dictionary(), Texts.of(texts(20)), ORIGIN, folder, Progress.silent());
    try (FeatureIndex index = FeatureIndex.open(folder)) {
      Context first = index.contexts(0).getFirst();
      assertThat(index.contextsFigure(0).lines().getFirst().tokens())
          .containsExactlyElementsOf(
              Arrays.stream(first.tokens()).mapToObj(id -> id + " ").toList());
    }
  }

  @Test
  void whatFiresOnATextIsWhatTheDictionaryGives() {
    int[] text = {3, 1, 4, 1, 5};
    Tensor x = ActivationBuffer.harvest(MODEL, IN, IN, new int[][] {text}).input();
    float[] z = dictionary().encode(x).toFloats();
    TokenFirings firings = TokenFirings.of(MODEL, dictionary(), text);
    for (int p = 0; p < text.length; p++) {
      double[] here = new double[FEATURES];
      for (int f = 0; f < FEATURES; f++) {
        here[f] = z[p * FEATURES + f];
      }
      int active = (int) Arrays.stream(here).filter(v -> v > 0).count();
      assertThat(firings.at(p))
          .extracting(TokenFirings.Firing::feature)
          .isEqualTo(order(here, 1, active));
      for (TokenFirings.Firing firing : firings.at(p)) {
        assertThat(firing.activation()).isCloseTo(here[firing.feature()], within(1e-5));
        assertThat(firings.along(firing.feature())[p]).isEqualTo(firing.activation());
      }
    }
    for (TokenFirings.Firing peak : firings.peaks()) {
      assertThat(peak.activation())
          .isEqualTo(Arrays.stream(firings.along(peak.feature())).max().orElseThrow())
          .isPositive();
    }
  }

  @Test
  void badInputIsRefusedInWords() {
    Dictionary good = dictionary();
    Texts some = Texts.of(texts(20));
    assertThatThrownBy(() -> index(good, Texts.of(new int[0][])))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the corpus is empty");
    assertThatThrownBy(() -> index(good.at("", ""), some))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("names no site");
    assertThatThrownBy(() -> index(good.at("blocks.7.hook_mlp_out", OUT), some))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("blocks.7.hook_mlp_out");
    Rng rng = new Rng(9);
    Dictionary wide =
        new Dictionary(
            rng.normal(1, 6, 9),
            Tensor.zeros(6),
            rng.normal(1, 6, 8),
            Tensor.zeros(8),
            new Activation.Relu(),
            IN,
            OUT);
    assertThatThrownBy(() -> index(wide, some))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("width 9");
    Dictionary bad =
        new Dictionary(
            good.encoder(),
            Tensor.of(filled(Float.NaN), FEATURES),
            good.decoder(),
            good.decoderBias(),
            good.activation(),
            IN,
            OUT);
    assertThatThrownBy(() -> index(bad, some))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("not finite");
    assertThatThrownBy(() -> TokenFirings.of(MODEL, good, new int[0]))
        .hasMessageContaining("the text is empty");
    assertThatThrownBy(() -> TokenFirings.of(MODEL, good, new int[] {VOCAB}))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new FeatureIndexer(0, 1, 1, 1, 1, 1))
        .hasMessageContaining("contexts must be from 1");
    try (FeatureIndex index = made(texts(20))) {
      assertThatThrownBy(() -> index.row(FEATURES)).hasMessageContaining("features 0 to 23");
      assertThatThrownBy(() -> index.contexts(-1)).hasMessageContaining("feature -1");
    }
  }

  private static float[] filled(float value) {
    float[] all = new float[FEATURES];
    Arrays.fill(all, value);
    return all;
  }

  private void index(Dictionary dictionary, Texts texts) {
    INDEXER.index(MODEL, dictionary, texts, ORIGIN, folder.resolve("bad"), Progress.silent());
  }

  @Test
  void aDamagedIndexIsRefusedInWords() throws IOException {
    made(texts(20)).close();
    Path file = FeatureIndex.file(folder.resolve("i"));
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(bytes, bytes.length - 100));
    assertThatThrownBy(() -> FeatureIndex.open(folder.resolve("i")))
        .isInstanceOf(FormatException.class)
        .hasMessageContaining("features.safetensors");
    String header = new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1);
    Files.write(
        file,
        header
            .replace("\\\"version\\\":1", "\\\"version\\\":9")
            .getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
    assertThatThrownBy(() -> FeatureIndex.open(folder.resolve("i")))
        .isInstanceOf(FormatException.class)
        .hasMessageContaining("version 9");
    Files.write(
        file,
        header
            .replace("\\\"features\\\":24", "\\\"features\\\":25")
            .getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
    assertThatThrownBy(() -> FeatureIndex.open(folder.resolve("i")))
        .isInstanceOf(FormatException.class)
        .hasMessageContaining("[25");
  }

  @Test
  void idsThatDoNotExistAreFoundWhereTheyAreRead() throws IOException {
    made(texts(20)).close();
    Path file = FeatureIndex.file(folder.resolve("i"));
    byte[] bytes = Files.readAllBytes(file);
    // the tables of ids are small numbers; whole words of them become large ones
    for (int i = bytes.length / 2 / 4 * 4; i + 4 < bytes.length; i += 4) {
      if (bytes[i] > 0 && bytes[i] < VOCAB && bytes[i + 1] == 0 && bytes[i + 3] == 0) {
        bytes[i + 3] = 0x40;
      }
    }
    Files.write(file, bytes);
    try (FeatureIndex index = FeatureIndex.open(folder.resolve("i"))) {
      assertThatThrownBy(
              () -> {
                for (int f = 0; f < FEATURES; f++) {
                  index.row(f);
                  index.contexts(f);
                  index.nearest(f);
                }
              })
          .isInstanceOf(FormatException.class)
          .hasMessageContaining("-1 to");
    }
  }
}
