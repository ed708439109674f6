package org.lapidary.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lapidary.io.Refusals.assertRefused;
import static org.lapidary.io.Refusals.assertRefusedWhenCutAnywhere;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class HostileCheckpointTest {

  @Test
  void aCheckpointCutAnywhereIsRefused() {
    assertRefusedWhenCutAnywhere(HostileCheckpointTest::read, sound());
  }

  @Test
  void aLegacyCheckpointCutAnywhereIsRefused() {
    assertRefusedWhenCutAnywhere(HostileCheckpointTest::read, legacy());
  }

  @Test
  void aLegacyCheckpointGivesItsTensors() {
    try (var file = TorchCheckpoint.parse("old.pt", MemorySegment.ofArray(legacy()))) {
      assertThat(file.get("w")).isEqualTo(RawTensor.of(new float[] {2, 1}, 2));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "os, system",
    "posix, system",
    "nt, system",
    "builtins, eval",
    "builtins, getattr",
    "__builtin__, exec",
    "subprocess, Popen",
    "torch, load",
    "torch.serialization, load",
    "torch._utils, _rebuild_sparse_tensor",
    "torch.nn.modules.linear, Linear",
    "torch._utils, _rebuild_tensor_v2.__globals__",
    "collections, OrderedDict.__init__",
    "numpy.core.multiarray, _reconstruct"
  })
  void aNameOutsideTheListIsRefusedByName(String module, String name) {
    byte[] pickle =
        new PickleBytes().global(module, name).op('(').text("ls").op('t').op('R').stop();
    pickled(pickle, "the name '" + module + "." + name + "'", "byte 2", "safetensors");
  }

  @Test
  void aNameFromTheStackIsRefusedByName() {
    byte[] pickle = new PickleBytes().text("os").text("system").raw(0x93).stop();
    pickled(pickle, "the name 'os.system'");
  }

  @ParameterizedTest
  @EnumSource(
      value = Opcode.class,
      names = {
        "INT",
        "LONG",
        "LONG4",
        "STRING",
        "UNICODE",
        "FLOAT",
        "LIST",
        "DICT",
        "EMPTY_SET",
        "ADDITEMS",
        "FROZENSET",
        "POP",
        "DUP",
        "POP_MARK",
        "GET",
        "PUT",
        "EXT1",
        "EXT2",
        "EXT4",
        "INST",
        "OBJ",
        "NEWOBJ_EX",
        "PERSID",
        "BYTEARRAY8",
        "NEXT_BUFFER",
        "READONLY_BUFFER"
      })
  void anOpcodeThatDataDoNotNeedIsRefusedByName(Opcode op) {
    byte[] pickle = new PickleBytes().raw(op.code()).stop();
    pickled(pickle, "the pickle opcode " + op, "byte 2");
  }

  @Test
  void aByteThatIsNoOpcodeIsRefused() {
    pickled(new PickleBytes().raw(0xff).stop(), "the byte 0xff");
  }

  @Test
  void stackFaultsAreRefused() {
    pickled(new PickleBytes().stop(), "0 values left");
    pickled(new PickleBytes().op('N').op('N').stop(), "2 values left");
    pickled(new PickleBytes().op('(').op('N').stop(), "values left");
    pickled(new PickleBytes().op('t').stop(), "no mark");
    pickled(new PickleBytes().raw(0x86).stop(), "too few values");
    pickled(new PickleBytes().op('N').op('(').raw(0x85).stop(), "too few values");
    pickled(new PickleBytes().op('q').raw(0).stop(), "an empty stack");
    pickled(new PickleBytes().op('h').raw(0).stop(), "the memo index 0");
    pickled(new PickleBytes().op('N').op('r').int32(-1).stop(), "the memo index 4294967295");
    pickled(new PickleBytes().op('N').op('N').op('a').stop(), "an append to a None");
    pickled(new PickleBytes().op('N').op('N').op('N').op('s').stop(), "an entry for a None");
    pickled(new PickleBytes().op('}').op('(').op('N').op('u').stop(), "a key without a value");
    pickled(new PickleBytes().op('}').op('N').op('N').op('s').stop(), "the dict key a None");
    pickled(new PickleBytes().op('}').op('N').op('b').stop(), "attributes as a None");
    pickled(new PickleBytes().op('N').op('N').op('b').stop(), "a state for a None");
    pickled(new PickleBytes().op('N').op(')').op('R').stop(), "a call of a None");
    pickled(new PickleBytes().op('N').op('Q').stop(), "a persistent id of another kind");
    pickled(
        new PickleBytes().op('}').text("k").op('N').op('s').text("k").op('N').op('s').stop(),
        "the key 'k' twice");
  }

  @Test
  void lengthsBeyondThePickleAreRefused() {
    pickled(new PickleBytes().op('X').int32(-1).stop(), "a text of 4294967295 bytes");
    pickled(new PickleBytes().op('T').int32(-1).stop(), "a string of -1 bytes");
    pickled(new PickleBytes().raw(0x8e).int32(-1).int32(-1).stop(), "bytes of -1 bytes");
    pickled(new PickleBytes().raw(0x8d).int32(-1).int32(0x7fffffff).stop(), "a text of 9223");
    pickled(new PickleBytes().raw(0x8a, 255).stop(), "an integer of 255 bytes");
    pickled(new PickleBytes().raw(0x95).int32(-1).int32(-1).stop(), "a frame of -1 bytes");
    pickled(new PickleBytes().op('X').int32(1).raw(0xff).stop(), "not UTF-8");
  }

  @Test
  void aListInsideItselfIsRefused() {
    byte[] pickle = new PickleBytes().op(']').op('q').raw(0).op('h').raw(0).op('a').stop();
    pickled(pickle, "a value that contains itself");
  }

  @Test
  void deepNestingIsRefused() {
    PickleBytes pickle = new PickleBytes().op('N');
    for (int i = 0; i < 100_000; i++) {
      pickle.raw(0x85);
    }
    pickled(pickle.stop(), "nesting deeper than 200");
  }

  @Test
  void deepNestingOfPartsMetBeforeIsRefused() {
    // A chain of 150 that was counted on its own hangs below another of 150.
    PickleBytes pickle = new PickleBytes().op('N');
    for (int i = 0; i < 150; i++) {
      pickle.raw(0x85);
    }
    pickle.op('q').raw(0).op('h').raw(0);
    for (int i = 0; i < 150; i++) {
      pickle.raw(0x85);
    }
    pickled(pickle.raw(0x86).stop(), "nesting deeper than 200");
  }

  @Test
  void aPickleThatUnfoldsToBillionsIsRefused() {
    PickleBytes pickle = new PickleBytes().op('N');
    for (int level = 0; level < 40; level++) {
      pickle.op('q').raw(level).op('h').raw(level).raw(0x86); // x -> (x, x)
    }
    pickled(pickle.stop(), "unfold to more than");
  }

  @Test
  void moreValuesThanAnyCheckpointHasAreRefused() {
    PickleBytes pickle = new PickleBytes().op(']').op('(');
    byte[] many = new byte[6_000_000];
    Arrays.fill(many, (byte) '}');
    byte[] start = pickle.stop();
    byte[] bomb = Arrays.copyOf(start, start.length - 1 + many.length);
    System.arraycopy(many, 0, bomb, start.length - 1, many.length);
    pickled(bomb, "more than 5000000 values");
  }

  @Test
  void windowsBeyondTheirStorageAreRefused() {
    tensor(new long[] {3}, new long[] {1}, 0, "3 elements in a storage of 2");
    tensor(new long[] {2}, new long[] {1}, 1, "strides that leave the storage");
    tensor(new long[] {2}, new long[] {Long.MAX_VALUE}, 0, "strides that leave the storage");
    tensor(new long[] {2}, new long[] {-1}, 1, "the negative stride -1");
    tensor(new long[] {1}, new long[] {1}, 2, "an offset of 2");
    tensor(new long[] {1}, new long[] {1}, 3, "an offset of 3");
    tensor(new long[] {1}, new long[] {1}, -1, "an offset of -1");
    tensor(new long[] {-1}, new long[] {1}, 0, "out of range");
    tensor(new long[] {1L << 32, 1L << 32}, new long[] {0, 0}, 0, "out of range");
    tensor(new long[] {1L << 20, 1L << 20}, new long[] {0, 0}, 0, "elements in a storage of 2");
    tensor(new long[] {2}, new long[0], 0, "1 sizes with 0 strides");
  }

  @Test
  void storagesThatDoNotFitTheirClaimAreRefused() {
    byte[] pickle =
        new PickleBytes().tensor("FloatStorage", "0", 3, 0, new long[] {2}, new long[] {1}).stop();
    byte[] eight = new byte[8];
    assertRefused(
        HostileCheckpointTest::read,
        TorchBytes.of(pickle).storage("0", eight).stored(),
        "archive/data/0' of 8 bytes",
        "3 elements");
    assertRefused(
        HostileCheckpointTest::read, TorchBytes.of(pickle).stored(), "no member 'archive/data/0'");
    assertRefused(
        HostileCheckpointTest::read,
        TorchBytes.of(pickle).storage("../data/0", eight).stored(),
        "no member");
    byte[] huge =
        new PickleBytes()
            .tensor("FloatStorage", "0", Long.MAX_VALUE / 2, 0, new long[] {2}, new long[] {1})
            .stop();
    assertRefused(
        HostileCheckpointTest::read,
        TorchBytes.of(huge).storage("0", eight).stored(),
        "the storage '0' of 4611686018427387903 elements");
  }

  @Test
  void longNamesThatUnfoldAreRefused() {
    byte[] pickle =
        new PickleBytes()
            .op('}')
            .text("k".repeat(2000))
            .tensor("FloatStorage", "0", 2, 0, new long[] {2}, new long[] {1})
            .op('s')
            .stop();
    assertRefused(
        HostileCheckpointTest::read,
        TorchBytes.of(pickle).storage("0", new byte[8]).stored(),
        "at most 1000 characters");
  }

  @Test
  void archivesOfAnotherKindAreRefused() {
    byte[] none = new PickleBytes().op('N').stop();
    assertRefused(HostileCheckpointTest::read, new byte[0], "neither a zip archive");
    assertRefused(HostileCheckpointTest::read, none, "neither a zip archive", "state_dict");
    assertRefused(
        HostileCheckpointTest::read, new TorchBytes().with("x", none).stored(), "0 members named");
    assertRefused(
        HostileCheckpointTest::read,
        TorchBytes.of(none).with("b/data.pkl", none).stored(),
        "2 members named");
    assertRefused(
        HostileCheckpointTest::read,
        TorchBytes.of(none).with("archive/constants.pkl", none).stored(),
        "a TorchScript program");
    assertRefused(
        HostileCheckpointTest::read,
        TorchBytes.of(none)
            .with("archive/byteorder", "big".getBytes(StandardCharsets.US_ASCII))
            .stored(),
        "a byte order other than little");
    assertRefused(
        HostileCheckpointTest::read, TorchBytes.of(none).deflated(), "the compressed member");
    assertRefused(
        HostileCheckpointTest::read,
        TorchBytes.of(Arrays.copyOf(none, none.length + 1)).stored(),
        "more bytes after the pickle");
  }

  static void read(MemorySegment bytes) {
    try (var file = TorchCheckpoint.parse("hostile.pt", bytes)) {
      file.names().forEach(name -> assertThat(file.get(name).shape()).isNotNull());
    }
  }

  /** A small sound checkpoint of two tensors. */
  static byte[] sound() {
    byte[] pickle =
        new PickleBytes()
            .op('}')
            .op('(')
            .text("w")
            .tensor("FloatStorage", "0", 4, 0, new long[] {2, 2}, new long[] {1, 2})
            .text("n")
            .tensor("LongStorage", "1", 1, 0, new long[0], new long[0])
            .op('u')
            .stop();
    return TorchBytes.of(pickle).storage("0", new byte[16]).storage("1", new byte[8]).stored();
  }

  /** A small sound checkpoint in the form before zip: w is the last two of [9, 2, 1]. */
  static byte[] legacy() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(
        new PickleBytes()
            .raw(0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19)
            .stop());
    out.writeBytes(new PickleBytes().integer(1001).stop());
    out.writeBytes(new PickleBytes().op('}').text("little_endian").raw(0x88).op('s').stop());
    PickleBytes object = new PickleBytes().op('}').text("w");
    object.global("torch._utils", "_rebuild_tensor_v2").op('(');
    object.op('(').text("storage").global("torch", "FloatStorage").text("k").text("cpu");
    object.integer(3).op('N').op('t').op('Q');
    object.integer(1).integers(2).integers(1).raw(0x89);
    object.global("collections", "OrderedDict").op(')').op('R').op('t').op('R').op('s');
    out.writeBytes(object.stop());
    out.writeBytes(new PickleBytes().op(']').text("k").op('a').stop());
    ByteBuffer storage = ByteBuffer.allocate(8 + 12).order(ByteOrder.LITTLE_ENDIAN);
    storage.putLong(3).putFloat(9).putFloat(2).putFloat(1);
    out.writeBytes(storage.array());
    return out.toByteArray();
  }

  private static void pickled(byte[] pickle, String... fragments) {
    assertRefused(HostileCheckpointTest::read, TorchBytes.of(pickle).stored(), fragments);
  }

  private static void tensor(long[] shape, long[] strides, long offset, String fragment) {
    byte[] pickle = new PickleBytes().tensor("FloatStorage", "0", 2, offset, shape, strides).stop();
    assertRefused(
        HostileCheckpointTest::read,
        TorchBytes.of(pickle).storage("0", new byte[8]).stored(),
        fragment);
  }
}
