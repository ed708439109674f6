package org.lapidary.interpret.topologicalrsa;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.lapidary.interpret.similarity.Dissimilarities;
import org.lapidary.tensor.DType;
import org.lapidary.tensor.Rng;
import org.lapidary.tensor.Scope;
import org.lapidary.tensor.Tensor;

/**
 * Which layer of another network is it? The dissimilarities of a noisy layer of one network
 * (instance) are compared with those of every layer of others, without noise; the layer that is
 * most similar on average is named. The accuracy is the share of names that are right; chance is 1
 * / layers.
 *
 * @param clean dissimilarities by instance and layer
 * @param noisy by draw, instance and layer
 */
public record LayerIdentification(
    List<List<Dissimilarities>> clean, List<List<List<Dissimilarities>>> noisy) {

  /**
   * Adds normal noise to activations of stimuli.
   *
   * @param activations by instance and layer, [stimuli, units]
   * @param noise its deviation, in deviations of the layer's activations around their means over
   *     stimuli
   * @param draws of it
   */
  public static LayerIdentification of(
      List<List<Tensor>> activations, double noise, int draws, Rng rng) {
    List<List<Dissimilarities>> clean = new ArrayList<>();
    for (List<Tensor> layers : activations) {
      clean.add(layers.stream().map(Dissimilarities::euclidean).toList());
    }
    List<List<List<Dissimilarities>>> noisy = new ArrayList<>();
    for (int draw = 0; draw < (noise == 0 ? 1 : draws); draw++) {
      List<List<Dissimilarities>> instances = new ArrayList<>();
      for (int i = 0; i < activations.size(); i++) {
        List<Dissimilarities> layers = new ArrayList<>();
        for (int l = 0; l < activations.get(i).size(); l++) {
          layers.add(
              noise == 0
                  ? clean.get(i).get(l)
                  : noisy(activations.get(i).get(l), noise, rng.fork(draw).fork(i).fork(l)));
        }
        instances.add(layers);
      }
      noisy.add(instances);
    }
    return new LayerIdentification(clean, noisy);
  }

  private static Dissimilarities noisy(Tensor activations, double noise, Rng rng) {
    try (Scope scope = Scope.open()) {
      Tensor x = activations.detach().to(DType.FLOAT64);
      double deviation = Math.sqrt(x.sub(x.mean(true, 0)).square().mean().item());
      Tensor error = rng.normal(noise * deviation, x.shape().toArray()).to(DType.FLOAT64);
      return Dissimilarities.euclidean(x.add(error));
    }
  }

  /**
   * Takes the rows of every layer in another order for each instance: nothing is left but chance.
   */
  public static List<List<Tensor>> shuffled(List<List<Tensor>> activations, Rng rng) {
    List<List<Tensor>> all = new ArrayList<>();
    for (int i = 0; i < activations.size(); i++) {
      List<Tensor> layers = new ArrayList<>();
      for (int l = 0; l < activations.get(i).size(); l++) {
        Tensor x = activations.get(i).get(l);
        int[] order = rng.fork(i).fork(l).permutation((int) x.size(0));
        layers.add(x.indexSelect(0, Tensor.of(order)));
      }
      all.add(layers);
    }
    return all;
  }

  /** Compares every noisy layer with every layer of the other networks under a transform. */
  public Table table(Transform transform) {
    return tables(List.of(transform), d -> d, Transform::apply).getFirst();
  }

  /** One table for each cut; every matrix is ranked once. */
  public List<Table> tables(List<GeoTopological> cuts) {
    return tables(cuts, Ranking::of, GeoTopological::cut);
  }

  private <T, P> List<Table> tables(
      List<T> transforms,
      Function<Dissimilarities, P> prepare,
      BiFunction<T, P, Dissimilarities> transform) {
    List<List<P>> known =
        clean.stream().map(layers -> layers.stream().map(prepare).toList()).toList();
    List<List<List<P>>> seen =
        noisy.stream()
            .map(
                draw -> draw.stream().map(layers -> layers.stream().map(prepare).toList()).toList())
            .toList();
    List<Table> tables = new ArrayList<>();
    for (T t : transforms) {
      Function<P, Standard> standard = p -> Standard.of(transform.apply(t, p));
      List<List<Standard>> candidates =
          known.stream().map(layers -> layers.stream().map(standard).toList()).toList();
      double[][][][][] r = new double[seen.size()][clean.size()][][][];
      for (int draw = 0; draw < r.length; draw++) {
        for (int i = 0; i < clean.size(); i++) {
          r[draw][i] =
              seen.get(draw).get(i).stream()
                  .map(standard)
                  .map(layer -> correlations(layer, candidates))
                  .toArray(double[][][]::new);
        }
      }
      tables.add(new Table(r));
    }
    return tables;
  }

  private static double[][] correlations(Standard layer, List<List<Standard>> candidates) {
    return candidates.stream()
        .map(layers -> layers.stream().mapToDouble(layer::dot).toArray())
        .toArray(double[][]::new);
  }

  /** An upper triangle less its mean, of norm 1, or 0 where it is constant. */
  private record Standard(double[] values) {
    static Standard of(Dissimilarities d) {
      double[] values = d.upper().clone();
      double mean = Arrays.stream(values).average().orElse(0);
      double squares = 0;
      for (double v : values) {
        squares += (v - mean) * (v - mean);
      }
      for (int i = 0; i < values.length; i++) {
        values[i] = squares == 0 ? 0 : (values[i] - mean) / Math.sqrt(squares);
      }
      return new Standard(values);
    }

    double dot(Standard other) {
      double sum = 0;
      for (int i = 0; i < values.length; i++) {
        sum += values[i] * other.values[i];
      }
      return sum;
    }
  }

  /**
   * Pearson's correlations.
   *
   * @param r by draw, instance and layer of the noisy side, and instance and layer of the other
   */
  public record Table(double[][][][][] r) {

    /**
     * The share of layers that are named right: the layer with the highest correlation on average
     * over the candidates.
     *
     * @param data instances whose noisy layers are named
     * @param candidates instances that they are compared with, each but itself
     */
    public double accuracy(List<Integer> data, List<Integer> candidates) {
      int right = 0;
      int all = 0;
      for (double[][][][] draw : r) {
        for (int instance : data) {
          List<Integer> others = candidates.stream().filter(c -> c != instance).toList();
          if (others.isEmpty()) {
            throw new IllegalArgumentException(
                "instance %d has no others among %s".formatted(instance, candidates));
          }
          for (int layer = 0; layer < draw[instance].length; layer++) {
            right += best(draw[instance][layer], others) == layer ? 1 : 0;
            all++;
          }
        }
      }
      return (double) right / all;
    }

    private static int best(double[][] correlations, List<Integer> others) {
      int best = 0;
      double highest = Double.NEGATIVE_INFINITY;
      for (int k = 0; k < correlations[0].length; k++) {
        double sum = 0;
        for (int other : others) {
          sum += correlations[other][k];
        }
        if (sum > highest) {
          highest = sum;
          best = k;
        }
      }
      return best;
    }
  }
}
