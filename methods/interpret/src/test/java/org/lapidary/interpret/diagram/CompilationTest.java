package org.lapidary.interpret.diagram;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lapidary.tensor.Autograd;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

class CompilationTest {

  @Test
  void libraryItemsComputeWhatTheWorkbenchDoes() {
    try (Scope scope = Scope.open()) {
      for (Counterpart c : Counterpart.all(new Rng(3))) {
        Counterpart.Difference d = c.difference(new Rng(4));
        assertThat(d.outputs()).as(c.name()).isLessThan(1e-11);
        assertThat(d.gradients()).as(c.name()).isLessThan(1e-11);
      }
    }
  }

  /** Multiply-adds counted one by one. */
  @Test
  void formulasCountTheMultiplicationsOfNaiveLoops() {
    Diagram d =
        Diagram.parse(
            """
            diagram pair
            input a [n k]
            input b [m k]
            c [n m] = contract a, b
            output c
            """);
    long counted = 0;
    double[][] c = new double[3][4];
    for (int n = 0; n < 3; n++) {
      for (int m = 0; m < 4; m++) {
        for (int k = 0; k < 5; k++) {
          c[n][m] += (n + k) * (m - k);
          counted++;
        }
      }
    }
    Map<String, Long> sizes = Map.of("n", 3L, "m", 4L, "k", 5L);
    assertThat(d.cost().multiplyAdds().at(sizes)).isEqualTo(counted);
    try (Scope scope = Scope.open()) {
      double[] a = new double[15];
      double[] b = new double[20];
      for (int i = 0; i < 20; i++) {
        b[i] = i / 5 - i % 5;
        if (i < 15) {
          a[i] = i / 5 + i % 5;
        }
      }
      List<Tensor> in = List.of(Tensor.of(a, 3, 5), Tensor.of(b, 4, 5));
      assertThat(d.compile(sizes).run(in).getFirst().toDoubles())
          .containsExactly(Arrays.stream(c).flatMapToDouble(Arrays::stream).toArray());
      assertThat(Instrument.of(d.compile(sizes), in).multiplyAdds()).isEqualTo(counted);
    }
  }

  /** (n d)(d e)(e f)(f): from the right it is cheap, from the left it is not. */
  @Test
  void productsOfManyAreTakenInTheCheapestOrder() {
    Diagram d =
        Diagram.parse(
            """
            diagram chain
            input a [n d]
            input b [d e]
            input c [e f]
            input g [f]
            out [n] = contract a, b, c, g
            output out
            """);
    Map<String, Long> sizes = Map.of("n", 7L, "d", 6L, "e", 5L, "f", 4L);
    DiagramLayer layer = d.compile(sizes);
    assertThat(layer.typing().number(layer.planned().cost().multiplyAdds()))
        .isEqualTo(5 * 4 + 6 * 5 + 7 * 6);
    assertThat(d.cost().multiplyAdds()).isEqualTo(Polynomial.parse("n*d*e*f"));
    try (Scope scope = Scope.open()) {
      Rng rng = new Rng(1);
      List<Tensor> in =
          List.of(
              Counterpart.normal(rng, 7, 6),
              Counterpart.normal(rng, 6, 5),
              Counterpart.normal(rng, 5, 4),
              Counterpart.normal(rng, 4));
      Tensor wanted = Tensor.einsum("nd,de,ef,f->n", in.get(0), in.get(1), in.get(2), in.get(3));
      assertThat(Counterpart.apart(layer.run(in).getFirst(), wanted)).isLessThan(1e-12);
    }
  }

  /** Every box whose reverse is not covered by the library. */
  @Test
  void reverseDiagramsAgreeWithAutograd() {
    String text =
        """
        diagram all
        input a [n k]
        input b [n k]
        index ids [p] of n
        squared [n k] = contract a, a
        rooted [n k] = shift(1.0) squared
        deviation [n] = inversedeviation(k, 0.1) rooted
        long [n k] = repeat deviation
        mixed [n k] = add b, rooted
        row [n k] = scale(3.0, k) long
        one [n k2:k] = rename(k, k2) row
        two [n k2:k] = rename(k, k2) mixed
        big [n k2:2*k] = join(k2) one, two
        taken [p k2:2*k] = gather(n) big, ids
        silu [p k2:2*k] = pointwise(silu) taken
        out [p] = contract silu
        output out
        """;
    Diagram d = Diagram.parse(text);
    Map<String, Long> sizes = Map.of("n", 3L, "k", 4L, "p", 5L);
    try (Scope scope = Scope.open()) {
      Tensor a = Counterpart.normal(new Rng(1), 3, 4).requiresGrad(true);
      Tensor b = Counterpart.normal(new Rng(2), 3, 4).requiresGrad(true);
      Tensor ids = Tensor.of(new long[] {2, 0, 2, 1, 2}, 5);
      Tensor out = d.compile(sizes).run(List.of(a, b, ids)).getFirst();
      Tensor direction = Counterpart.normal(new Rng(3), 5);
      List<Tensor> wanted = Autograd.grad(out.mul(direction).sum(), List.of(a, b));
      DiagramLayer whole = d.backward().whole(d).compile(sizes);
      List<Tensor> given = whole.run(List.of(a.detach(), b.detach(), ids, direction));
      assertThat(whole.diagram().outputs()).containsExactly("out", "d.a", "d.b");
      assertThat(Counterpart.apart(given.get(1), wanted.get(0))).isLessThan(1e-12);
      assertThat(Counterpart.apart(given.get(2), wanted.get(1))).isLessThan(1e-12);
    }
    Diagram floor = Diagram.parse("input a [n]\nb [n] = pointwise(floor) a\noutput b");
    assertThatThrownBy(floor::backward)
        .hasMessageContaining("wire 'b'")
        .hasMessageContaining("FLOOR");
  }

  @Test
  void reversesOfReversesAgreeWithAutogradToo() {
    Diagram d = Library.attention(2, false);
    Diagram grads = d.backward().whole(d);
    Map<String, Long> sizes = Map.of("n", 2L, "m", 3L, "k", 2L, "v", 2L);
    try (Scope scope = Scope.open()) {
      Rng rng = new Rng(5);
      List<Tensor> in = new ArrayList<>();
      for (long[] s : new long[][] {{2, 2}, {3, 2}, {3, 2}, {2, 2}}) {
        in.add(Counterpart.normal(rng, s).requiresGrad(true));
      }
      List<Tensor> out = grads.compile(sizes).run(in);
      List<Tensor> directions = new ArrayList<>();
      Tensor sum = Tensor.of(new double[] {0}, 1);
      for (Tensor o : out) {
        directions.add(Counterpart.normal(rng, o.shape().toArray()));
        sum = sum.add(o.mul(directions.getLast()).sum());
      }
      List<Tensor> wanted = Autograd.grad(sum, in);
      Diagram renamed =
          grads.renamed(n -> n.startsWith("d.") || n.startsWith("back.") ? "g" + n : n);
      Backward twice = renamed.backward();
      DiagramLayer layer = twice.whole(renamed).compile(sizes);
      List<Tensor> tuple = new ArrayList<>();
      in.forEach(t -> tuple.add(t.detach()));
      tuple.addAll(directions);
      Map<String, Tensor> given = new HashMap<>();
      List<Tensor> ran = layer.run(tuple);
      for (int i = 0; i < ran.size(); i++) {
        given.put(layer.diagram().outputs().get(i), ran.get(i));
      }
      for (int i = 0; i < in.size(); i++) {
        Tensor mine = given.get("d." + renamed.inputs().get(i).name());
        assertThat(mine).isNotNull();
        assertThat(Counterpart.apart(mine, wanted.get(i))).isLessThan(1e-12);
      }
    }
  }

  @Test
  void slidesKeepOutputsAndRefuseBoxesThatShareAnAxis() {
    Diagram d =
        Diagram.parse(
            """
            diagram two
            input a [n k]
            weight w [k e]
            b [n e] = contract a, w
            c [n:n+2 e] = pad(n, 1, 1) b
            output c
            """);
    Slides.Slide slide = new Slides.Slide("b", "c");
    assertThat(Slides.legal(d)).containsExactly(slide);
    Diagram slid = Slides.slide(d, slide);
    assertThat(slid.toString()).contains("b [n:n+2 k] = pad(n, 1, 1) a");
    Diagram other = Diagram.parse(d.toString().replace("[n:n+2 e] = pad(n", "[n e:e+2] = pad(e"));
    assertThat(Slides.legal(other)).isEmpty();
    assertThatThrownBy(() -> Slides.slide(other, slide)).hasMessageContaining("'b'");
  }

  @Test
  void layersFreeWhatNothingReadsAndKeepWhatComesIn() {
    try (Scope scope = Scope.open();
        var ignored = Autograd.noGrad()) {
      Diagram d =
          Diagram.parse("input a [n]\nb [i:n] = rename(n, i) a\nc [i:n] = shift(1.0) b\noutput c");
      Tensor a = Tensor.of(new double[] {1, 2}, 2);
      assertThat(d.compile(Map.of("n", 2L)).forward(a).toDoubles()).containsExactly(2, 3);
      assertThat(a.isClosed()).isFalse();
    }
  }
}
