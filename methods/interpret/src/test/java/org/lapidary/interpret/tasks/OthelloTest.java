package org.lapidary.interpret.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.lapidary.tensor.Rng;

class OthelloTest {
  private final Othello othello = new Othello(8);

  /** Positions reachable after so many moves of Othello on eight by eight cells, from the start. */
  private static long perft(Othello.Board board, int depth, int[] line, int at) {
    if (depth == 0) {
      return 1;
    }
    long all = 0;
    for (int cell : board.legal()) {
      line[at] = cell;
      Othello.Board next = new Othello(8).start();
      for (int i = 0; i <= at; i++) {
        next.lay(line[i]);
      }
      all += perft(next, depth - 1, line, at + 1);
    }
    return all;
  }

  @Test
  void the_number_of_lines_from_the_start_is_the_published_one() {
    // perft of Othello: 4, 12, 56, 244, 1396
    assertThat(perft(othello.start(), 1, new int[8], 0)).isEqualTo(4);
    assertThat(perft(othello.start(), 3, new int[8], 0)).isEqualTo(56);
    assertThat(perft(othello.start(), 5, new int[8], 0)).isEqualTo(1396);
  }

  @Property(tries = 30)
  void every_game_has_one_state_a_cell_and_a_disc_more_a_move(@ForAll long seed) {
    Othello small = new Othello(6);
    Othello.Game game = small.game(24, new Rng(seed));
    int discs = 4;
    for (int t = 0; t < 24; t++) {
      discs += game.tokens()[t] == small.pass() ? 0 : 1;
      int full = 0;
      for (int cell = 0; cell < small.cells(); cell++) {
        boolean mine = game.properties()[t][small.property(cell, Othello.State.MINE)];
        boolean yours = game.properties()[t][small.property(cell, Othello.State.YOURS)];
        boolean empty = game.properties()[t][small.property(cell, Othello.State.EMPTY)];
        assertThat((mine ? 1 : 0) + (yours ? 1 : 0) + (empty ? 1 : 0)).isEqualTo(1);
        full += empty ? 0 : 1;
      }
      assertThat(full).isEqualTo(discs);
    }
  }

  @Test
  void after_a_move_the_disc_laid_is_the_others() {
    Othello small = new Othello(6);
    Othello.Game game = small.game(1, new Rng(0));
    assertThat(game.properties()[0][small.property(game.tokens()[0], Othello.State.YOURS)])
        .isTrue();
  }

  @Test
  void an_illegal_move_is_refused_with_the_legal_ones() {
    assertThatThrownBy(() -> othello.start().lay(0)).hasMessageContaining("encloses nothing");
  }

  @Test
  void a_game_longer_than_the_board_is_refused() {
    assertThatThrownBy(() -> othello.game(61, new Rng(0))).hasMessageContaining("1 to 60 moves");
  }
}
