package org.lapidary.io.model;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lapidary.io.Llama2cTokens;
import org.lapidary.nn.Tokenizer;

/**
 * The tokenizer of llama2.c models: byte-pair merges by score after SentencePiece (Kudo and
 * Richardson, 2018), a blank put before the text, bytes without a token of their own as {@code
 * <0xXX>}. Ids 0, 1, 2 are unknown, begin and end.
 */
public final class Llama2cTokenizer implements Tokenizer {
  private static final int BOS = 1;
  private static final int EOS = 2;
  private static final int FIRST_BYTE = 3;

  private final Llama2cTokens tokens;
  private final Map<String, Integer> ids = new HashMap<>();

  public Llama2cTokenizer(Llama2cTokens tokens) {
    this.tokens = tokens;
    for (int i = 0; i < tokens.tokens().size(); i++) {
      ids.putIfAbsent(piece(i), i);
    }
  }

  private String piece(int id) {
    return new String(tokens.tokens().get(id).bytes(), StandardCharsets.UTF_8);
  }

  @Override
  public int[] encode(String text) {
    List<Integer> line = new ArrayList<>();
    if (text.isEmpty()) {
      return new int[0];
    }
    (" " + text).codePoints().forEach(c -> addCharacter(line, Character.toString(c)));
    while (mergeBest(line)) {
      // until no neighbouring pair is a token
    }
    return line.stream().mapToInt(Integer::intValue).toArray();
  }

  private void addCharacter(List<Integer> line, String character) {
    Integer id = ids.get(character);
    if (id != null) {
      line.add(id);
      return;
    }
    for (byte b : character.getBytes(StandardCharsets.UTF_8)) {
      line.add((b & 0xff) + FIRST_BYTE);
    }
  }

  private boolean mergeBest(List<Integer> line) {
    float best = Float.NEGATIVE_INFINITY;
    int at = -1;
    int merged = -1;
    for (int i = 0; i + 1 < line.size(); i++) {
      Integer id = ids.get(piece(line.get(i)) + piece(line.get(i + 1)));
      if (id != null && tokens.tokens().get(id).score() > best) {
        best = tokens.tokens().get(id).score();
        at = i;
        merged = id;
      }
    }
    if (at < 0) {
      return false;
    }
    line.set(at, merged);
    line.remove(at + 1);
    return true;
  }

  @Override
  public String decode(int[] tokenIds) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    boolean first = true;
    for (int id : tokenIds) {
      if (id == 0 || id == BOS || id == EOS) {
        continue;
      }
      byte[] piece = bytesOf(id);
      int skip = first && piece.length > 0 && piece[0] == ' ' ? 1 : 0;
      bytes.write(piece, skip, piece.length - skip);
      first = false;
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private byte[] bytesOf(int id) {
    if (isByte(id)) {
      return new byte[] {(byte) (id - FIRST_BYTE)};
    }
    return tokens.tokens().get(id).bytes();
  }

  private boolean isByte(int id) {
    return id >= FIRST_BYTE && id < FIRST_BYTE + 256 && piece(id).matches("<0x[0-9A-F]{2}>");
  }

  @Override
  public String token(int id) {
    return piece(id).strip().isEmpty() || id > EOS ? piece(id) : piece(id).strip();
  }

  @Override
  public int vocab() {
    return tokens.tokens().size();
  }

  @Override
  public @Nullable Integer bos() {
    return BOS;
  }

  @Override
  public @Nullable Integer eos() {
    return EOS;
  }

  /**
   * The same tokenizer in Hugging Face's form: byte-pair encoding with byte fallback, whose merges
   * are all splits of each token into two others, best score first.
   */
  @Override
  public String json() {
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode root = mapper.createObjectNode();
    root.put("version", "1.0");
    root.putNull("truncation");
    root.putNull("padding");
    ArrayNode added = root.putArray("added_tokens");
    String[] names = {"<unk>", "<s>", "</s>"};
    for (int i = 0; i < names.length; i++) {
      added
          .addObject()
          .put("id", i)
          .put("content", names[i])
          .put("single_word", false)
          .put("lstrip", false)
          .put("rstrip", false)
          .put("normalized", false)
          .put("special", true);
    }
    ObjectNode normalizer = root.putObject("normalizer").put("type", "Sequence");
    ArrayNode steps = normalizer.putArray("normalizers");
    steps.addObject().put("type", "Prepend").put("prepend", "▁");
    steps
        .addObject()
        .put("type", "Replace")
        .put("content", "▁")
        .putObject("pattern")
        .put("String", " ");
    root.putNull("pre_tokenizer");
    root.putNull("post_processor");
    ArrayNode decoders = root.putObject("decoder").put("type", "Sequence").putArray("decoders");
    decoders
        .addObject()
        .put("type", "Replace")
        .put("content", " ")
        .putObject("pattern")
        .put("String", "▁");
    decoders.addObject().put("type", "ByteFallback");
    decoders.addObject().put("type", "Fuse");
    decoders.addObject().put("type", "Strip").put("content", " ").put("start", 1).put("stop", 0);
    ObjectNode model = root.putObject("model").put("type", "BPE");
    model.putNull("dropout");
    model.put("unk_token", "<unk>");
    model.putNull("continuing_subword_prefix");
    model.putNull("end_of_word_suffix");
    model.put("fuse_unk", true);
    model.put("byte_fallback", true);
    ObjectNode vocab = model.putObject("vocab");
    for (int i = 0; i < vocab(); i++) {
      String name = i < names.length ? names[i] : marked(piece(i));
      if (!vocab.has(name)) {
        vocab.put(name, i);
      }
    }
    ArrayNode merges = model.putArray("merges");
    for (int id : byScore()) {
      String piece = piece(id);
      for (int cut = 1; cut < piece.length(); cut++) {
        if (ids.containsKey(piece.substring(0, cut)) && ids.containsKey(piece.substring(cut))) {
          merges.add(marked(piece.substring(0, cut)) + " " + marked(piece.substring(cut)));
        }
      }
    }
    return root.toPrettyString();
  }

  private int[] byScore() {
    List<Integer> order = new ArrayList<>();
    for (int i = FIRST_BYTE; i < vocab(); i++) {
      if (!isByte(i) && piece(i).codePointCount(0, piece(i).length()) > 1) {
        order.add(i);
      }
    }
    order.sort(Comparator.comparingDouble((Integer i) -> -tokens.tokens().get(i).score()));
    return order.stream().mapToInt(Integer::intValue).toArray();
  }

  private static String marked(String piece) {
    return piece.replace(' ', '▁');
  }
}
