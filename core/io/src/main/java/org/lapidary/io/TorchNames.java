package org.lapidary.io;

import static org.lapidary.io.FormatException.quote;

import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lapidary.io.PickleValue.Dict;
import org.lapidary.io.PickleValue.Instance;
import org.lapidary.io.PickleValue.Int;
import org.lapidary.io.PickleValue.Name;
import org.lapidary.io.PickleValue.None;
import org.lapidary.io.PickleValue.Sequence;
import org.lapidary.io.PickleValue.Tensor;
import org.lapidary.io.PickleValue.Text;
import org.lapidary.io.PickleValue.Tuple;
import org.lapidary.tensor.DType;

/** What the pickle of a torch checkpoint may name: containers, tensors, storages, element types. */
final class TorchNames implements PickleNames {
  private static final int MAX_TENSORS = 200_000;

  private static final Name ORDERED_DICT = new Name("collections", "OrderedDict");
  private static final Name COUNTER = new Name("collections", "Counter");
  private static final Name DEFAULT_DICT = new Name("collections", "defaultdict");
  private static final Name TENSOR = new Name("torch._utils", "_rebuild_tensor_v2");
  private static final Name PARAMETER = new Name("torch._utils", "_rebuild_parameter");
  private static final Name SIZE = new Name("torch", "Size");
  private static final Name DEVICE = new Name("torch", "device");

  private static final Map<String, DType> ELEMENTS = new HashMap<>();
  private static final Map<String, DType> STORAGES = new HashMap<>();

  static {
    type("float32", "FloatStorage", DType.FLOAT32);
    type("float64", "DoubleStorage", DType.FLOAT64);
    type("float16", "HalfStorage", DType.FLOAT16);
    type("bfloat16", "BFloat16Storage", DType.BFLOAT16);
    type("int64", "LongStorage", DType.INT64);
    type("int32", "IntStorage", DType.INT32);
    type("int16", "ShortStorage", DType.INT16);
    type("int8", "CharStorage", DType.INT8);
    type("uint8", "ByteStorage", DType.UINT8);
    type("bool", "BoolStorage", DType.BOOL);
    type("complex64", "ComplexFloatStorage", DType.COMPLEX64);
    type("complex128", "ComplexDoubleStorage", DType.COMPLEX128);
  }

  /** Where the bytes of a storage are. */
  @FunctionalInterface
  interface Storages {
    /**
     * The bytes of a storage.
     *
     * @param elements how many elements the pickle says it has, not negative
     * @throws FormatException if there is no such storage or it has another size
     */
    MemorySegment bytes(String key, DType dtype, long elements);
  }

  private final FileBytes file;
  private final Storages storages;
  private int tensors;

  TorchNames(FileBytes file, Storages storages) {
    this.file = file;
    this.storages = storages;
  }

  private static void type(String element, String storage, DType dtype) {
    ELEMENTS.put(element, dtype);
    STORAGES.put(storage, dtype);
  }

  @Override
  public boolean allows(Name name) {
    return switch (name.module()) {
      case "torch" ->
          name.equals(SIZE)
              || name.equals(DEVICE)
              || ELEMENTS.containsKey(name.name())
              || STORAGES.containsKey(name.name());
      case "torch._utils" -> name.equals(TENSOR) || name.equals(PARAMETER);
      case "collections" ->
          name.equals(ORDERED_DICT) || name.equals(COUNTER) || name.equals(DEFAULT_DICT);
      default -> false;
    };
  }

  @Override
  public String allowed() {
    return "what a state dict needs: OrderedDict, tensors, parameters, storages, torch.Size, dtypes";
  }

  @Override
  public @Nullable PickleValue call(Name name, List<PickleValue> arguments) {
    if (name.equals(TENSOR)) {
      return tensor(arguments);
    }
    if (name.equals(PARAMETER)) {
      return arguments.size() == 3 && arguments.getFirst() instanceof Tensor data ? data : null;
    }
    if (name.equals(SIZE)) {
      return arguments.size() == 1 && arguments.getFirst() instanceof Tuple sizes ? sizes : null;
    }
    if (name.equals(DEVICE)) {
      return new Instance(file.file(), name, new Tuple(List.copyOf(arguments)));
    }
    return name.module().equals("collections") ? dict(name, arguments) : null;
  }

  /** An empty dict, or a Counter over a dict. */
  static @Nullable PickleValue dict(Name name, List<PickleValue> arguments) {
    if (arguments.isEmpty()) {
      return new Dict();
    }
    if (arguments.size() == 1 && arguments.getFirst() instanceof Dict given) {
      return given;
    }
    // defaultdict(factory): the factory makes values for missing keys, of which data have none.
    boolean factory =
        name.equals(DEFAULT_DICT)
            && arguments.size() == 1
            && (arguments.getFirst() instanceof Name || arguments.getFirst() instanceof None);
    // OrderedDict([]) is how Python 2 writes an empty one.
    boolean empty =
        arguments.size() == 1
            && arguments.getFirst() instanceof Sequence list
            && list.items().isEmpty();
    return factory || empty ? new Dict() : null;
  }

  /**
   * {@code _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks[, metadata])}.
   */
  private @Nullable PickleValue tensor(List<PickleValue> arguments) {
    if (arguments.size() < 6
        || arguments.size() > 7
        || !(arguments.get(0) instanceof Tensor storage)
        || !(arguments.get(1) instanceof Int offset)) {
      return null;
    }
    long[] shape = longs(arguments.get(2));
    long[] strides = longs(arguments.get(3));
    if (shape == null || strides == null) {
      return null;
    }
    if (++tensors > MAX_TENSORS) {
      throw file.fault(FormatException.NOWHERE, "more than " + MAX_TENSORS + " tensors", "fewer");
    }
    DType dtype = storage.view().dtype();
    MemorySegment bytes = storage.view().storage();
    String misfit =
        RawView.misfit(dtype, shape, strides, offset.value(), bytes.byteSize() / dtype.bytes());
    if (misfit != null) {
      throw file.fault(
          FormatException.NOWHERE,
          "a tensor with " + misfit,
          "a window inside its storage",
          "if the file is sound, save tensor.clone() instead of a view");
    }
    return new Tensor(new RawView(dtype, shape, strides, offset.value(), bytes));
  }

  /** {@code ('storage', type, key, location, elements)}: a one-dimensional tensor over it all. */
  @Override
  public @Nullable PickleValue persistent(PickleValue id) {
    if (!(id instanceof Tuple(List<PickleValue> parts))
        || parts.size() < 5
        || (parts.size() == 6 && !(parts.get(5) instanceof None))
        || parts.size() > 6
        || !parts.get(0).equals(new Text("storage"))
        || !(parts.get(1) instanceof Name type)
        || !(parts.get(2) instanceof Text key)
        || !(parts.get(4) instanceof Int elements)) {
      return null;
    }
    DType dtype = type.module().equals("torch") ? STORAGES.get(type.name()) : null;
    if (dtype == null) {
      return null;
    }
    if (RawTensor.byteSize(dtype, elements.value()).isEmpty()) {
      throw file.fault(
          FormatException.NOWHERE,
          "the storage " + quote(key.value()) + " of " + elements.value() + " elements",
          "a possible number");
    }
    MemorySegment bytes = storages.bytes(key.value(), dtype, elements.value());
    return new Tensor(new RawView(dtype, new long[] {elements.value()}, new long[] {1}, 0, bytes));
  }

  private static long @Nullable [] longs(PickleValue value) {
    if (!(value instanceof Tuple(List<PickleValue> items)) || items.size() > RawTensor.MAX_RANK) {
      return null;
    }
    long[] longs = new long[items.size()];
    for (int i = 0; i < longs.length; i++) {
      if (!(items.get(i) instanceof Int number)) {
        return null;
      }
      longs[i] = number.value();
    }
    return longs;
  }
}
