package org.lapidary.interpret.features;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import org.lapidary.data.Texts;
import org.lapidary.interpret.dictionary.Activation;
import org.lapidary.interpret.dictionary.Dictionary;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/** SHA-256 of what an index depends on: the dictionary, the corpus' size and ends, the settings. */
final class Fingerprint {
  private static final int PIECE = 1 << 24; // bytes

  private Fingerprint() {}

  static String of(FeatureIndexer settings, Dictionary dictionary, Texts texts) {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
    Activation activation = dictionary.activation();
    String words =
        "%s|%s|%s|%s|%s|%d %d"
            .formatted(
                settings.key(),
                dictionary.inputSite(),
                dictionary.outputSite(),
                activation.getClass().getSimpleName(),
                activation instanceof Activation.TopK top ? top.k() : "",
                texts.count(),
                texts.length());
    digest.update(words.getBytes(StandardCharsets.UTF_8));
    try (Scope scope = Scope.open()) {
      for (Tensor part :
          List.of(
              dictionary.encoder(),
              dictionary.encoderBias(),
              dictionary.decoder(),
              dictionary.decoderBias())) {
        add(digest, part.contiguous().segment());
      }
      activation.vectors().values().forEach(v -> add(digest, v.contiguous().segment()));
    }
    for (int text : new int[] {0, texts.count() / 2, texts.count() - 1}) {
      int[] ids = texts.at(text);
      ByteBuffer bytes = ByteBuffer.allocate(ids.length * Integer.BYTES);
      bytes.asIntBuffer().put(ids);
      digest.update(bytes);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void add(MessageDigest digest, MemorySegment bytes) {
    for (long at = 0; at < bytes.byteSize(); at += PIECE) {
      digest.update(bytes.asSlice(at, Math.min(PIECE, bytes.byteSize() - at)).asByteBuffer());
    }
  }
}
