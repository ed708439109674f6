package org.lapidary.io;

import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lapidary.io.PickleValue.Bytes;
import org.lapidary.io.PickleValue.Instance;
import org.lapidary.io.PickleValue.Name;
import org.lapidary.io.PickleValue.Text;
import org.lapidary.io.PickleValue.Tuple;

/**
 * Plain Python pickles of data (protocol 2 and later): containers, numbers, texts, NumPy arrays and
 * SciPy's sparse rows. Everything else is refused by name; nothing is executed.
 */
public final class SafePickle {

  private SafePickle() {}

  /**
   * Reads a pickle. {@link PickledArrays} turns the NumPy and SciPy objects in it into arrays.
   *
   * @throws FormatException if it is damaged or holds more than data
   * @throws UncheckedIOException if the file cannot be read
   */
  public static PickleValue read(Path path) {
    return parse(FileBytes.map(path, Arena.ofAuto()));
  }

  /** Reads a pickle already in memory. */
  public static PickleValue parse(String name, MemorySegment bytes) {
    return parse(new FileBytes(name, bytes));
  }

  private static PickleValue parse(FileBytes file) {
    ByteCursor in = file.cursor();
    PickleValue root = Unpickler.read(in, new Names(file.file()));
    if (in.remaining() != 0) {
      throw file.fault(in.position(), "more bytes after the pickle", "the end of the file");
    }
    return root;
  }

  private static final class Names implements PickleNames {
    private static final Name ENCODE = new Name("_codecs", "encode");

    private static final Set<String> CONTAINERS =
        Set.of("collections.OrderedDict", "collections.defaultdict", "collections.Counter");

    /** The builtins that a defaultdict names for its missing values. */
    private static final Set<String> FACTORIES =
        Set.of(
            "__builtin__.list",
            "__builtin__.dict",
            "__builtin__.int",
            "__builtin__.float",
            "builtins.list",
            "builtins.dict",
            "builtins.int",
            "builtins.float");

    private final String file;

    Names(String file) {
      this.file = file;
    }

    @Override
    public boolean allows(Name name) {
      String dotted = name.dotted();
      return CONTAINERS.contains(dotted)
          || FACTORIES.contains(dotted)
          || PickledArrays.NAMES.contains(dotted)
          || name.equals(ENCODE);
    }

    @Override
    public String allowed() {
      return "containers, NumPy arrays and SciPy csr matrices";
    }

    @Override
    public @Nullable PickleValue call(Name name, List<PickleValue> arguments) {
      if (CONTAINERS.contains(name.dotted())) {
        return TorchNames.dict(name, arguments);
      }
      if (name.equals(ENCODE)) {
        return encode(arguments);
      }
      return PickledArrays.NAMES.contains(name.dotted())
          ? new Instance(file, name, new Tuple(List.copyOf(arguments)))
          : null;
    }

    /** {@code _codecs.encode(text, 'latin1')}: how Python 3 writes bytes in protocol 2. */
    private static @Nullable PickleValue encode(List<PickleValue> arguments) {
      if (arguments.size() != 2
          || !(arguments.get(0) instanceof Text(String text))
          || !arguments.get(1).equals(new Text("latin1"))
          || text.chars().anyMatch(c -> c > 0xff)) {
        return null;
      }
      return new Bytes(MemorySegment.ofArray(text.getBytes(StandardCharsets.ISO_8859_1)));
    }
  }
}
