package org.lapidary.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lapidary.io.Refusals.assertRefused;
import static org.lapidary.io.Refusals.assertRefusedWhenCutAnywhere;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class Llama2cTest {
  private static final int[] SMALL = {4, 3, 2, 2, 1, 5, 6};

  @Test
  void weightsStandInTheOrderOfTheFormat() {
    for (boolean tied : new boolean[] {true, false}) {
      int[] header = SMALL.clone();
      header[5] = tied ? 5 : -5;
      byte[] bytes = model(header);
      try (Llama2c model = Llama2c.parse("m.bin", MemorySegment.ofArray(bytes))) {
        assertThat(model.config()).isEqualTo(new Llama2c.Config(4, 3, 2, 2, 1, 5, 6, tied));
        // Every float of the test file is its own index.
        float next = 0;
        for (String name : model.names()) {
          if (name.equals("output")) {
            next += 2 * 6 * 1; // the rotary tables before it
          }
          for (float value : model.get(name).toFloats()) {
            assertThat(value).as(name).isEqualTo(next++);
          }
        }
        assertThat(model.get("wk").shape()).containsExactly(2, 2, 4);
        assertThat(model.get("w2").shape()).containsExactly(2, 4, 3);
        assertThat(model.names().contains("output")).isEqualTo(!tied);
      }
    }
  }

  @Test
  void readsTheTrainedModelAndItsVocabulary() {
    Path folder = TestData.folder("stories260K");
    try (Llama2c model = Llama2c.open(folder.resolve("stories260K.bin"))) {
      assertThat(model.config()).isEqualTo(new Llama2c.Config(64, 172, 5, 8, 4, 512, 512, true));
      // A trained norm's gains are positive and near their start, 1.
      double mean = 0;
      for (float gain : model.get("attention_norm").toFloats()) {
        mean += gain / model.get("attention_norm").elements();
      }
      assertThat(mean).isBetween(0.2, 5.0);
    }
    Llama2cTokens tokens = Llama2cTokens.read(folder.resolve("tok512.bin"), 512);
    assertThat(tokens.tokens()).hasSize(512);
    // Ids 3 to 258 of a SentencePiece vocabulary with byte fallback are the bytes.
    assertThat(text(tokens.tokens().get(3))).isEqualTo("<0x00>");
    assertThat(text(tokens.tokens().get(258))).isEqualTo("<0xFF>");
    assertThat(tokens.tokens()).allMatch(token -> token.bytes().length <= tokens.longest());
  }

  @Test
  void aModelCutAnywhereIsRefused() {
    assertRefusedWhenCutAnywhere(Llama2cTest::read, model(SMALL));
  }

  @Test
  void headersThatDoNotFitAreRefused() {
    for (int field = 0; field < SMALL.length; field++) {
      for (int value : new int[] {0, Integer.MIN_VALUE, Integer.MAX_VALUE, 1 << 25}) {
        int[] header = SMALL.clone();
        header[field] = value;
        assertRefused(Llama2cTest::read, header(header, 2000), "byte " + 4 * field, "found a ");
      }
      int[] larger = SMALL.clone();
      larger[field] *= 1 << 20;
      assertRefused(Llama2cTest::read, header(larger, 2000), "found");
    }
    byte[] sound = model(SMALL);
    assertRefused(
        Llama2cTest::read,
        java.util.Arrays.copyOf(sound, sound.length + 1),
        "1 bytes after the last weight");
    assertRefused(Llama2cTest::read, header(new int[] {0x616b3432, 1}, 300), "a later version");
    assertRefused(
        Llama2cTest::read, header(new int[] {4, 3, 2, 3, 1, 5, 6}, 2000), "heads that divide");
    assertRefused(
        Llama2cTest::read, header(new int[] {4, 3, 2, 4, 3, 5, 6}, 2000), "heads that divide");
    assertRefused(Llama2cTest::read, header(new int[] {4, 3, 2, 4, 1, 5, 6}, 2000), "even parts");
  }

  @Test
  void aVocabularyThatDoesNotFitIsRefused() {
    byte[] sound = vocabulary();
    for (int length = 0; length < sound.length; length++) {
      byte[] cut = java.util.Arrays.copyOf(sound, length);
      assertRefused(() -> vocabulary(cut, 2), "expected");
    }
    assertThat(vocabulary(sound, 2).tokens()).hasSize(2);
    assertRefused(() -> vocabulary(sound, 1), "more than 1 tokens");
    assertRefused(() -> vocabulary(sound, 3), "2 tokens", "3, as the model has");
    byte[] longer = sound.clone();
    longer[8] = 4;
    assertRefused(() -> vocabulary(longer, 2), "token 0 of 4 bytes", "at most 3 bytes");
    byte[] negative = sound.clone();
    negative[11] = -1;
    assertRefused(() -> vocabulary(negative, 2), "token 0 of -");
    byte[] wide = sound.clone();
    wide[3] = 0x7f;
    assertRefused(() -> vocabulary(wide, 2), "a longest token of");
  }

  static void read(MemorySegment bytes) {
    try (Llama2c model = Llama2c.parse("hostile.bin", bytes)) {
      model.names().forEach(model::get);
    }
  }

  /** A file whose floats count up from 0. */
  static byte[] model(int[] header) {
    int dim = header[0];
    int hidden = header[1];
    int layers = header[2];
    int kvDim = dim / header[3] * header[4];
    int vocab = Math.abs(header[5]);
    int floats =
        vocab * dim
            + layers * (2 * dim + 2 * dim * dim + 2 * kvDim * dim + 3 * hidden * dim)
            + dim
            + header[6] * (dim / header[3])
            + (header[5] < 0 ? vocab * dim : 0);
    ByteBuffer out = ByteBuffer.allocate(28 + 4 * floats).order(ByteOrder.LITTLE_ENDIAN);
    for (int field : header) {
      out.putInt(field);
    }
    for (int i = 0; i < floats; i++) {
      out.putFloat(i);
    }
    return out.array();
  }

  /** Two tokens, "a" and "bcd". */
  static byte[] vocabulary() {
    ByteBuffer out = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(3).putFloat(-1).putInt(1).put((byte) 'a');
    return out.putFloat(-2).putInt(3).put(new byte[] {'b', 'c', 'd'}).array();
  }

  private static Llama2cTokens vocabulary(byte[] bytes, int vocab) {
    return Llama2cTokens.parse("hostile.bin", MemorySegment.ofArray(bytes), vocab);
  }

  private static byte[] header(int[] header, int length) {
    ByteBuffer out = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    for (int field : header) {
      out.putInt(field);
    }
    return out.array();
  }

  private static String text(Llama2cTokens.Token token) {
    return new String(token.bytes(), StandardCharsets.UTF_8);
  }
}
