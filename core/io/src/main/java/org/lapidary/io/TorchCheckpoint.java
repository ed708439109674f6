package org.lapidary.io;

import static org.lapidary.io.FormatException.NOWHERE;
import static org.lapidary.io.FormatException.quote;

import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.SequencedSet;
import org.lapidary.io.PickleValue.Dict;
import org.lapidary.io.PickleValue.Sequence;
import org.lapidary.io.PickleValue.Tensor;
import org.lapidary.io.PickleValue.Tuple;

/**
 * A checkpoint that {@code torch.save} wrote: a zip with {@code data.pkl} and one member per
 * storage, or the older form, pickles with the storages behind them. The pickle is read as data
 * (see {@link PickleValue}); classes, functions and other code are refused by name.
 *
 * <p>Tensors are named by their path: {@code state_dict.conv1.weight}, {@code params.0}.
 */
public final class TorchCheckpoint implements TensorSource {
  private static final String PICKLE = "data.pkl";
  private static final String RESAVE =
      "save the state dict: torch.save(model.state_dict(), path) writes what is read here";

  private static final int MAX_NAMES = 100_000;
  private static final int LONGEST_NAME = 1000;

  private final Arena arena;
  private final String file;
  private final PickleValue root;
  private final SequencedMap<String, Tensor> tensors;

  private TorchCheckpoint(Arena arena, FileBytes bytes) {
    this.arena = arena;
    this.file = bytes.file();
    this.root = readRoot(bytes);
    this.tensors = tensors(root, bytes.file());
  }

  /**
   * Opens a checkpoint. Tensors are read from disk when they are looked at.
   *
   * @throws FormatException if it is damaged, or holds more than data
   * @throws UncheckedIOException if the file cannot be read
   */
  public static TorchCheckpoint open(Path path) {
    Arena arena = Arena.ofShared();
    try {
      return new TorchCheckpoint(arena, FileBytes.map(path, arena));
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /** Reads a checkpoint already in memory; the tensors look into {@code bytes}. */
  public static TorchCheckpoint parse(String name, MemorySegment bytes) {
    return new TorchCheckpoint(Arena.ofShared(), new FileBytes(name, bytes));
  }

  /** All that was saved. */
  public PickleValue root() {
    return root;
  }

  @Override
  public SequencedSet<String> names() {
    return Collections.unmodifiableSequencedMap(tensors).sequencedKeySet();
  }

  @Override
  public RawTensor get(String name) {
    Tensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException(file + " has no tensor " + quote(name));
    }
    return tensor.toRaw();
  }

  /** Ends the mapping; tensors of this file can no longer be read. */
  @Override
  public void close() {
    arena.close();
  }

  private static PickleValue readRoot(FileBytes file) {
    if (LegacyCheckpoint.looksLike(file)) {
      return LegacyCheckpoint.read(file);
    }
    if (!ZipArchive.looksLike(file)) {
      throw file.fault(
          0, "neither a zip archive nor torch's older form", "a torch checkpoint", RESAVE);
    }
    ZipArchive zip = new ZipArchive(file);
    List<String> pickles =
        zip.members().keySet().stream()
            .filter(name -> name.equals(PICKLE) || name.endsWith("/" + PICKLE))
            .toList();
    if (pickles.size() != 1) {
      throw file.fault(
          NOWHERE,
          pickles.size() + " members named " + PICKLE,
          "one, as torch.save writes",
          RESAVE);
    }
    String prefix = pickles.getFirst().substring(0, pickles.getFirst().length() - PICKLE.length());
    if (zip.members().containsKey(prefix + "constants.pkl")) {
      throw file.fault(NOWHERE, "a TorchScript program", "a checkpoint", RESAVE);
    }
    requireLittleEndian(zip, prefix);
    MemorySegment pickle = zip.stored(member(zip, pickles.getFirst()));
    FileBytes named = new FileBytes(file.file() + " (" + pickles.getFirst() + ")", pickle);
    TorchNames names =
        new TorchNames(
            named,
            (key, dtype, elements) -> {
              ZipArchive.Member member = member(zip, prefix + "data/" + key);
              if (member.size() != elements * dtype.bytes()) {
                throw file.fault(
                    member.offset(),
                    quote(member.name()) + " of " + member.size() + " bytes",
                    elements + " elements of " + dtype);
              }
              return zip.stored(member);
            });
    ByteCursor in = named.cursor();
    PickleValue root = Unpickler.read(in, names);
    if (in.remaining() != 0) {
      throw named.fault(in.position(), "more bytes after the pickle", "its end");
    }
    return root;
  }

  private static ZipArchive.Member member(ZipArchive zip, String name) {
    ZipArchive.Member member = zip.members().get(name);
    if (member == null) {
      throw zip.file().fault(NOWHERE, "no member " + quote(name), "the storage the pickle names");
    }
    return member;
  }

  private static void requireLittleEndian(ZipArchive zip, String prefix) {
    ZipArchive.Member order = zip.members().get(prefix + "byteorder");
    if (order == null) {
      return; // older versions wrote none, on little-endian machines
    }
    byte[] text = zip.stored(order).toArray(ValueLayout.JAVA_BYTE);
    if (!new String(text, StandardCharsets.ISO_8859_1).equals("little")) {
      throw zip.file()
          .fault(
              order.offset(),
              "a byte order other than little",
              "little",
              "save the checkpoint again on a common machine");
    }
  }

  private static SequencedMap<String, Tensor> tensors(PickleValue root, String file) {
    SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
    collect(root, "", tensors, file);
    return tensors;
  }

  private static void collect(
      PickleValue value, String path, SequencedMap<String, Tensor> tensors, String file) {
    switch (value) {
      case Tensor tensor -> {
        if (tensors.put(path, tensor) != null) {
          throw fault(file, "two tensors named " + quote(path), "names that differ");
        }
        if (tensors.size() > MAX_NAMES) {
          throw fault(file, "more than " + MAX_NAMES + " tensors", "fewer");
        }
      }
      case Dict dict ->
          dict.entries().forEach((key, child) -> descend(child, path, key, tensors, file));
      case Sequence list -> descend(list.items(), path, tensors, file);
      case Tuple tuple -> descend(tuple.items(), path, tensors, file);
      default -> {}
    }
  }

  private static void descend(
      List<PickleValue> items, String path, SequencedMap<String, Tensor> tensors, String file) {
    for (int i = 0; i < items.size(); i++) {
      descend(items.get(i), path, i, tensors, file);
    }
  }

  private static void descend(
      PickleValue child,
      String path,
      Object key,
      SequencedMap<String, Tensor> tensors,
      String file) {
    boolean leads =
        switch (child) {
          case Tensor tensor -> true;
          case Dict dict -> true;
          case Sequence list -> true;
          case Tuple tuple -> true;
          default -> false;
        };
    if (leads) {
      String name = path.isEmpty() ? key.toString() : path + "." + key;
      if (name.length() > LONGEST_NAME) {
        throw fault(file, "the name " + quote(name), "at most " + LONGEST_NAME + " characters");
      }
      collect(child, name, tensors, file);
    }
  }

  private static FormatException fault(String file, String found, String expected) {
    return new FormatException(file, NOWHERE, found, expected, RESAVE);
  }
}
