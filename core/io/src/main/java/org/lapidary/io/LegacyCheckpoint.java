package org.lapidary.io;

import static org.lapidary.io.FormatException.NOWHERE;
import static org.lapidary.io.FormatException.quote;

import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lapidary.io.PickleValue.Bool;
import org.lapidary.io.PickleValue.Dict;
import org.lapidary.io.PickleValue.Int;
import org.lapidary.io.PickleValue.Sequence;
import org.lapidary.io.PickleValue.Text;
import org.lapidary.tensor.DType;

/**
 * Torch's form before 1.6: five pickles (a magic number, a protocol version, facts of the machine,
 * the object, the list of storage keys), then for each key the number of elements and the bytes.
 */
final class LegacyCheckpoint {
  /** The first pickle: PROTO 2, LONG1 of ten bytes 0x1950a86a20f9469cfc6c, STOP. */
  private static final byte[] MAGIC = HexFormat.of().parseHex("80028a0a6cfc9c46f9206aa850192e");

  private static final int PROTOCOL = 1001;

  /** What the object's pickle says of a storage. */
  private record Claim(DType dtype, long elements) {}

  private LegacyCheckpoint() {}

  static boolean looksLike(FileBytes file) {
    return file.size() >= MAGIC.length
        && file.bytes().asSlice(0, MAGIC.length).mismatch(MemorySegment.ofArray(MAGIC)) == -1;
  }

  static PickleValue read(FileBytes file) {
    ByteCursor in = new ByteCursor(file, MAGIC.length);
    // These three hold no storages, so none can be asked for.
    TorchNames plain =
        new TorchNames(
            file,
            (key, dtype, elements) -> {
              throw file.fault(in.position(), "a storage " + quote(key), "plain values here");
            });
    if (!Unpickler.read(in, plain).equals(new Int(PROTOCOL))) {
      throw file.fault(MAGIC.length, "another protocol", String.valueOf(PROTOCOL));
    }
    if (!(Unpickler.read(in, plain) instanceof Dict machine)
        || !new Bool(true).equals(machine.get("little_endian"))) {
      throw file.fault(in.position(), "a byte order other than little", "little");
    }
    // The storages come last, so a first reading only learns their sizes.
    long start = in.position();
    Map<String, Claim> claims = new LinkedHashMap<>();
    Unpickler.read(in, new Survey(file, claims));
    Map<String, MemorySegment> storages = storages(in, Unpickler.read(in, plain), claims);
    TorchNames names =
        new TorchNames(
            file,
            (key, dtype, elements) -> {
              MemorySegment bytes = storages.get(key);
              if (bytes == null) {
                throw file.fault(start, "no storage " + quote(key), "the one the pickle names");
              }
              return bytes;
            });
    return Unpickler.read(new ByteCursor(file, start), names);
  }

  /** Reads the pickle without its tensors, to learn which storages it uses. */
  private record Survey(TorchNames torch) implements PickleNames {

    Survey(FileBytes file, Map<String, Claim> claims) {
      this(
          new TorchNames(
              file,
              (key, dtype, elements) -> {
                Claim claim = new Claim(dtype, elements);
                Claim former = claims.putIfAbsent(key, claim);
                if (former != null && !former.equals(claim)) {
                  throw file.fault(
                      NOWHERE, "two sizes of the storage " + quote(key), "one size each");
                }
                return MemorySegment.NULL;
              }));
    }

    @Override
    public boolean allows(PickleValue.Name name) {
      return torch.allows(name);
    }

    @Override
    public String allowed() {
      return torch.allowed();
    }

    @Override
    public @Nullable PickleValue call(PickleValue.Name name, List<PickleValue> arguments) {
      return name.module().equals("torch._utils")
          ? new PickleValue.None()
          : torch.call(name, arguments);
    }

    @Override
    public @Nullable PickleValue persistent(PickleValue id) {
      return torch.persistent(id);
    }
  }

  private static Map<String, MemorySegment> storages(
      ByteCursor in, PickleValue keys, Map<String, Claim> claims) {
    if (!(keys instanceof Sequence list)) {
      throw in.fault(in.position(), "no list of storage keys", "one");
    }
    Map<String, MemorySegment> storages = new HashMap<>();
    for (PickleValue item : list.items()) {
      Claim claim = item instanceof Text(String key) ? claims.get(key) : null;
      if (claim == null || !(item instanceof Text(String key))) {
        throw in.fault(in.position(), "a storage that no tensor uses", "only the ones used");
      }
      long at = in.position();
      long elements = in.i64("the number of elements");
      if (elements != claim.elements) {
        throw in.fault(
            at, "a storage of " + elements + " elements", String.valueOf(claim.elements));
      }
      // The claim's size was checked to be a possible one when the pickle was read.
      storages.put(key, in.bytes(elements * claim.dtype.bytes(), "a storage"));
    }
    if (in.remaining() != 0) {
      throw in.fault(in.position(), "more bytes after the last storage", "the end of the file");
    }
    return storages;
  }
}
