package org.lapidary.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lapidary.io.Refusals.assertRefused;
import static org.lapidary.io.Refusals.assertRefusedWhenCutAnywhere;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.lapidary.io.PickleValue.Dict;
import org.lapidary.io.PickleValue.Sequence;

class SafePickleTest {

  @Test
  void readsArraysInBothOrders() {
    RawTensor columns = PickledArrays.array(parse(array("<", "i4", true, bytes(1, 2, 3, 4), 2, 2)));
    assertThat(columns).isEqualTo(RawTensor.of(new int[] {1, 3, 2, 4}, 2, 2));
    RawTensor rows = PickledArrays.array(parse(array("<", "i4", false, bytes(1, 2, 3, 4), 4)));
    assertThat(rows).isEqualTo(RawTensor.of(new int[] {1, 2, 3, 4}, 4));
  }

  @Test
  void coraHasItsPublishedSizes() {
    // Yang, Cohen, Salakhutdinov 2016: 2708 nodes, 1433 words, 7 classes, 20 training nodes a
    // class.
    Path folder = TestData.folder("planetoid");
    var x = PickledArrays.sparseRows(SafePickle.read(folder.resolve("ind.cora.x")));
    assertThat(x.rows()).isEqualTo(140);
    assertThat(x.columnCount()).isEqualTo(1433);
    assertThat(x.values()).containsOnly(1);
    RawTensor y = PickledArrays.array(SafePickle.read(folder.resolve("ind.cora.y")));
    assertThat(y.shape()).containsExactly(140, 7);
    int[] labels = y.toInts();
    for (int label = 0; label < 7; label++) {
      int count = 0;
      for (int node = 0; node < 140; node++) {
        count += labels[node * 7 + label];
      }
      assertThat(count).isEqualTo(20);
    }
    Dict graph = (Dict) SafePickle.read(folder.resolve("ind.cora.graph"));
    assertThat(graph.entries()).hasSize(2708);
    Sequence first = (Sequence) graph.get(0);
    assertThat(first.items())
        .containsExactly(
            new PickleValue.Int(633), new PickleValue.Int(1862), new PickleValue.Int(2582));
  }

  @Test
  void everyPickleOfPlanetoidIsRead() {
    Path folder = TestData.folder("planetoid");
    for (String set : new String[] {"cora", "citeseer"}) {
      for (String part : new String[] {"x", "tx", "allx"}) {
        var rows =
            PickledArrays.sparseRows(SafePickle.read(folder.resolve("ind." + set + "." + part)));
        RawTensor labels =
            PickledArrays.array(
                SafePickle.read(folder.resolve("ind." + set + "." + part.replace('x', 'y'))));
        assertThat(labels.shape()[0]).isEqualTo(rows.rows());
      }
    }
  }

  @Test
  void aPickleCutAnywhereIsRefused() {
    assertRefusedWhenCutAnywhere(SafePickleTest::read, array("<", "i4", false, bytes(1, 2), 2));
  }

  @Test
  void arraysThatDoNotFitAreRefused() {
    refused(array("<", "i4", false, bytes(1, 2), 3), "hostile.pkl: found an array of 8 bytes");
    refused(array("<", "i4", false, bytes(1, 2), -2), "an array of 8 bytes");
    refused(array("<", "i4", false, bytes(1, 2), Long.MAX_VALUE, 4), "an array of 8 bytes");
    refused(array(">", "i4", false, bytes(1, 2), 2), "the dtype '>i4'");
    refused(array("|", "O8", false, bytes(1, 2), 1), "the dtype '|O8'");
    refused(new PickleBytes().op('N').stop(), "no NumPy array");
    refused(new PickleBytes().global("os", "system").stop(), "the name 'os.system'");
    refused(
        new PickleBytes().global("torch._utils", "_rebuild_tensor_v2").stop(),
        "the name 'torch._utils._rebuild_tensor_v2'");
    refused(new PickleBytes().op('N').op('Q').stop(), "a persistent id");
  }

  @Test
  void sparseRowsThatDoNotFitAreRefused() {
    int[] starts = {0, 1, 2};
    assertThat(rows(2, 3, starts, new int[] {0, 2}).columns()).containsExactly(0, 2);
    assertRefused(() -> rows(2, 2, starts, new int[] {0, 2}), "columns");
    assertRefused(() -> rows(2, 3, starts, new int[] {0, -1}), "columns");
    assertRefused(() -> rows(3, 3, starts, new int[] {0, 1}), "row starts");
    assertRefused(() -> rows(2, 3, new int[] {0, 3, 2}, new int[] {0, 1}), "row starts");
    assertRefused(() -> rows(2, 3, new int[] {1, 1, 2}, new int[] {0, 1}), "row starts");
    assertRefused(() -> rows(-1, 3, new int[] {}, new int[] {}), "row starts");
  }

  private static PickledArrays.SparseRows rows(int rows, int columns, int[] starts, int[] places) {
    return new PickledArrays.SparseRows(rows, columns, starts, places, new float[places.length]);
  }

  /** A NumPy array as Python 2 pickles it. */
  static byte[] array(String order, String code, boolean fortran, byte[] data, long... shape) {
    PickleBytes pickle = new PickleBytes();
    pickle.global("numpy.core.multiarray", "_reconstruct").op('(').global("numpy", "ndarray");
    pickle.integers(0).string(ascii("b")).op('t').op('R');
    pickle.op('(').integer(1).integers(shape);
    pickle.global("numpy", "dtype").op('(').string(ascii(code)).integer(0).integer(1).op('t');
    pickle.op('R').op('(').integer(3).string(ascii(order)).op('N').op('N').op('N');
    pickle.integer(-1).integer(-1).integer(0).op('t').op('b');
    return pickle.raw(fortran ? 0x88 : 0x89).string(data).op('t').op('b').stop();
  }

  static void read(MemorySegment bytes) {
    PickledArrays.array(SafePickle.parse("hostile.pkl", bytes));
  }

  private static void refused(byte[] pickle, String fragment) {
    assertRefused(SafePickleTest::read, pickle, fragment);
  }

  private static PickleValue parse(byte[] bytes) {
    return SafePickle.parse("test.pkl", MemorySegment.ofArray(bytes));
  }

  private static byte[] bytes(int... values) {
    return RawTensor.of(values, values.length)
        .data()
        .toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
