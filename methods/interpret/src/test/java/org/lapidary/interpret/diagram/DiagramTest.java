package org.lapidary.interpret.diagram;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

class DiagramTest {

  private static final Map<String, Long> SIZES =
      Map.of("n", 3L, "m", 4L, "k", 5L, "v", 2L, "i", 3L);

  @Test
  void liftingCommutesWithIndexing() {
    try (Scope scope = Scope.open()) {
      Diagram one = Library.attention(5, false);
      Diagram lifted = one.lift(Axis.parse("i"));
      Rng rng = new Rng(1);
      Tensor q = Counterpart.normal(rng, 3, 3, 5);
      Tensor key = Counterpart.normal(rng, 3, 4, 5);
      Tensor v = Counterpart.normal(rng, 3, 4, 2);
      Tensor all = lifted.compile(SIZES).run(List.of(q, key, v)).getFirst();
      for (int i = 0; i < 3; i++) {
        Tensor at =
            one.compile(SIZES)
                .run(List.of(q.select(0, i), key.select(0, i), v.select(0, i)))
                .getFirst();
        assertThat(Counterpart.apart(all.select(0, i), at)).isLessThan(1e-14);
      }
    }
  }

  @Test
  void innerBroadcastingCopiesThePartsThatAreNotLifted() {
    try (Scope scope = Scope.open()) {
      Diagram one = Library.attention(5, false);
      Diagram lifted = one.lift(Axis.parse("i"), List.of("q"));
      Rng rng = new Rng(2);
      Tensor q = Counterpart.normal(rng, 3, 3, 5);
      Tensor key = Counterpart.normal(rng, 4, 5);
      Tensor v = Counterpart.normal(rng, 4, 2);
      Tensor all = lifted.compile(SIZES).run(List.of(q, key, v)).getFirst();
      for (int i = 0; i < 3; i++) {
        Tensor at = one.compile(SIZES).run(List.of(q.select(0, i), key, v)).getFirst();
        assertThat(Counterpart.apart(all.select(0, i), at)).isLessThan(1e-14);
      }
      assertThatThrownBy(() -> one.lift(Axis.parse("k"), List.of("q")))
          .hasMessageContaining("wire q");
      assertThatThrownBy(() -> one.lift(Axis.parse("i"), List.of("nothing")))
          .hasMessageContaining("nothing");
    }
  }

  @Test
  void partsThatAreNotLiftedAreRepeatedWhereTheyAreJoined() {
    try (Scope scope = Scope.open()) {
      Diagram join =
          Diagram.parse(
              """
              diagram pair
              input a [x:n]
              input b [x:m]
              input c [x:m]
              both [x:n+m+m] = join(x) a, b, c
              output both
              """);
      Tensor a = Counterpart.normal(new Rng(1), 2, 3);
      Tensor b = Counterpart.normal(new Rng(2), 4);
      Tensor out =
          join.lift(Axis.parse("i"), List.of("a"))
              .compile(Map.of("i", 2L, "n", 3L, "m", 4L))
              .run(List.of(a, b, b))
              .getFirst();
      for (int i = 0; i < 2; i++) {
        Tensor wanted = Tensor.concat(0, a.select(0, i), b, b);
        assertThat(Counterpart.apart(out.select(0, i), wanted)).isZero();
      }
    }
  }

  @Test
  void tuplesAreCopiedSwappedDeletedAndPutSideBySide() {
    try (Scope scope = Scope.open()) {
      Wire a = Wire.data("a", "n");
      Wire b = Wire.data("b", "k");
      Tensor x = Tensor.of(new double[] {1, 2, 3}, 3);
      Tensor y = Tensor.of(new double[] {4, 5, 6, 7, 8}, 5);
      assertThat(Diagram.swap(a, b).compile(SIZES).run(List.of(x, y)).getFirst()).isSameAs(y);
      assertThat(Diagram.copy(a).compile(SIZES).run(List.of(x))).containsExactly(x, x);
      assertThat(Diagram.delete(a).compile(SIZES).run(List.of(x))).isEmpty();
      Diagram both =
          Diagram.swap(a, b)
              .then(
                  Diagram.identity(Wire.data("c", "j:k"))
                      .beside(Diagram.delete(Wire.data("e", "n"))));
      assertThat(both.compile(SIZES).run(List.of(x, y)).getFirst().toDoubles())
          .containsExactly(y.toDoubles());
      assertThatThrownBy(() -> Diagram.swap(a, b).then(Diagram.delete(a)))
          .hasMessageContaining("part 'a'");
    }
  }

  @Test
  void compositionRenamesAxesEvenWhereTheyChangePlaces() {
    try (Scope scope = Scope.open()) {
      Diagram first = Diagram.identity(Wire.data("a", "x:n y:k"));
      Sketch s = new Sketch("sum");
      Wire in = s.input("in", "y:n x:k");
      Diagram second = s.giving(s.contract("out", "x:k", in));
      Tensor x = Counterpart.normal(new Rng(1), 3, 5);
      Tensor out = first.then(second).compile(SIZES).run(List.of(x)).getFirst();
      assertThat(Counterpart.apart(out, x.sum(false, 0))).isZero();
    }
  }

  @Test
  void wiresThatDoNotFitAreNamed() {
    String text =
        """
        diagram pair
        input a [n k]
        input b [m k]
        c [n m] = contract a, b
        output c
        """;
    assertThat(Diagram.parse(text).check().undecided()).isEmpty();
    assertThatThrownBy(() -> Diagram.parse(text.replace("b [m k]", "b [m k:k+1]")).check())
        .isInstanceOf(DiagramException.class)
        .hasMessageContaining("wire 'c'")
        .hasMessageContaining("axis k");
    assertThatThrownBy(() -> Diagram.parse(text.replace("c [n m]", "c [n z]")).check())
        .hasMessageContaining("wire 'c'")
        .hasMessageContaining("axis z");
    assertThatThrownBy(() -> Diagram.parse(text.replace("a, b", "a, e")))
        .hasMessageContaining("'e'");
    assertThatThrownBy(() -> Diagram.parse(text.replace("contract", "contact")))
        .hasMessageContaining("contact");
    assertThatThrownBy(() -> Diagram.parse("c [n m] is contract a"))
        .hasMessageContaining("a line of a diagram");
    assertThatThrownBy(() -> Diagram.parse(text.replace("[m k]", "[k k]")))
        .hasMessageContaining("two axes named 'k'");
    assertThatThrownBy(() ->
            Diagram.parse(text)
                .compile(Map.of("n", 2L, "m", 2L, "k", 2L))
                .run(List.of(Tensor.zeros(2, 2), Tensor.zeros(2, 3))))
        .hasMessageContaining("wire 'b'");
    assertThatThrownBy(() -> Diagram.parse(text).compile(Map.of("n", 2L)))
        .hasMessageContaining("what [m] are");
  }

  @Test
  void symbolsUnify() {
    Typing typing =
        Diagram.parse(
                """
                diagram flat
                input a [h k]
                weight w [d e]
                b [c:d] = group(h k, c) a
                output b
                """)
            .check(Map.of("h", 2L, "k", 3L));
    assertThat(typing.number(Polynomial.symbol("d"))).isEqualTo(6);
    assertThat(typing.number(Polynomial.parse("d*d+1"))).isEqualTo(37);
  }

  @Test
  void indicesAreTypedBySet() {
    String text =
        """
        diagram embed
        weight table [vocab d]
        index ids [p] of vocab
        out [p d] = gather(vocab) table, ids
        output out
        """;
    assertThatThrownBy(() -> Diagram.parse(text.replace("of vocab", "of vocab+1")).check())
        .hasMessageContaining("indices 'ids'");
    assertThatThrownBy(() -> Diagram.parse(text.replace("table, ids", "ids, table")).check())
        .hasMessageContaining("ids [p] enters where numbers are wanted");
    try (Scope scope = Scope.open()) {
      DiagramLayer layer = Diagram.parse(text).compile(Map.of("vocab", 4L, "d", 2L, "p", 3L));
      layer.held("table").set(Tensor.of(new float[] {0, 1, 10, 11, 20, 21, 30, 31}, 4, 2));
      Tensor out = layer.forward(Tensor.of(new long[] {2, 0, 2}, 3));
      assertThat(out.toFloats()).containsExactly(20, 21, 0, 1, 20, 21);
    }
  }

  @Test
  void drawingsReadBackAndHoldEveryLabelOnce() {
    for (Diagram d :
        List.of(
            Library.attention(5, true),
            Library.uNet(),
            Library.attention(5, true).backward().diagram())) {
      assertThat(DiagramSvg.read(d.svg())).isEqualTo(d);
      assertThat(Diagram.parse(d.toString())).isEqualTo(d);
      assertThat(NeuralCircuitDiagramsReproduction.miscounted(d, d.svg())).isZero();
    }
    String svg = Library.attention(5, true).svg();
    assertThat(
            NeuralCircuitDiagramsReproduction.miscounted(
                Library.attention(5, true), svg.replaceFirst(">q:n<", ">r:n<")))
        .isEqualTo(2);
    assertThatThrownBy(() -> DiagramSvg.read("<svg/>")).hasMessageContaining("metadata");
  }
}
