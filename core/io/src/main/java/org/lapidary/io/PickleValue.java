package org.lapidary.io;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * What a pickle holds, as data: nothing of it was executed. A value that a reader returned has no
 * cycles and is at most {@value Unpickler#MAX_DEPTH} levels deep.
 */
public sealed interface PickleValue {

  /** Python's {@code None}. */
  record None() implements PickleValue {}

  record Bool(boolean value) implements PickleValue {}

  record Int(long value) implements PickleValue {}

  record Real(double value) implements PickleValue {}

  record Text(String value) implements PickleValue {}

  /** Bytes, or a text of Python 2. They look into the file. */
  record Bytes(MemorySegment value) implements PickleValue {
    /** As Latin-1 text, which is how Python 2 texts of names are read. */
    public String latin1() {
      byte[] bytes = value.toArray(ValueLayout.JAVA_BYTE);
      return new String(bytes, StandardCharsets.ISO_8859_1);
    }
  }

  record Tuple(List<PickleValue> items) implements PickleValue {}

  /** A list. */
  final class Sequence implements PickleValue {
    private final List<PickleValue> items = new ArrayList<>(0);

    public List<PickleValue> items() {
      return Collections.unmodifiableList(items);
    }

    void add(PickleValue item) {
      items.add(item);
    }

    @Override
    public String toString() {
      return "Sequence of " + items.size();
    }
  }

  /** A dict, an OrderedDict, a defaultdict or a Counter; keys are texts and whole numbers. */
  final class Dict implements PickleValue {
    private @Nullable SequencedMap<Object, PickleValue> entries;

    /** The entries in the file's order; a key is a {@link String} or a {@link Long}. */
    public SequencedMap<Object, PickleValue> entries() {
      return entries == null
          ? Collections.unmodifiableSequencedMap(new LinkedHashMap<>())
          : Collections.unmodifiableSequencedMap(entries);
    }

    /** The value of a key, or null. */
    public @Nullable PickleValue get(String key) {
      return entries == null ? null : entries.get(key);
    }

    /** The value of a key, or null. */
    public @Nullable PickleValue get(long key) {
      return entries == null ? null : entries.get(key);
    }

    /** Whether the key is new. */
    boolean put(Object key, PickleValue value) {
      if (entries == null) {
        entries = new LinkedHashMap<>(4);
      }
      return entries.put(key, value) == null;
    }

    @Override
    public String toString() {
      return "Dict of " + entries().size();
    }
  }

  /** An array of a torch checkpoint, perhaps a strided view; it is read when asked for. */
  final class Tensor implements PickleValue {
    private final RawView view;

    Tensor(RawView view) {
      this.view = view;
    }

    RawView view() {
      return view;
    }

    public long[] shape() {
      return view.shape().clone();
    }

    /** The array, contiguous. A view that is contiguous already is not copied. */
    public RawTensor toRaw() {
      return view.toTensor();
    }

    @Override
    public String toString() {
      return "Tensor " + view.dtype() + Arrays.toString(view.shape());
    }
  }

  /** A name from the allow-list, such as {@code torch.float32}, standing for itself. */
  record Name(String module, String name) implements PickleValue {
    public String dotted() {
      return module + "." + name;
    }
  }

  /** An object of an allowed class: what it was made from and the state it was given. */
  final class Instance implements PickleValue {
    private final String file;
    private final Name type;
    private final Tuple arguments;
    private PickleValue state = new None();

    Instance(String file, Name type, Tuple arguments) {
      this.file = file;
      this.type = type;
      this.arguments = arguments;
    }

    /** The file it was read from, for errors. */
    String file() {
      return file;
    }

    public Name type() {
      return type;
    }

    public List<PickleValue> arguments() {
      return arguments.items();
    }

    /** What {@code __setstate__} would be given; None if it has no state. */
    public PickleValue state() {
      return state;
    }

    void state(PickleValue newState) {
      state = newState;
    }

    @Override
    public String toString() {
      return type.dotted() + " instance";
    }
  }
}
