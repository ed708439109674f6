package org.lapidary.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lapidary.evidence.Figure.Diagram;
import org.lapidary.evidence.Figure.Edge;

/**
 * A diagram cut into layers. Vertices are numbered: first the nodes in their order, then a bend for
 * every layer that an edge passes.
 *
 * @param count of vertices
 * @param layer of every vertex
 * @param chains of every edge, the vertices it passes from top to bottom; empty for a loop
 * @param reversed whether an edge points up, which happens in a cycle only
 * @param above neighbours one layer up
 * @param below neighbours one layer down
 */
record Layers(
    int count, int[] layer, int[][] chains, boolean[] reversed, int[][] above, int[][] below) {

  static Layers of(Diagram diagram) {
    int nodes = diagram.nodes().size();
    Map<String, Integer> number = new HashMap<>();
    for (int v = 0; v < nodes; v++) {
      number.put(diagram.nodes().get(v).id(), v);
    }
    int edges = diagram.edges().size();
    int[] from = new int[edges];
    int[] to = new int[edges];
    for (int e = 0; e < edges; e++) {
      Edge edge = diagram.edges().get(e);
      from[e] = number.getOrDefault(edge.from(), 0);
      to[e] = number.getOrDefault(edge.to(), 0);
    }
    boolean[] reversed = reversals(nodes, from, to);
    for (int e = 0; e < edges; e++) {
      if (reversed[e]) {
        int swap = from[e];
        from[e] = to[e];
        to[e] = swap;
      }
    }
    int[] layer = layering(nodes, from, to);
    int[][] chains = new int[edges][];
    int[] all = Arrays.copyOf(layer, nodes + bends(layer, from, to));
    int next = nodes;
    for (int e = 0; e < edges; e++) {
      if (from[e] == to[e]) {
        chains[e] = new int[0];
        continue;
      }
      int[] chain = new int[layer[to[e]] - layer[from[e]] + 1];
      chain[0] = from[e];
      chain[chain.length - 1] = to[e];
      for (int i = 1; i < chain.length - 1; i++) {
        all[next] = layer[from[e]] + i;
        chain[i] = next++;
      }
      chains[e] = chain;
    }
    return new Layers(
        next, all, chains, reversed, neighbours(next, chains, 1), neighbours(next, chains, -1));
  }

  /** Edges that close a cycle in a depth-first walk. */
  private static boolean[] reversals(int nodes, int[] from, int[] to) {
    int[][] out = outgoing(nodes, from);
    boolean[] reversed = new boolean[from.length];
    byte[] state = new byte[nodes]; // 0 new, 1 on the path, 2 done
    int[] path = new int[nodes];
    int[] at = new int[nodes];
    for (int start = 0; start < nodes; start++) {
      if (state[start] != 0) {
        continue;
      }
      int depth = 0;
      path[0] = start;
      state[start] = 1;
      while (depth >= 0) {
        int v = path[depth];
        if (at[v] == out[v].length) {
          state[v] = 2;
          depth--;
          continue;
        }
        int e = out[v][at[v]++];
        int w = to[e];
        if (state[w] == 0) {
          state[w] = 1;
          path[++depth] = w;
        } else if (state[w] == 1 && w != v) {
          reversed[e] = true;
        }
      }
    }
    return reversed;
  }

  /**
   * The longest path from a source; then a node with more edges out than in, such as a parameter,
   * moves down to what it feeds.
   */
  private static int[] layering(int nodes, int[] from, int[] to) {
    int[][] out = outgoing(nodes, from);
    int[] in = new int[nodes];
    for (int e = 0; e < from.length; e++) {
      if (from[e] != to[e]) {
        in[to[e]]++;
      }
    }
    int[] incoming = in.clone();
    int[] queue = new int[nodes];
    int tail = 0;
    for (int v = 0; v < nodes; v++) {
      if (incoming[v] == 0) {
        queue[tail++] = v;
      }
    }
    int[] layer = new int[nodes];
    for (int head = 0; head < tail; head++) {
      int v = queue[head];
      for (int e : out[v]) {
        if (to[e] != v) {
          layer[to[e]] = Math.max(layer[to[e]], layer[v] + 1);
          if (--incoming[to[e]] == 0) {
            queue[tail++] = to[e];
          }
        }
      }
    }
    for (int i = tail - 1; i >= 0; i--) {
      int v = queue[i];
      int nearest = Integer.MAX_VALUE;
      int leaving = 0;
      for (int e : out[v]) {
        if (to[e] != v) {
          nearest = Math.min(nearest, layer[to[e]]);
          leaving++;
        }
      }
      if (leaving > in[v]) {
        layer[v] = nearest - 1;
      }
    }
    return layer;
  }

  private static int bends(int[] layer, int[] from, int[] to) {
    long bends = 0;
    for (int e = 0; e < from.length; e++) {
      bends += Math.max(0, layer[to[e]] - layer[from[e]] - 1);
    }
    return Math.toIntExact(bends);
  }

  private static int[][] outgoing(int nodes, int[] from) {
    int[] degree = new int[nodes];
    for (int v : from) {
      degree[v]++;
    }
    int[][] out = new int[nodes][];
    for (int v = 0; v < nodes; v++) {
      out[v] = new int[degree[v]];
    }
    for (int e = from.length - 1; e >= 0; e--) {
      out[from[e]][--degree[from[e]]] = e;
    }
    return out;
  }

  /** For every vertex the one before it ({@code back} 1) or after it (-1) in each chain. */
  private static int[][] neighbours(int count, int[][] chains, int back) {
    List<List<Integer>> lists = new ArrayList<>();
    for (int v = 0; v < count; v++) {
      lists.add(new ArrayList<>());
    }
    for (int[] chain : chains) {
      for (int i = 0; i < chain.length; i++) {
        if (i - back >= 0 && i - back < chain.length) {
          lists.get(chain[i]).add(chain[i - back]);
        }
      }
    }
    int[][] arrays = new int[count][];
    for (int v = 0; v < count; v++) {
      arrays[v] = lists.get(v).stream().mapToInt(Integer::intValue).toArray();
    }
    return arrays;
  }
}
