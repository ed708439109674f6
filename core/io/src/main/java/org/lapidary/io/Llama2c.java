package org.lapidary.io;

import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.SequencedSet;
import org.lapidary.tensor.DType;

/**
 * A model of llama2.c in its first format: seven 32-bit integers, then float32 weights in a fixed
 * order, then tables of rotary positions that are not needed.
 *
 * <p>Names and shapes (hidden is the width inside the MLP, kvDim = dim * kvHeads / heads): {@code
 * tok_embeddings [vocab, dim]}, {@code attention_norm [layers, dim]}, {@code wq [layers, dim,
 * dim]}, {@code wk, wv [layers, kvDim, dim]}, {@code wo [layers, dim, dim]}, {@code ffn_norm
 * [layers, dim]}, {@code w1 [layers, hidden, dim]}, {@code w2 [layers, dim, hidden]}, {@code w3
 * [layers, hidden, dim]}, {@code norm [dim]} and, unless tied to the embeddings, {@code output
 * [vocab, dim]}.
 *
 * @see <a href="https://github.com/karpathy/llama2.c">llama2.c, legacy_export in export.py</a>
 */
public final class Llama2c implements TensorSource {
  private static final int HEADER_INTS = 7;

  /** "ak42", the mark of the later versions. */
  private static final int LATER_MAGIC = 0x616b3432;

  /** No field of a real model comes near; it keeps every product below inside a long. */
  private static final int MAX_FIELD = 1 << 24;

  /**
   * The header.
   *
   * @param dim width of the residual stream
   * @param hidden width inside the MLP
   * @param heads query heads
   * @param kvHeads heads of keys and values, which divide {@code heads}
   * @param vocab tokens
   * @param positions longest sequence
   * @param tied whether the output matrix is the embedding
   */
  public record Config(
      int dim,
      int hidden,
      int layers,
      int heads,
      int kvHeads,
      int vocab,
      int positions,
      boolean tied) {
    public int headDim() {
      return dim / heads;
    }

    public int kvDim() {
      return headDim() * kvHeads;
    }
  }

  private final Arena arena;
  private final String file;
  private final Config config;
  private final SequencedMap<String, RawTensor> tensors = new LinkedHashMap<>();

  private Llama2c(Arena arena, FileBytes bytes) {
    this.arena = arena;
    this.file = bytes.file();
    this.config = config(bytes);
    Cut cut = new Cut(bytes.cursor());
    cut.in.bytes(4 * HEADER_INTS, "the header");
    int dim = config.dim;
    int layers = config.layers;
    cut.next("tok_embeddings", config.vocab, dim);
    cut.next("attention_norm", layers, dim);
    cut.next("wq", layers, dim, dim);
    cut.next("wk", layers, config.kvDim(), dim);
    cut.next("wv", layers, config.kvDim(), dim);
    cut.next("wo", layers, dim, dim);
    cut.next("ffn_norm", layers, dim);
    cut.next("w1", layers, config.hidden, dim);
    cut.next("w2", layers, dim, config.hidden);
    cut.next("w3", layers, config.hidden, dim);
    cut.next("norm", dim);
    // Two tables [positions, headDim / 2]: real and imaginary parts of the rotations.
    cut.in.bytes(2L * config.positions * (config.headDim() / 2) * 4, "the rotary tables");
    if (!config.tied) {
      cut.next("output", config.vocab, dim);
    }
    if (cut.in.remaining() != 0) {
      throw bytes.fault(
          cut.in.position(),
          cut.in.remaining() + " bytes after the last weight",
          "the end of the file",
          "header and weights do not belong together: export the model again");
    }
  }

  private final class Cut {
    private final ByteCursor in;

    Cut(ByteCursor in) {
      this.in = in;
    }

    void next(String name, long... shape) {
      long bytes = RawTensor.byteSize(DType.FLOAT32, shape).orElse(Long.MAX_VALUE);
      tensors.put(name, new RawTensor(DType.FLOAT32, shape, in.bytes(bytes, name)));
    }
  }

  /**
   * Opens a model; weights are read from disk when they are looked at.
   *
   * @throws FormatException if header and length do not fit
   * @throws UncheckedIOException if the file cannot be read
   */
  public static Llama2c open(Path path) {
    Arena arena = Arena.ofShared();
    try {
      return new Llama2c(arena, FileBytes.map(path, arena));
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /** Reads a model already in memory; the weights look into {@code bytes}. */
  public static Llama2c parse(String name, MemorySegment bytes) {
    return new Llama2c(Arena.ofShared(), new FileBytes(name, bytes));
  }

  public Config config() {
    return config;
  }

  @Override
  public SequencedSet<String> names() {
    return Collections.unmodifiableSequencedMap(tensors).sequencedKeySet();
  }

  @Override
  public RawTensor get(String name) {
    RawTensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException(
          file + " has no tensor " + FormatException.quote(name) + ", only " + tensors.keySet());
    }
    return tensor;
  }

  @Override
  public void close() {
    arena.close();
  }

  private static Config config(FileBytes file) {
    ByteCursor in = file.cursor();
    int dim = in.i32("the width");
    if (dim == LATER_MAGIC) {
      throw file.fault(
          0,
          "a llama2.c file of a later version",
          "the first version",
          "export it with --version 0, or as a Hugging Face folder");
    }
    field(file, 0, "width", dim);
    int hidden = field(file, 4, "MLP width", in.i32("the MLP width"));
    int layers = field(file, 8, "number of layers", in.i32("the layers"));
    int heads = field(file, 12, "number of heads", in.i32("the heads"));
    int kvHeads = field(file, 16, "number of key heads", in.i32("the key heads"));
    int signedVocab = in.i32("the vocabulary");
    int vocab =
        field(file, 20, "vocabulary", signedVocab == Integer.MIN_VALUE ? 0 : Math.abs(signedVocab));
    int positions = field(file, 24, "longest sequence", in.i32("the longest sequence"));
    if (dim % heads != 0 || heads % kvHeads != 0 || dim / heads % 2 != 0) {
      throw file.fault(
          12,
          "a width of " + dim + " for " + heads + " heads and " + kvHeads + " key heads",
          "heads that divide the width into even parts, and key heads that divide the heads");
    }
    return new Config(dim, hidden, layers, heads, kvHeads, vocab, positions, signedVocab > 0);
  }

  private static int field(FileBytes file, long at, String what, int value) {
    if (value < 1 || value > MAX_FIELD) {
      throw file.fault(
          at, "a " + what + " of " + value, "1 to " + MAX_FIELD, "this is no llama2.c model");
    }
    return value;
  }
}
