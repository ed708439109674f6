package org.lapidary.io;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Writes pickles of protocol 2 for tests, opcode by opcode. */
final class PickleBytes {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  PickleBytes() {
    raw(0x80, 2);
  }

  PickleBytes raw(int... bytes) {
    for (int b : bytes) {
      out.write(b);
    }
    return this;
  }

  PickleBytes op(char opcode) {
    return raw(opcode);
  }

  PickleBytes global(String module, String name) {
    op('c');
    out.writeBytes((module + "\n" + name + "\n").getBytes(StandardCharsets.ISO_8859_1));
    return this;
  }

  PickleBytes text(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    op('X').int32(bytes.length);
    out.writeBytes(bytes);
    return this;
  }

  /** A Python 2 string. */
  PickleBytes string(byte[] bytes) {
    op('T').int32(bytes.length);
    out.writeBytes(bytes);
    return this;
  }

  PickleBytes integer(long value) {
    if (value == (int) value) {
      return op('J').int32((int) value);
    }
    raw(0x8a, 8);
    out.writeBytes(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
    return this;
  }

  PickleBytes real(double value) {
    op('G');
    out.writeBytes(ByteBuffer.allocate(8).putDouble(value).array());
    return this;
  }

  PickleBytes int32(int value) {
    return raw(value, value >> 8, value >> 16, value >> 24);
  }

  PickleBytes integers(long... values) {
    op('(');
    for (long value : values) {
      integer(value);
    }
    return op('t');
  }

  /** {@code ('storage', torch.<type>, key, 'cpu', elements)} as a persistent id. */
  PickleBytes storage(String type, String key, long elements) {
    op('(').text("storage").global("torch", type).text(key).text("cpu").integer(elements);
    return op('t').op('Q');
  }

  /** A call of {@code torch._utils._rebuild_tensor_v2}. */
  PickleBytes tensor(
      String type, String key, long elements, long offset, long[] shape, long[] strides) {
    global("torch._utils", "_rebuild_tensor_v2").op('(').storage(type, key, elements);
    integer(offset).integers(shape).integers(strides).raw(0x89);
    return global("collections", "OrderedDict").op(')').op('R').op('t').op('R');
  }

  byte[] stop() {
    op('.');
    return out.toByteArray();
  }
}
