package org.lapidary.io;

import static org.lapidary.io.FormatException.quote;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.io.PickleValue.Bool;
import org.lapidary.io.PickleValue.Bytes;
import org.lapidary.io.PickleValue.Dict;
import org.lapidary.io.PickleValue.Instance;
import org.lapidary.io.PickleValue.Int;
import org.lapidary.io.PickleValue.Name;
import org.lapidary.io.PickleValue.None;
import org.lapidary.io.PickleValue.Real;
import org.lapidary.io.PickleValue.Sequence;
import org.lapidary.io.PickleValue.Text;
import org.lapidary.io.PickleValue.Tuple;

/**
 * Reads a pickle as data. It knows the opcodes that data need and the names of an allow-list; all
 * else is refused by name and offset. No code of the pickle is ever run.
 */
final class Unpickler {
  /** Levels of nesting; a state dict has a handful. */
  static final int MAX_DEPTH = 200;

  /** Values made or pushed; a graph of a million edges has a few million. */
  static final int MAX_VALUES = 5_000_000;

  private static final String UNTRUSTED =
      "if you trust its maker, convert it to safetensors with Python";
  private static final ValueLayout.OfDouble BIG_ENDIAN =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  private final ByteCursor in;
  private final FileBytes file;
  private final PickleNames names;
  private final List<PickleValue> stack = new ArrayList<>();
  private final List<Integer> marks = new ArrayList<>();
  private final Map<Integer, PickleValue> memo = new HashMap<>();
  private long values;
  private long at;

  private Unpickler(ByteCursor in, PickleNames names) {
    this.in = in;
    this.file = in.file();
    this.names = names;
  }

  /** Reads one pickle and leaves the cursor behind its end. */
  static PickleValue read(ByteCursor in, PickleNames names) {
    long start = in.position();
    PickleValue root = new Unpickler(in, names).run();
    PickleTree.check(root, in.file(), start);
    return root;
  }

  private PickleValue run() {
    at = in.position();
    if (in.u8("a pickle") != Opcode.PROTO.code()) {
      throw fault("no protocol mark", "a pickle of protocol 2 to 5");
    }
    int protocol = in.u8("the protocol");
    if (protocol < 2 || protocol > 5) {
      throw fault("pickle protocol " + protocol, "2 to 5");
    }
    while (true) {
      at = in.position();
      int code = in.u8("the end of the pickle");
      Opcode op = Opcode.of(code);
      if (op == null) {
        throw fault(String.format("the byte 0x%02x", code), "a pickle opcode");
      }
      if (op == Opcode.STOP) {
        if (stack.size() != 1 || !marks.isEmpty()) {
          throw fault("the end with " + stack.size() + " values left", "one value");
        }
        return stack.getFirst();
      }
      step(op);
    }
  }

  private void step(Opcode op) {
    switch (op) {
      case FRAME -> frame();
      case MARK -> {
        count();
        marks.add(stack.size());
      }
      case NONE -> push(new None());
      case NEWTRUE -> push(new Bool(true));
      case NEWFALSE -> push(new Bool(false));
      case BININT -> push(new Int(in.i32("an integer")));
      case BININT1 -> push(new Int(in.u8("an integer")));
      case BININT2 -> push(new Int(in.u16("an integer")));
      case LONG1 -> push(long1());
      case BINFLOAT -> push(new Real(in.bytes(8, "a float").get(BIG_ENDIAN, 0)));
      case BINUNICODE -> push(new Text(in.utf8(in.u32("a length"), "a text")));
      case SHORT_BINUNICODE -> push(new Text(in.utf8(in.u8("a length"), "a text")));
      case BINUNICODE8 -> push(new Text(in.utf8(in.i64("a length"), "a text")));
      case BINSTRING -> push(new Bytes(in.bytes(in.i32("a length"), "a string")));
      case SHORT_BINSTRING, SHORT_BINBYTES ->
          push(new Bytes(in.bytes(in.u8("a length"), "a string")));
      case BINBYTES -> push(new Bytes(in.bytes(in.u32("a length"), "bytes")));
      case BINBYTES8 -> push(new Bytes(in.bytes(in.i64("a length"), "bytes")));
      case EMPTY_TUPLE -> push(new Tuple(List.of()));
      case TUPLE -> push(new Tuple(List.copyOf(popToMark())));
      case TUPLE1 -> push(new Tuple(List.copyOf(pop(1))));
      case TUPLE2 -> push(new Tuple(List.copyOf(pop(2))));
      case TUPLE3 -> push(new Tuple(List.copyOf(pop(3))));
      case EMPTY_LIST -> push(new Sequence());
      case APPEND -> append(pop(1));
      case APPENDS -> append(popToMark());
      case EMPTY_DICT -> push(new Dict());
      case SETITEM -> set(pop(2));
      case SETITEMS -> set(popToMark());
      case BINPUT -> memo.put(in.u8("a memo index"), top());
      case LONG_BINPUT -> put(in.u32("a memo index"));
      case MEMOIZE -> put(memo.size());
      case BINGET -> get(in.u8("a memo index"));
      case LONG_BINGET -> get(in.u32("a memo index"));
      case GLOBAL -> push(name(line(), line()));
      case STACK_GLOBAL -> stackGlobal();
      case REDUCE -> reduce();
      case NEWOBJ -> newObject();
      case BUILD -> build();
      case BINPERSID -> persistent();
      default ->
          throw file.fault(
              at, "the pickle opcode " + op, "only opcodes that plain data need", UNTRUSTED);
    }
  }

  /** Protocol 4 announces blocks of bytes; the length must be there, and means nothing else. */
  private void frame() {
    long length = in.i64("a frame's length");
    if (length < 0 || length > in.remaining()) {
      throw fault("a frame of " + length + " bytes", "at most the " + in.remaining() + " left");
    }
  }

  /** A little-endian two's complement integer of up to eight bytes. */
  private Int long1() {
    int length = in.u8("a length");
    if (length > 8) {
      throw fault("an integer of " + length + " bytes", "at most 8");
    }
    MemorySegment bytes = in.bytes(length, "an integer");
    long value = 0;
    for (int i = 0; i < length; i++) {
      value |= (bytes.get(ValueLayout.JAVA_BYTE, i) & 0xffL) << (8 * i);
    }
    int unused = 64 - 8 * length;
    return new Int(length == 0 ? 0 : value << unused >> unused);
  }

  private void append(List<PickleValue> items) {
    if (!(top() instanceof Sequence list)) {
      throw fault("an append to " + describe(top()), "a list");
    }
    items.forEach(list::add);
  }

  private void set(List<PickleValue> pairs) {
    if (!(top() instanceof Dict dict)) {
      throw fault("an entry for " + describe(top()), "a dict");
    }
    if (pairs.size() % 2 != 0) {
      throw fault("a key without a value", "pairs");
    }
    for (int i = 0; i < pairs.size(); i += 2) {
      Object key = key(pairs.get(i));
      if (!dict.put(key, pairs.get(i + 1))) {
        throw fault("the key " + quote(key.toString()) + " twice", "each key once");
      }
    }
  }

  private Object key(PickleValue value) {
    return switch (value) {
      case Text text -> text.value();
      case Bytes bytes -> bytes.latin1();
      case Int number -> number.value();
      default -> throw fault("the dict key " + describe(value), "a text or a whole number");
    };
  }

  private void put(long index) {
    if (index > MAX_VALUES) {
      throw fault("the memo index " + index, "at most " + MAX_VALUES);
    }
    memo.put((int) index, top());
  }

  private void get(long index) {
    PickleValue value = index > MAX_VALUES ? null : memo.get((int) index);
    if (value == null) {
      throw fault("the memo index " + index, "one stored before");
    }
    push(value);
  }

  private void stackGlobal() {
    List<PickleValue> pair = pop(2);
    if (!(pair.get(0) instanceof Text module) || !(pair.get(1) instanceof Text name)) {
      throw fault("a name that is not text", "a module and a name");
    }
    push(name(module.value(), name.value()));
  }

  private Name name(String module, String simple) {
    Name name = new Name(module, simple);
    if (!names.allows(name)) {
      throw file.fault(
          at, "the name " + quote(name.dotted()), "only " + names.allowed(), UNTRUSTED);
    }
    return name;
  }

  private void reduce() {
    List<PickleValue> pair = pop(2);
    if (!(pair.get(0) instanceof Name name) || !(pair.get(1) instanceof Tuple arguments)) {
      throw fault("a call of " + describe(pair.get(0)), "a name with a tuple");
    }
    PickleValue made = names.call(name, arguments.items());
    if (made == null) {
      throw fault("arguments of " + quote(name.dotted()) + " that do not fit it", "its usual ones");
    }
    push(made);
  }

  private void newObject() {
    List<PickleValue> pair = pop(2);
    if (!(pair.get(0) instanceof Name name) || !(pair.get(1) instanceof Tuple arguments)) {
      throw fault("a new " + describe(pair.get(0)), "a name with a tuple");
    }
    push(new Instance(file.file(), name, arguments));
  }

  /** An instance keeps its state; a dict's attributes (torch's {@code _metadata}) are dropped. */
  private void build() {
    PickleValue state = pop(1).getFirst();
    switch (top()) {
      case Instance instance -> instance.state(state);
      case Dict dict -> {
        if (!(state instanceof Dict)) {
          throw fault("attributes as " + describe(state), "a dict");
        }
      }
      default -> throw fault("a state for " + describe(top()), "an object");
    }
  }

  private void persistent() {
    PickleValue made = names.persistent(pop(1).getFirst());
    if (made == null) {
      throw fault("a persistent id of another kind", "('storage', type, key, location, size)");
    }
    push(made);
  }

  private String line() {
    StringBuilder line = new StringBuilder();
    while (true) {
      int c = in.u8("the end of a name");
      if (c == '\n') {
        return line.toString();
      }
      if (c < ' ' || c >= 0x7f || line.length() > 200) {
        throw fault("a name that is long or not plain text", "module and name");
      }
      line.append((char) c);
    }
  }

  private void push(PickleValue value) {
    count();
    stack.add(value);
  }

  private void count() {
    if (++values > MAX_VALUES) {
      throw file.fault(at, "more than " + MAX_VALUES + " values", "a smaller pickle", UNTRUSTED);
    }
  }

  private PickleValue top() {
    if (stack.size() <= floor()) {
      throw fault("an empty stack", "a value");
    }
    return stack.getLast();
  }

  /** Removes the topmost values, in the order they were pushed. */
  private List<PickleValue> pop(int count) {
    if (stack.size() - floor() < count) {
      throw fault("too few values on the stack", String.valueOf(count));
    }
    return cut(stack.size() - count);
  }

  private List<PickleValue> popToMark() {
    if (marks.isEmpty()) {
      throw fault("no mark", "a mark before");
    }
    return cut(marks.removeLast());
  }

  private List<PickleValue> cut(int from) {
    List<PickleValue> tail = stack.subList(from, stack.size());
    List<PickleValue> cut = new ArrayList<>(tail);
    tail.clear();
    return cut;
  }

  private int floor() {
    return marks.isEmpty() ? 0 : marks.getLast();
  }

  private FormatException fault(String found, String expected) {
    return file.fault(at, found + " in a pickle", expected);
  }

  private static String describe(PickleValue value) {
    return value instanceof Name name
        ? quote(name.dotted())
        : "a " + value.getClass().getSimpleName();
  }
}
