package org.lapidary.interpret.tasks;

import java.util.Arrays;
import org.lapidary.tensor.Rng;

/**
 * Othello (Reversi) on a square board, as transcripts of random legal games: token {@code row *
 * side + column} is a disc laid there, token {@code side * side} a pass. Black, who lays the first
 * disc, has the two discs on the rising diagonal of the middle.
 *
 * @param side of the board, even and at least 4
 */
public record Othello(int side) {
  private static final int[][] DIRECTIONS = {
    {-1, -1}, {-1, 0}, {-1, 1}, {0, -1}, {0, 1}, {1, -1}, {1, 0}, {1, 1}
  };

  /** What can be said of a cell, as the player sees it whose turn it is. */
  public enum State {
    MINE,
    YOURS,
    EMPTY
  }

  public Othello {
    if (side < 4 || side % 2 != 0) {
      throw new IllegalArgumentException(
          "an Othello board has an even side of at least 4, was " + side);
    }
  }

  /** How many cells the board has. */
  public int cells() {
    return side * side;
  }

  /** How many tokens there are: the cells and the pass. */
  public int vocab() {
    return cells() + 1;
  }

  /** The token of a pass. */
  public int pass() {
    return cells();
  }

  /** How many properties a board has: each {@link State} of each cell. */
  public int properties() {
    return cells() * State.values().length;
  }

  /** The index of a property: cell * 3 + state. */
  public int property(int cell, State state) {
    return cell * State.values().length + state.ordinal();
  }

  /**
   * A game as it went.
   *
   * @param tokens the moves
   * @param properties for every move, which properties the board has after it
   */
  public record Game(int[] tokens, boolean[][] properties) {}

  /** A position: whose discs lie where. 1 is the player to move, -1 the other, 0 empty. */
  public static final class Board {
    private final int side;
    private final int[] discs;

    private Board(int side) {
      this.side = side;
      discs = new int[side * side];
      int low = side / 2 - 1;
      int high = side / 2;
      discs[low * side + high] = 1;
      discs[high * side + low] = 1;
      discs[low * side + low] = -1;
      discs[high * side + high] = -1;
    }

    /** What lies on a cell: 1 the mover's disc, -1 the other's, 0 nothing. */
    public int at(int cell) {
      return discs[cell];
    }

    /** The cells on which the player to move may lay a disc, in order. */
    public int[] legal() {
      int[] found = new int[discs.length];
      int count = 0;
      for (int cell = 0; cell < discs.length; cell++) {
        if (turned(cell, false) > 0) {
          found[count++] = cell;
        }
      }
      return Arrays.copyOf(found, count);
    }

    /**
     * Lays a disc, turns what it encloses and gives the turn to the other.
     *
     * @throws IllegalArgumentException if it encloses nothing
     */
    public void lay(int cell) {
      if (turned(cell, true) == 0) {
        throw new IllegalArgumentException(
            "a disc on cell %d encloses nothing; legal are %s"
                .formatted(cell, Arrays.toString(legal())));
      }
      discs[cell] = 1;
      pass();
    }

    /** Gives the turn to the other. */
    public void pass() {
      for (int i = 0; i < discs.length; i++) {
        discs[i] = -discs[i];
      }
    }

    private int turned(int cell, boolean turn) {
      if (discs[cell] != 0) {
        return 0;
      }
      int all = 0;
      for (int[] step : DIRECTIONS) {
        int row = cell / side + step[0];
        int column = cell % side + step[1];
        int run = 0;
        while (inside(row, column) && discs[row * side + column] == -1) {
          run++;
          row += step[0];
          column += step[1];
        }
        if (run == 0 || !inside(row, column) || discs[row * side + column] != 1) {
          continue;
        }
        all += run;
        for (int k = 1; turn && k <= run; k++) {
          discs[(cell / side + k * step[0]) * side + cell % side + k * step[1]] = 1;
        }
      }
      return all;
    }

    private boolean inside(int row, int column) {
      return row >= 0 && row < side && column >= 0 && column < side;
    }
  }

  /** The position a game begins with. */
  public Board start() {
    return new Board(side);
  }

  /**
   * A game of exactly so many moves, each drawn evenly from the legal ones; who has none passes.
   * Games that end before are drawn again.
   *
   * @param moves passes included, from 1 to the number of cells less 4
   */
  public Game game(int moves, Rng rng) {
    if (moves < 1 || moves > cells() - 4) {
      throw new IllegalArgumentException(
          "a game on %d cells takes 1 to %d moves, was asked for %d"
              .formatted(cells(), cells() - 4, moves));
    }
    while (true) {
      Game game = attempt(moves, rng);
      if (game.tokens.length == moves) {
        return game;
      }
    }
  }

  private Game attempt(int moves, Rng rng) {
    Board board = start();
    int[] tokens = new int[moves];
    boolean[][] properties = new boolean[moves][];
    for (int t = 0; t < moves; t++) {
      int[] legal = board.legal();
      if (legal.length == 0) {
        board.pass();
        if (board.legal().length == 0) {
          return new Game(Arrays.copyOf(tokens, t), Arrays.copyOf(properties, t));
        }
        tokens[t] = pass();
      } else {
        tokens[t] = legal[rng.nextInt(legal.length)];
        board.lay(tokens[t]);
      }
      properties[t] = properties(board);
    }
    return new Game(tokens, properties);
  }

  private boolean[] properties(Board board) {
    boolean[] all = new boolean[properties()];
    for (int cell = 0; cell < cells(); cell++) {
      State state =
          switch (board.at(cell)) {
            case 1 -> State.MINE;
            case -1 -> State.YOURS;
            default -> State.EMPTY;
          };
      all[property(cell, state)] = true;
    }
    return all;
  }

  /** Many games. */
  public Game[] games(int count, int moves, Rng rng) {
    Game[] games = new Game[count];
    Arrays.setAll(games, i -> game(moves, rng));
    return games;
  }
}
